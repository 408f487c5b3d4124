"""The minimal settings of the tutorial's chat, with the same servers and timeouts as Hubbub."""

import os

import dj_database_url

SECRET_KEY = "for a benchmark on this machine only"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["daphne", "channels", "loadtests.bench.systems.tutorial.chat"]
ASGI_APPLICATION = "loadtests.bench.systems.tutorial.chat.asgi.application"
DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=600)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LAYERS = {
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": LAYERS[os.environ["CHANNEL_LAYER"]],
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
    }
}
SAVES_MESSAGES = bool(os.environ["SAVES_MESSAGES"])
