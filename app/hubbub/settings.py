"""Every setting of Hubbub, for every place that it runs.

One flat file: what differs between places is an environment variable, listed in `.env.example`,
each also readable from a file named by the same variable with `_FILE` at its end. Without any
variable it is the embedded default: SQLite, the in-memory channel layer, one process.
Names of our own settings carry their unit.
"""

import sys
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from csp.constants import NONCE, NONE, SELF
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _
from whitenoise.compress import Compressor

from hubbub import environment
from hubbub.version import read_version

VERSION = read_version()

env = environment.Environment()

APP_DIR = Path(__file__).resolve().parent
ROOT_DIR = APP_DIR.parent.parent
DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(ROOT_DIR / "data")))

PORT = env.port("PORT", default=8_000)
# What a process listens on; 0.0.0.0 where something else guards the port.
BIND = env.str("BIND", default="127.0.0.1")
# gunicorn's workers, and the threads of each, each thread with a connection to the database. A
# replica that serves pages, too, has as many threads for them.
WEB_WORKERS = env.count("WEB_CONCURRENCY", default=2)
WEB_THREADS = env.count("WEB_THREADS", default=8)

# The place

DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
REDIS_PREFIX = env.str("REDIS_PREFIX", default="hubbub")
# The embedded default: nothing was configured, so the first account becomes the place's owner.
EMBEDDED = not DATABASE_URL
if EMBEDDED:
    environment.make_folder(DATA_DIR)

PUBLIC_URL = env.str("PUBLIC_URL", default="").rstrip("/")
_public = environment.public_url(PUBLIC_URL)
SECURE = _public.scheme == "https"

# Commands that need no key: they touch neither sessions nor people.
_KEYLESS_COMMANDS = {"collectstatic", "help", "--help", "compilemessages", "makemessages"}


def _embedded_secret_key() -> str:
    """Return the key beside the SQLite file, made at the first start and kept."""
    path = DATA_DIR / "secret_key"
    if not path.exists():
        # Linked into place whole, so that two first starts at once agree on one key.
        with NamedTemporaryFile("w", dir=DATA_DIR) as file, suppress(FileExistsError):
            file.write(get_random_secret_key())
            file.flush()
            path.hardlink_to(file.name)
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY and EMBEDDED:
    SECRET_KEY = _embedded_secret_key()
elif not SECRET_KEY and _KEYLESS_COMMANDS.intersection(sys.argv[1:]):
    SECRET_KEY = get_random_secret_key()
elif not SECRET_KEY:
    sys.exit(
        "SECRET_KEY is not set. A deployment (DATABASE_URL is set) needs one that every process "
        "shares: set SECRET_KEY or SECRET_KEY_FILE to a long random text."
    )

# Django

INSTALLED_APPS = [
    "daphne",  # first: its runserver replaces Django's
    "hubbub.accounts",
    "hubbub.chat",
    "hubbub.web",
    "hubbub.api",
    "hubbub.realtime",
    "hubbub.doctor",
    "django.contrib.admin.apps.SimpleAdminConfig",  # only what chat.admin registers is there
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "channels",
    "csp",
    "ninja",  # its own copy of the API page's files, instead of a CDN's
]

MIDDLEWARE = [
    "hubbub.web.probes.answer_probes",
    "hubbub.middleware.observe_requests",
    "hubbub.middleware.limit_database_time",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "hubbub.accounts.middleware.BannedMiddleware",
]

ROOT_URLCONF = "hubbub.urls"
ASGI_APPLICATION = "hubbub.asgi.application"
WSGI_APPLICATION = "hubbub.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "hubbub.web.context.workspace",
            ],
        },
    },
]

