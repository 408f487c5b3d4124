"""All of Hubbub's settings, for every environment.

Settings that differ between environments are environment variables, listed in `.env.example`. Each
variable can also be read from a file, whose path is in the variable of the same name plus `_FILE`.
If no variable is set, the result is the embedded default: SQLite, the in-memory channel layer, one
process. The names of our own settings contain their unit.
"""

import sys
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from csp.constants import NONCE, NONE, SELF
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _
from whitenoise.compress import Compressor

from hubbub import environment, private_files
from hubbub.version import read_version

VERSION = read_version()

env = environment.Environment()

APP_DIR = Path(__file__).resolve().parent
ROOT_DIR = APP_DIR.parent.parent
DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(ROOT_DIR / "data")))

PORT = env.port("PORT", default=8_000)
# The address to listen on. 0.0.0.0 accepts connections from every network, so use it only where a
# firewall or a container's network keeps others away from the port.
BIND = env.str("BIND", default="127.0.0.1")
# How many workers gunicorn has, and how many threads each of them has. Each thread has a database
# connection. A replica that also serves pages uses WEB_THREADS threads for them.
WEB_WORKERS = env.count("WEB_CONCURRENCY", default=2)
WEB_THREADS = env.count("WEB_THREADS", default=8)

# The workspace

DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
REDIS_PREFIX = env.str("REDIS_PREFIX", default="hubbub")
# The embedded default: nothing is configured, so the first account owns the workspace.
EMBEDDED = not DATABASE_URL
if EMBEDDED:
    environment.make_directory(DATA_DIR)

PUBLIC_URL = env.str("PUBLIC_URL", default="").rstrip("/")
_public = environment.public_url(PUBLIC_URL)
SECURE = _public.scheme == "https"

# Commands that need no SECRET_KEY, because they touch neither sessions nor users.
_KEYLESS_COMMANDS = {"collectstatic", "help", "--help", "compilemessages", "makemessages"}


def _embedded_secret_key() -> str:
    """Return the key stored next to the SQLite file. The first start creates it."""
    path = DATA_DIR / "secret_key"
    if not path.exists():
        # A hard link creates the complete file, so that two concurrent first starts use one key.
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
        "SECRET_KEY is not set. In a deployment (DATABASE_URL is set), all processes share a key: "
        "set SECRET_KEY or SECRET_KEY_FILE to a long random text."
    )

# Django

