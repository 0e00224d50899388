"""Settings of the hub. None is needed for the demo; every one is an environment variable.

Without DATABASE_URL and CELERY_BROKER_URL the embedded services under HUB_VAR are used; they are
started by `python -m hub.demo` or `python -m hub.embedded`, never by a settings module.
"""

from pathlib import Path

import csp.constants
import django_stubs_ext

from hub import embedded, queues
from hub.api_settings import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 (Django's to read)
from hub.environment import Environment

# Lets `ModelForm[Aesthetic]` and the like be written at run time as type checkers read them.
django_stubs_ext.monkeypatch()

env = Environment()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(env.str("HUB_VAR", default=str(BASE_DIR / "var"))).resolve()

# --- Security ---------------------------------------------------------------------------------

DEBUG: bool = env.bool("DEBUG", default=False)
# The demo makes a key of its own at its first start; without DEBUG nothing starts with this one.
INSECURE_SECRET_KEY = "django-insecure-key-of-nobody"  # noqa: S105 (no secret at all)
SECRET_KEY: str = env.verbatim("SECRET_KEY", default=INSECURE_SECRET_KEY)
ALLOWED_HOSTS: list[str] = env.names("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.names("CSRF_TRUSTED_ORIGINS")
# The address in files, manifests and mails, without a slash at the end.
PUBLIC_URL: str = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT: bool = env.bool("SECURE_SSL_REDIRECT", default=False)
SECURE_HSTS_SECONDS: int = env.int("SECURE_HSTS_SECONDS", default=0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# So many proxies of ours add to X-Forwarded-For; without one, nobody is believed about addresses.
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXIES", default=0)
SECURE_REFERRER_POLICY = "same-origin"
# Everything a page needs comes from here, and nothing in a page runs that is not a file of ours.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.constants.SELF],
        "img-src": [csp.constants.SELF, "data:"],  # Swagger's icons
        "object-src": [csp.constants.NONE],
        "base-uri": [csp.constants.NONE],
        "form-action": [csp.constants.SELF],
        "frame-ancestors": [csp.constants.NONE],
    },
}
X_FRAME_OPTIONS = "DENY"

# --- Applications -----------------------------------------------------------------------------

INSTALLED_APPS = [
    "hub.apps.HubConfig",
    "generation.apps.GenerationConfig",
    "registry.apps.RegistryConfig",
    "accounts.apps.AccountsConfig",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "hub.health.HealthAnswers",
    "hub.errors.ProblemDetails",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "hub.errors.NoNulCharacters",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hub.bodies.BodyLimit",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "hub.errors.NotAllowedPage",
    "hub.signed_out.SignedOut",
    "hub.caching.ApiCaching",
]

ROOT_URLCONF = "hub.urls"
WSGI_APPLICATION = "hub.wsgi.application"
APPEND_SLASH = False
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
                "registry.notices.unread",
            ],
        },
    },
]

# --- Services ---------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", default=embedded.database_url(VAR))}
CELERY_BROKER_URL: str = env.broker("CELERY_BROKER_URL", default=embedded.broker_url(VAR))
# Celery reads the environment's CELERY_BROKER_URL before ours, and these two before both.
CELERY_BROKER_READ_URL = CELERY_BROKER_WRITE_URL = CELERY_BROKER_URL
CACHE_URL: str = env.broker(
    "CACHE_URL", default="" if "CELERY_BROKER_URL" in env.ENVIRON else embedded.cache_url(VAR)
)
# Without a Redis of its own the cache is a table, shared by all web processes all the same. Where
# it is full it drops what comes first in the alphabet, which is the counters of wrong passwords.
# Django's own limit is 300 entries; a busy hour has thousands, and some take a megabyte.
CACHES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}
    if CACHE_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
}