LANGUAGE_CODE = "en"
LOCALE_PATHS = [APP_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# Database

# Seconds that a lock may take before its own messages get `unavailable`.
LOCK_SECONDS = 2
DATABASE_CONNECT_SECONDS = env.count("DATABASE_CONNECT_SECONDS", default=2)
# For how long a request may wait for the database, all its questions together.
DATABASE_TIMEOUT_SECONDS = env.count("DATABASE_TIMEOUT_SECONDS", default=10)
DATABASE_MAX_AGE_SECONDS = env.count("DATABASE_MAX_AGE_SECONDS", default=600, least=0)

if EMBEDDED:
    _database = environment.database(f"sqlite:///{DATA_DIR / 'hubbub.sqlite3'}")
else:
    _database = environment.database(DATABASE_URL)
_database["CONN_MAX_AGE"] = DATABASE_MAX_AGE_SECONDS
_database["CONN_HEALTH_CHECKS"] = True
# PgBouncer may give the next answer by another connection, which knows no cursor of this one.
_database["DISABLE_SERVER_SIDE_CURSORS"] = True
_options = _database.setdefault("OPTIONS", {})
if _database["ENGINE"].endswith("sqlite3"):
    # DEFERRED (the default) fails with "database is locked" when a read becomes a write.
    _options["transaction_mode"] = "IMMEDIATE"
    _options["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"
    _options["timeout"] = LOCK_SECONDS
else:
    _database["ENGINE"] = "hubbub.postgres"
    _options.setdefault("connect_timeout", DATABASE_CONNECT_SECONDS)
    # A host that vanished is noticed in seconds, not after the kernel's two hours.
    _options.setdefault("tcp_user_timeout", 10_000)
    _options.setdefault("keepalives_idle", 10)
    _options.setdefault("keepalives_interval", 3)
    _options.setdefault("keepalives_count", 3)
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis

# Off for a Redis whose certificate nobody has signed, as Heroku's.
REDIS_TLS_VERIFY = env.bool("REDIS_TLS_VERIFY", default=True)
REDIS_HOSTS = environment.redis_hosts(REDIS_URL, verify=REDIS_TLS_VERIFY)
YEARS_SECONDS = 10 * 365 * 24 * 3600
if REDIS_HOSTS:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "hubbub.chat.redis_layer.RedisLayer",
            "CONFIG": {
                "hosts": environment.layer_hosts(REDIS_HOSTS),
                "prefix": REDIS_PREFIX,
            },
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "hubbub.accounts.redis_cache.FailOpenRedisCache",
            "LOCATION": REDIS_HOSTS[0],
            "KEY_PREFIX": REDIS_PREFIX,
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    }
else:
    # The layer forgets groups after a day, messages after a minute (a laptop's sleep) and
    # whatever is over 100, unless told otherwise.
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {
                "expiry": YEARS_SECONDS,
                "group_expiry": YEARS_SECONDS,
                "capacity": 100_000,
            },
        }
    }

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
# No session cache outside the database decides who may stay.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_ADAPTER = "hubbub.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "hubbub.accounts.forms.SignInForm",
    "signup": "hubbub.accounts.forms.SignUpForm",
    "reset_password": "hubbub.accounts.forms.ForgottenPasswordForm",
    "reset_password_from_key": "hubbub.accounts.forms.NewPasswordForm",
    "change_password": "hubbub.accounts.forms.PasswordChangeForm",
    "set_password": "hubbub.accounts.forms.FirstPasswordForm",
    "add_email": "hubbub.accounts.forms.EmailForm",
}
ACCOUNT_EMAIL_VERIFICATION = "none"
# A new address counts once it is confirmed; the password is asked for again before it is changed.
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Hubbub] "
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_USERNAME_MIN_LENGTH = 2
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
# Words that mean everybody, or nobody in particular.
ACCOUNT_USERNAME_BLACKLIST = [
    "all",
    "channel",
    "everyone",
    "here",
    "hubbub",
    "me",
    "room",
    "system",
]
# By address wide enough for an office behind one; by person as allauth has them.
_ACCOUNT_RATE_LIMITS = {
    "login": "300/m/ip",
    "login_failed": "100/m/ip,5/300s/key",
    "signup": "100/m/ip",
    "reset_password": "60/m/ip,5/m/key",
    "reset_password_from_key": "60/m/ip",
}
SIGN_IN_LIMITS = env.bool("SIGN_IN_LIMITS", default=True)
ACCOUNT_RATE_LIMITS = _ACCOUNT_RATE_LIMITS if SIGN_IN_LIMITS else False
# How many proxies of ours add to X-Forwarded-For: the limits by address look behind them.
ALLAUTH_TRUSTED_PROXY_COUNT = env.count("TRUSTED_PROXIES", default=0, least=0)

