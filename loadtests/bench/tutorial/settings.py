"""The least that the tutorial's chat needs, with the same servers and habits as Hubbub's own."""

import os

import dj_database_url

SECRET_KEY = "for a benchmark on this machine only"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["daphne", "channels", "loadtests.bench.tutorial"]
ASGI_APPLICATION = "loadtests.bench.tutorial.asgi.application"
DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=600)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
    }
}