# --- Files ------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(VAR / "media")))
AWS_STORAGE_BUCKET_NAME: str = env.str("AWS_STORAGE_BUCKET_NAME", default="")
AWS_S3_ENDPOINT_URL: str | None = env.str("AWS_S3_ENDPOINT_URL", default="") or None
# Names are digests: whoever writes one again writes the same bytes. Without this, the slower of two
# would leave a copy under a name that nobody knows.
AWS_S3_FILE_OVERWRITE = True
STORAGES = {
    "default": {"BACKEND": "storages.backends.s3.S3Storage"}
    if AWS_STORAGE_BUCKET_NAME
    else {"BACKEND": "registry.blobs.WholeFileStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20  # bytes; what is larger waits on disk until it is read
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20  # bytes, without the files
# Both are told in 400.html. The set doctor's forms have a field for each ticked picture: a set
# has no largest size, but 10,000 are a day's uploads. As multipart they are read in 1.3 s.
DATA_UPLOAD_MAX_NUMBER_FILES = 200
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

# --- People -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.mails.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION: str = env.str("ACCOUNT_EMAIL_VERIFICATION", default="optional")
ACCOUNT_USERNAME_VALIDATORS = "accounts.names.OWNER_VALIDATORS"
ACCOUNT_USERNAME_MIN_LENGTH = 2
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_FORMS = {"login": "accounts.forms.SignInForm", "signup": "accounts.forms.JoinForm"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Aesthetic Hub] "
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
NOTICES_BY_EMAIL = "EMAIL_URL" in env.ENVIRON  # they stand on their page in any case
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="hub@localhost")
EMAIL_TIMEOUT = 10  # seconds; a mail server that says nothing would hold a worker for minutes

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"

# --- Models: the encoder that makes the space, the checkpoint that draws ----------------------

# The built-in models before these made the space “demo”; a space never changes its weights.
HUB_SPACE: str = env.str("HUB_SPACE", default="demo-6")
ENCODER_MODEL: str = env.str(
    "ENCODER_MODEL", default=f"local-dir:{BASE_DIR}/demo/weights/open_clip"
)
ENCODER_PRETRAINED: str | None = env.str("ENCODER_PRETRAINED", default="") or None
DIFFUSION_MODEL: str = env.str("DIFFUSION_MODEL", default=str(BASE_DIR / "demo/weights/sd"))
# A dose is how strongly an aesthetic is applied; it travels with a checkpoint as `dose.json`.
OWN_DOSE = Path(DIFFUSION_MODEL) / "dose.json"
DOSE_FILE = Path(
    env.str("DOSE_FILE", default="")
    or (OWN_DOSE if OWN_DOSE.is_file() else BASE_DIR / "generation/stable_diffusion_dose.json")
)
DEVICE: str = env.str("DEVICE", default="cpu")
TORCH_THREADS: int = env.int("TORCH_THREADS", default=0)  # 0: torch decides
ENCODE_BATCH: int = env.int("ENCODE_BATCH", default=16)  # pictures per forward pass

# --- Limits -----------------------------------------------------------------------------------

QUOTA_UPLOAD_BYTES: int = env.int("QUOTA_UPLOAD_BYTES", default=2 * 2**30)  # a person and day
QUOTA_UPLOAD_IMAGES: int = env.int("QUOTA_UPLOAD_IMAGES", default=10_000)  # a person and day
QUOTA_BUILDS: int = env.int("QUOTA_BUILDS", default=200)  # a person and day
QUOTA_IMPORTS: int = env.int("QUOTA_IMPORTS", default=200)  # files, a person and day
QUOTA_ALIAS_MOVES: int = env.int("QUOTA_ALIAS_MOVES", default=100)  # a person and day
QUOTA_VERIFICATIONS: int = env.int("QUOTA_VERIFICATIONS", default=20)  # a person and day
QUOTA_GENERATIONS: int = env.int("QUOTA_GENERATIONS", default=500)  # a person and day
# What was answered a moment ago costs nothing. Dose and agreement are two questions, asked at each
# pause of somebody who writes a prompt: a thousand prompts a day do not use up the first share.
QUOTA_QUESTIONS: int = env.int("QUOTA_QUESTIONS", default=5_000)  # a person and day
QUOTA_CONDITIONINGS: int = env.int("QUOTA_CONDITIONINGS", default=500)  # a person and day

# --- Work -------------------------------------------------------------------------------------

# A worker renews its lease while it lives; a killed worker's job is free again after the lease.
JOB_LEASE_SECONDS: int = env.int("JOB_LEASE_SECONDS", default=30)
JOB_RESEND_SECONDS: int = env.int("JOB_RESEND_SECONDS", default=60)
JOB_ATTEMPTS: int = env.int("JOB_ATTEMPTS", default=5)
JOB_MOST_WAITING: int = env.int("JOB_MOST_WAITING", default=2_000)  # of each kind
JOB_SWEEP_SECONDS: float = env.float("JOB_SWEEP_SECONDS", default=10.0)
STANDARD_SHEETS: bool = env.bool("STANDARD_SHEETS", default=True)

CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT: int = env.int("TASK_TIME_LIMIT", default=3600)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A request must not hang when the broker is away: the row is written, the sweep sends it later.
# Without these, kombu tries for six seconds to reach a broker that is down, and waits for ever for
# one that hangs. Workers have a loop of their own that connects again for as long as it takes.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = 3
CELERY_BROKER_TRANSPORT_OPTIONS = {"max_retries": 0}
if CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS |= {
        "visibility_timeout": 2 * CELERY_TASK_TIME_LIMIT,
        "socket_connect_timeout": 3,
        "socket_timeout": 3,  # longer than the second for which a waiting worker asks
    }
# RabbitMQ before 4.3 closes the channel of a task that takes longer than its `consumer_timeout`, 30
# minutes, and the worker would end with it. So the worker connects again, and the job begins anew.
# This was read in Celery's source and never run with a RabbitMQ. The argument `x-consumer-timeout`
# would be no way out: RabbitMQ 4.3 has it for quorum queues alone, and none that is there gets it.
if CELERY_BROKER_URL.startswith(("amqp", "pyamqp")):
    CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_TASK_DEFAULT_QUEUE = queues.BUILDS
CELERY_TASK_ROUTES = queues.ROUTES
CELERY_BEAT_SCHEDULE = queues.beat_schedule(JOB_SWEEP_SECONDS)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
}