EMAIL_URL = env.str("EMAIL_URL", default="")
if EMAIL_URL:
    vars().update(environment.email(EMAIL_URL))
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = env.str(
    "EMAIL_FROM", default=f"Hubbub <hubbub@{_public.hostname or 'localhost'}>"
)
EMAIL_TIMEOUT = 10

# Security

ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
if _public.hostname:
    ALLOWED_HOSTS.append(_public.hostname)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
CSRF_FAILURE_VIEW = "hubbub.web.views.errors.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # other sites of the domain may not have TLS
    "security.W008",  # the proxy in front redirects: it alone is reached without TLS
    "security.W021",  # the browsers' preload list is for the domain's owner to choose
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],  # the nonce is the import map's, which cannot be a file
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# Static files

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(ROOT_DIR / "staticfiles")))
if DEBUG:
    _static_storage = "django.contrib.staticfiles.storage.StaticFilesStorage"
elif EMBEDDED:  # compressing takes half a minute, which a first start should not
    _static_storage = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
else:
    _static_storage = "whitenoise.storage.CompressedManifestStaticFilesStorage"
# Compressing takes long: nobody but a debugger asks for maps, and nothing for files without a hash.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static_storage},
}

# Limits and times

MAX_BODY_CHARS = env.count("MAX_BODY_CHARS", default=8_000)
MAX_FRAME_BYTES = env.count("MAX_FRAME_BYTES", default=65_536)
MAX_NAME_CHARS = 80
MAX_TOPIC_CHARS = 250
MAX_NONCE_CHARS = 64
MAX_PAGE_MESSAGES = 100

# Per person and process: a bucket of so many messages, filled at so many a second.
MESSAGES_BURST = env.count("MESSAGES_BURST", default=30)
MESSAGES_PER_SECOND = env.rate("MESSAGES_PER_SECOND", default=5.0)
# The same for every command, the cheap ones too.
COMMANDS_BURST = env.count("COMMANDS_BURST", default=200)
COMMANDS_PER_SECOND = env.rate("COMMANDS_PER_SECOND", default=50.0)
# Frames that a socket is refused, one after the other, before it is closed with 4006; as many as
# COMMANDS_PER_SECOND are forgiven each second.
MAX_REFUSED_COMMANDS = 1_000
# Bad frames in a row before a socket is closed with 4500.
MAX_BAD_FRAMES = 20
MAX_CONNECTIONS_PER_USER = env.count("MAX_CONNECTIONS_PER_USER", default=20)
MAX_ROOMS_PER_SUBSCRIBE = 100
# Each costs its replica a group in Redis and a question to Postgres every two seconds.
MAX_ROOMS_PER_CONNECTION = 1_000
# What may wait for one socket that does not read, besides the kernel's buffer, before it is cut.
MAX_BUFFERED_BYTES = env.count("MAX_BUFFERED_BYTES", default=1_048_576)
if MAX_BUFFERED_BYTES < 4 * MAX_FRAME_BYTES:  # a message of its own must fit, with its HTML
    environment.refuse(
        f"MAX_BUFFERED_BYTES is {MAX_BUFFERED_BYTES}: give at least {4 * MAX_FRAME_BYTES}, "
        "four times MAX_FRAME_BYTES."
    )