INSTALLED_APPS = [
    "hubbub.accounts",
    "hubbub.chat",
    "hubbub.web",
    "hubbub.api",
    "hubbub.realtime",
    "hubbub.doctor",
    "django.contrib.admin.apps.SimpleAdminConfig",  # shows only what chat.admin registers
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "channels",
    "csp",
    "ninja",  # so that we, and not a CDN, serve the files of the API's page
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

# How long a message waits for a room's lock. After that time it fails with `unavailable`.
LOCK_SECONDS = 2
DATABASE_CONNECT_SECONDS = env.count("DATABASE_CONNECT_SECONDS", default=2)
# How long all queries of a request together may wait for the database.
DATABASE_TIMEOUT_SECONDS = env.count("DATABASE_TIMEOUT_SECONDS", default=10)
DATABASE_MAX_AGE_SECONDS = env.count("DATABASE_MAX_AGE_SECONDS", default=600, minimum=0)

if EMBEDDED:
    _database = environment.database(f"sqlite:///{DATA_DIR / 'hubbub.sqlite3'}")
else:
    _database = environment.database(DATABASE_URL)
_database["CONN_MAX_AGE"] = DATABASE_MAX_AGE_SECONDS
_database["CONN_HEALTH_CHECKS"] = True
# With PgBouncer the next query may use another connection, which does not have the cursor of this
# connection.
_database["DISABLE_SERVER_SIDE_CURSORS"] = True
_options = _database.setdefault("OPTIONS", {})
# The files that only their owner may read. Each start tightens their modes: see `chat/apps.py`.
PRIVATE_FILES = [DATA_DIR / "secret_key"] if EMBEDDED else []
if _database["ENGINE"].endswith("sqlite3"):
    if _database["NAME"] != ":memory:":
        private_files.create_database(Path(_database["NAME"]))
        PRIVATE_FILES += private_files.sqlite_files(Path(_database["NAME"]))
    # With DEFERRED (the default), a transaction that reads first can fail with "database is locked"
    # when it writes.
    _options["transaction_mode"] = "IMMEDIATE"
    _options["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"
    _options["timeout"] = LOCK_SECONDS
else:
    _database["ENGINE"] = "hubbub.postgres"
    _options.setdefault("connect_timeout", DATABASE_CONNECT_SECONDS)
    # Detect a host that vanished within seconds, not after the kernel's two hours.
    _options.setdefault("tcp_user_timeout", 10_000)
    _options.setdefault("keepalives_idle", 10)
    _options.setdefault("keepalives_interval", 3)
    _options.setdefault("keepalives_count", 3)
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis

# Turn this off if Redis has a self-signed certificate, as Heroku's has.
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
    # By default the layer drops groups after a day, messages after a minute (as when a laptop
    # sleeps), and messages beyond the first hundred.
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

# Users

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
# Sessions are only in the database: no cache decides who is signed in.
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
# A new email address is used once it is confirmed. To change it, users enter their password again.
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Hubbub] "
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_USERNAME_MIN_LENGTH = 2
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
# Usernames that could be taken for everyone, or for no particular user.
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
# The limits per IP address are high enough for an office behind one address. The limits per user
# are allauth's defaults.
_ACCOUNT_RATE_LIMITS = {
    "login": "300/m/ip",
    "login_failed": "100/m/ip,5/300s/key",
    "signup": "100/m/ip",
    "reset_password": "60/m/ip,5/m/key",
    "reset_password_from_key": "60/m/ip",
}
SIGN_IN_LIMITS = env.bool("SIGN_IN_LIMITS", default=True)
ACCOUNT_RATE_LIMITS = _ACCOUNT_RATE_LIMITS if SIGN_IN_LIMITS else False
# How many of our proxies append to X-Forwarded-For. The limits per IP address apply to the client's
# address, as these proxies report it.
ALLAUTH_TRUSTED_PROXY_COUNT = env.count("TRUSTED_PROXIES", default=0, minimum=0)

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
    "security.W005",  # other sites on the domain may not have TLS
    "security.W008",  # the proxy in front redirects; only it can be reached without TLS
    "security.W021",  # joining the browsers' preload list is the domain owner's decision
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],  # the nonce is for the import map, which cannot be a file
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
elif EMBEDDED:  # do not compress: that would delay the first start by half a minute
    _static_storage = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
else:
    _static_storage = "whitenoise.storage.CompressedManifestStaticFilesStorage"
# Compression is slow, so skip what is rarely requested: source maps, and files without a hash.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static_storage},
}

# Limits and intervals

MAX_BODY_CHARS = env.count("MAX_BODY_CHARS", default=8_000)
MAX_FRAME_BYTES = env.count("MAX_FRAME_BYTES", default=65_536)
MAX_NAME_CHARS = 80
MAX_TOPIC_CHARS = 250
MAX_NONCE_CHARS = 64
MAX_PAGE_MESSAGES = 100

# The token bucket for messages, one per user and process: its size, and the tokens added per
# second.
MESSAGES_BURST = env.count("MESSAGES_BURST", default=30)
MESSAGES_PER_SECOND = env.rate("MESSAGES_PER_SECOND", default=5.0)
# The same for all commands, including cheap ones.
COMMANDS_BURST = env.count("COMMANDS_BURST", default=200)
COMMANDS_PER_SECOND = env.rate("COMMANDS_PER_SECOND", default=50.0)
# How many commands of a connection are refused before it is closed with 4006. The count of refused
# commands drops by COMMANDS_PER_SECOND each second.
MAX_REFUSED_COMMANDS = 1_000
# How many bad frames in a row close a connection with 4500.
MAX_BAD_FRAMES = 20
MAX_CONNECTIONS_PER_USER = env.count("MAX_CONNECTIONS_PER_USER", default=20)
MAX_ROOMS_PER_SUBSCRIBE = 100
# Each room costs the replica a group in Redis, and one row in every sweep's query.
MAX_ROOMS_PER_CONNECTION = 1_000
# How many bytes are buffered for a client, besides the kernel's buffer, before it is disconnected
# as a slow reader.
MAX_BUFFERED_BYTES = env.count("MAX_BUFFERED_BYTES", default=1_048_576)
if MAX_BUFFERED_BYTES < 4 * MAX_FRAME_BYTES:  # one message with its HTML must fit
    environment.refuse(
        f"MAX_BUFFERED_BYTES is {MAX_BUFFERED_BYTES}. It must be at least {4 * MAX_FRAME_BYTES}, "
        "four times MAX_FRAME_BYTES."
    )
