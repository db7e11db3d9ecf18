"""Django's settings, every one of them from the environment, each with a default that works embedded."""

from datetime import timedelta
from urllib.parse import unquote, urlsplit

from config import env, payments

env.adopt_running_demo()

BASE_DIR = env.ROOT
VAR_DIR = env.folder("VAR_DIR", "var/demo")

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY", "embedded-only-change-me-before-you-deploy")
# Signs the links to an order's status. Both doors of the fast path and the shop hold it.
STATUS_TOKEN_SECRET = env.text("STATUS_TOKEN_SECRET", "embedded-only-status-secret")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "*")
# Signs who is logged in, for the fast path: both its doors and the shop hold it.
ACCOUNT_TOKEN_SECRET = env.text("ACCOUNT_TOKEN_SECRET", "embedded-only-account-secret")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# Where each process is found; the edge's is the one the world sees.
EDGE_URL = env.text("EDGE_URL", "http://127.0.0.1:8000")
WEB_URL = env.text("WEB_URL", "http://127.0.0.1:8001")
LIVE_URL = env.text("LIVE_URL", "http://127.0.0.1:8002")
FASTPATH_URL = env.text("FASTPATH_URL", "http://127.0.0.1:8003")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "channels",
    "shop",
    "live",
    "orders",
    "edge",
]

MIDDLEWARE = [
    "config.telemetry.CountRequests",
    "config.errors.AnswerErrors",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
CSRF_FAILURE_VIEW = "config.errors.stale_form"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise env.BadSetting(f"DATABASE_URL={url!r}: write postgresql://user:password@host:port/name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        # A socket's folder is written as the host, percent-encoded.
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database(env.text("DATABASE_URL"))}

REDIS_URL = env.text("REDIS_URL")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "spillway"},
    },
}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "spillway:cache",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    },
    # Where {% cache %} keeps what stands on every page: in each process, as it costs less than asking.
    "template_fragments": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

SQS_ENDPOINT_URL = env.text("SQS_ENDPOINT_URL", "")
SQS_QUEUE_NAME = env.text("SQS_QUEUE_NAME", "spillway-orders")
SQS_DEAD_LETTER_QUEUE_NAME = env.text("SQS_DEAD_LETTER_QUEUE_NAME", "spillway-orders-dead")

# Orders a second. On two shared cores, more than this is taken from those who look at other pages.
DRAIN_RATE_CEILING = env.integer("DRAIN_RATE_CEILING", 500, least=1)
MAIL_RATE_CEILING = env.integer("MAIL_RATE_CEILING", 20)  # to buyers, a second
DRAIN_BATCH = env.integer("DRAIN_BATCH", 200, least=1)
# It gets no slower than this, and no faster while others wait for the database more than so many times
# as long as when nothing is drained.
DRAIN_RATE_FLOOR = env.integer("DRAIN_RATE_FLOOR", 50, least=1)
DRAIN_LATENCY_TOLERANCE = env.number("DRAIN_LATENCY_TOLERANCE", 2.0)
# Processes that drain at once, and share the ceiling. Each takes one of the worker's.
DRAINERS = env.integer("DRAINERS", 1, least=1)
DRAIN_TURN = timedelta(seconds=env.integer("DRAIN_TURN_SECONDS", 60))
# How long an order is held while its payment has no answer, and while what was set aside is not taken.
PAYMENT_HOLD, PAYMENT_HOLD_AT_MOST = payments.holds()
PAYMENT_PROVIDER, STRIPE = payments.read()
# Signs what the sandbox tells by itself.
PAYMENT_EVENTS_SECRET = env.text("PAYMENT_EVENTS_SECRET", "embedded-only-payment-secret")
SWEEP_AFTER = timedelta(seconds=env.integer("SWEEP_AFTER_SECONDS", 15))

# Sockets of one `live` process, and of one network address (a /64 for IPv6) in it.
LIVE_MAX_CONNECTIONS = env.integer("LIVE_MAX_CONNECTIONS", 15_000)
LIVE_MAX_PER_ADDRESS = env.integer("LIVE_MAX_PER_ADDRESS", 500)

CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "spillway:celery:"}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
# A new database process for each task cost as much as the tasks. config/celery.py closes what is broken.
CELERY_DB_REUSE_MAX = 1_000_000
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ROUTES = {
    "orders.tasks.drain_buffer": {"queue": "drain"},
    "orders.tasks.relay_outbox": {"queue": "relay"},
    "orders.tasks.send_post": {"queue": "post"},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
# A task that finds its lease taken returns at once; expiry keeps a backlog from forming.
CELERY_BEAT_SCHEDULE = {
    "drain": {"task": "orders.tasks.drain_buffer", "schedule": 1.0, "options": {"expires": 1}},
    "relay": {"task": "orders.tasks.relay_outbox", "schedule": 1.0, "options": {"expires": 1}},
    "post": {"task": "orders.tasks.send_post", "schedule": 1.0, "options": {"expires": 1}},
    "sweep": {"task": "orders.tasks.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "payments": {"task": "orders.tasks.advance_orders", "schedule": 1.0, "options": {"expires": 1}},
    "releases": {"task": "orders.tasks.release_units", "schedule": 1.0, "options": {"expires": 1}},
    "dead-letters": {"task": "orders.tasks.collect_dead_letters", "schedule": 2.0, "options": {"expires": 2}},
    "lifecycle": {"task": "edge.tasks.advance_sales", "schedule": 1.0, "options": {"expires": 1}},
}

# The demo keeps its mails in the database, for /ops/mailbox/: orders.receivers.mailbox.Backend.
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT_SECONDS", 10)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Spillway Tackle <orders@example.org>")

STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", str(VAR_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = env.folder("MEDIA_ROOT", str(VAR_DIR / "media"))
MINISITE_ROOT = env.folder("MINISITE_ROOT", str(VAR_DIR / "minisite"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.staticfiles.HashedFiles"},
    "minisite": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(MINISITE_ROOT), "base_url": "/_mini/"},
    },
}
# The routing table as the built-in router reads it.
EDGE_TABLE = env.folder("EDGE_TABLE", str(VAR_DIR / "edge" / "table.json"))

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"
# One language: without this, each value on a page asks which.
USE_I18N = False
CURRENCY = "USD"

SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_ENGINE = "orders.sessions"
SESSION_COOKIE_SAMESITE = "Lax"
# Of shoppers' accounts; staff's are made in the admin, under the same rules.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "/admin/login/"

REST_FRAMEWORK = {
    # The first one says how to authenticate, so a stranger is told 401 and how, not just 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "shop.rest.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_THROTTLE_CLASSES": ["shop.rest.throttles.PerClient"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["shop.rest.reading.JSONBody"],
    "DEFAULT_SCHEMA_CLASS": "shop.rest.schema.Schema",
    "EXCEPTION_HANDLER": "shop.rest.problems.present",
    # How many proxies stand before `web`, each adding to X-Forwarded-For: the edge is one.
    "NUM_PROXIES": env.integer("TRUSTED_PROXIES", 1),
}
# Requests a minute for one address, one token, and one address that reads the catalogue; 0: any number.
THROTTLES = {
    "anonymous": env.integer("THROTTLE_ANONYMOUS", 300),
    "token": env.integer("THROTTLE_TOKEN", 1200),
    "catalogue": env.integer("THROTTLE_CATALOGUE", 3000),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Spillway",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "DESCRIPTION": "The shop for programs: docs/rest.md has examples of every call.",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "orders.door_schema.add",
        "edge.api.close_shapes",
    ],
    "ENUM_NAME_OVERRIDES": {
        "SaleState": "shop.models.Sale.State",
        "OrderStatus": "orders.models.Order.Status",
        "ShowStatus": "live.models.Show.Status",
        "ShowMove": "live.shows.api.MOVES",
        "LetterState": "orders.models.DeadLetter.State",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname:<7} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {name: {"level": "WARNING"} for name in ("aiohttp.access", "celery.app.trace", "stripe")},
}