# The kernel's: Linux gives twice as much. Unbounded, it would hide megabytes.
SEND_BUFFER_BYTES = 131_072

# Stock Daphne pings every 20 s and gives up 30 s later: 2.5 times as long.
PING_INTERVAL_SECONDS = env.count("PING_INTERVAL_SECONDS", default=20)
DAPHNE_WEBSOCKET_MAX_MESSAGE_SIZE = DAPHNE_WEBSOCKET_MAX_FRAME_SIZE = 4 * MAX_FRAME_BYTES

# What a resume may replay; beyond it the client loads the room anew.
REPLAY_MAX_EVENTS = env.count("REPLAY_MAX_EVENTS", default=1_000)
# Recent events that a replica keeps per room for resumes, and what their texts may take.
REPLAY_BUFFER_EVENTS = 500
REPLAY_BUFFER_BYTES = 4 * 1024 * 1024
SWEEP_SECONDS = 2.0
BUS_LOST_SWEEP_SECONDS = 0.5
BUS_HEARTBEAT_SECONDS = 1.0
BUS_LOST_AFTER_SECONDS = 2.5
# A replica that is silent for so long is forgotten with all its people.
PEER_TIMEOUT_SECONDS = 7.0
# Somebody whose socket broke is present for so long: most come back at once.
PRESENCE_LINGER_SECONDS = 4.0
PRESENCE_FLUSH_SECONDS = 0.25
PRESENCE_COUNT_SECONDS = 1.0
ROOM_LINGER_SECONDS = 10.0
REORDER_SECONDS = 0.25
# A doorbell may be so late while much is going on; then the log is read for it.
BUS_GRACE_SECONDS = 1.0
REVALIDATION_SECONDS = 60.0
# An hour: a replica that is added has its share of the sockets by then, and ten thousand of them
# cost three handshakes a second for it. Pages open the next socket first, so nobody notices.
MAX_CONNECTION_AGE_SECONDS = env.count("MAX_CONNECTION_AGE_SECONDS", default=3_600)
# How long a replica takes to send its sockets elsewhere when it is asked to end.
DRAIN_SECONDS = env.count("DRAIN_SECONDS", default=20, least=0)
READ_FLUSH_SECONDS = 3.0
BUMP_INTERVAL_SECONDS = 1.0
PRESENCE_LIST_MAX = env.count("PRESENCE_LIST_MAX", default=200)
QUERY_TIMEOUT_SECONDS = 2.5
PUBLISH_TIMEOUT_SECONDS = 1.0
PUBLISH_QUEUE_MAX = 10_000
REALTIME_THREADS = env.count("REALTIME_THREADS", default=4)

# Recordings of traffic: a folder makes each replica write the shape of its own there, and no text.

RECORDING_DIR = env.str("RECORDING_DIR", default="")
RECORDING_MAX_MB = env.count("RECORDING_MAX_MB", default=200)

LANGUAGES = [("en", _("English"))]

# Metrics and logs

# Who scrapes /metrics gives it. Without it only private addresses may, not through a proxy.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

LOG_FORMAT = env.str("LOG_FORMAT", default="line")
if LOG_FORMAT not in ("line", "json"):
    environment.refuse(f"LOG_FORMAT is {LOG_FORMAT!r}: give line or json.")
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    environment.refuse(f"LOG_LEVEL is {LOG_LEVEL!r}: give DEBUG, INFO, WARNING or ERROR.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "hubbub.observability.logs.LineFormatter"},
        "json": {"()": "hubbub.observability.logs.JsonFormatter"},
    },
    "filters": {"refusals": {"()": "hubbub.observability.logs.RefusalFilter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["refusals"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "hubbub": {"level": LOG_LEVEL},
        "gunicorn.error": {"level": "INFO", "propagate": True},
        "gunicorn.access": {"level": "WARNING"},  # it logs whole addresses
    },
}