# The size of the kernel's send buffer for a socket; Linux doubles the value. Without a limit, the
# kernel would buffer megabytes that we could not count.
SEND_BUFFER_BYTES = 131_072

# A connection is closed after 2.5 intervals without an answer. By default that is 50 s, as in stock
# Daphne (20 s + 30 s).
PING_INTERVAL_SECONDS = env.count("PING_INTERVAL_SECONDS", default=20)
DAPHNE_WEBSOCKET_MAX_MESSAGE_SIZE = DAPHNE_WEBSOCKET_MAX_FRAME_SIZE = 4 * MAX_FRAME_BYTES

# How many events a resume can replay. A client that missed more loads the room again.
REPLAY_MAX_EVENTS = env.count("REPLAY_MAX_EVENTS", default=1_000)
# The limits of each local room's replay buffer: recent events, and the total size of their texts.
REPLAY_BUFFER_EVENTS = 500
REPLAY_BUFFER_BYTES = 4 * 1024 * 1024
# How often a replica compares its logs with the database: normally, and while the bus is lost.
SWEEP_SECONDS = 2.0
BUS_LOST_SWEEP_SECONDS = 0.5
# How often each replica sends heartbeats, and after how long without its own heartbeats it
# considers the bus lost.
BUS_HEARTBEAT_SECONDS = 1.0
BUS_LOST_AFTER_SECONDS = 2.5
# A peer that is silent for this long is removed, with all its users.
PEER_TIMEOUT_SECONDS = 7.0
# A user whose connection broke stays present for this long. Most reconnect immediately.
PRESENCE_LINGER_SECONDS = 4.0
# How often presence changes are sent to clients, and how often the number of users is sent in large
# rooms.
PRESENCE_FLUSH_SECONDS = 0.25
PRESENCE_COUNT_SECONDS = 1.0
# A replica follows a room for this long after its last user on the replica has closed it.
ROOM_LINGER_SECONDS = 10.0
# An event that arrives out of order waits this long for the missing ones.
REORDER_SECONDS = 0.25
# How late a bus message may be under load. After that time its event is read from the log.
BUS_GRACE_SECONDS = 1.0
# How often replicas check that open connections are still allowed.
REVALIDATION_SECONDS = 60.0
# Within an hour a new replica gets its share of the connections, and ten thousand connections cause
# only three handshakes a second. Pages open the next connection first, so users do not notice.
MAX_CONNECTION_AGE_SECONDS = env.count("MAX_CONNECTION_AGE_SECONDS", default=3_600)
# How long a replica that shuts down may take to move its connections elsewhere.
DRAIN_SECONDS = env.count("DRAIN_SECONDS", default=20, minimum=0)
# How often read marks are saved, and the minimum time between two bumps of a room.
READ_FLUSH_SECONDS = 3.0
BUMP_INTERVAL_SECONDS = 1.0
PRESENCE_LIST_MAX = env.count("PRESENCE_LIST_MAX", default=200)
# How long a replica waits for a query or a send, and for Redis to accept messages.
QUERY_TIMEOUT_SECONDS = 2.5
PUBLISH_TIMEOUT_SECONDS = 1.0
PUBLISH_QUEUE_MAX = 10_000
REALTIME_THREADS = env.count("REALTIME_THREADS", default=4)

# The traffic recorder: each replica writes the shape of its traffic here, without any text.

RECORDING_DIR = env.str("RECORDING_DIR", default="")
RECORDING_MAX_MB = env.count("RECORDING_MAX_MB", default=200)

LANGUAGES = [("en", _("English"))]

# Metrics and logs

# Required to read /metrics. If the token is empty, clients on private networks may read it, but not
# through a proxy.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

LOG_FORMAT = env.str("LOG_FORMAT", default="line")
if LOG_FORMAT not in ("line", "json"):
    environment.refuse(f"LOG_FORMAT is {LOG_FORMAT!r}. It must be line or json.")
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    environment.refuse(f"LOG_LEVEL is {LOG_LEVEL!r}. It must be DEBUG, INFO, WARNING or ERROR.")
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
        "gunicorn.access": {"level": "WARNING"},  # this logger would log complete URLs
    },
}
