"""What every installation shares. dev, test and production differ from it and say why."""

from csp.constants import NONCE, NONE, SELF

from octoplat.settings import env

HOME = env.home()
ROOT = env.ROOT
NODE = env.node()

KEYS_FOLDER = HOME / "keys"
BLOBS_FOLDER = HOME / "blobs"
LARGEST_PACKAGE = env.number("OCTOPLAT_LARGEST_PACKAGE", 5 * 1000**3)
"""Bytes that one upload may have."""
WORK_FOLDER = HOME / "work"  # scripts that run on this machine
CACHE_FOLDER = HOME / "cache"  # packages as they are sent; may be deleted at any time
SECRET_KEY = ""
DEBUG = False
ALLOWED_HOSTS: list[str] = []

PUBLIC_URL = env.text("OCTOPLAT_PUBLIC_URL")
"""Where people reach octoplat; every link in a mail or a notification begins with it."""
MUST_BE_SECURE = False
"""Whether an insecure setting stops the start (octoplat/checks.py)."""

INSTALLED_APPS = [
    "octoplat.apps.OctoplatConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "django_htmx",
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "guardian",
    "django_q",
    "spaces",
    "deployments",
    "runbooks",
]

MIDDLEWARE = [
    "octoplat.requests.request_ids",
    "octoplat.requests.api_addresses",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "octoplat.headers.security_headers",
    "octoplat.middleware.UnchangedAnswers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "octoplat.requests.actors",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "octoplat.ui.preferences.preferences_middleware",
    "octoplat.middleware.RefusalPages",
]

ROOT_URLCONF = "octoplat.urls"
WSGI_APPLICATION = "octoplat.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "octoplat.ui.shell.frame",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
            ],
            "libraries": {"ui": "octoplat.ui.tags", "states": "deployments.web.tags"},
        },
    },
]
FORM_RENDERER = "octoplat.ui.forms.Renderer"

DATABASES = {"default": env.database().as_django(env.number("OCTOPLAT_DATABASE_POOL", 0))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TRUSTED_PROXIES = env.listed("OCTOPLAT_TRUSTED_PROXIES")
API_RATE = env.number("OCTOPLAT_API_RATE", 600)
ANONYMOUS_RATE = env.number("OCTOPLAT_ANONYMOUS_RATE", 60)
"""Requests per minute of one key, token or person, and of one address without; 0: any number."""
OUTBOUND_ALLOWED = env.listed("OCTOPLAT_OUTBOUND_ALLOWED")
"""Host names and networks beyond the public ones that requests of ours may go to (spaces/outbound.py)."""

AUTH_USER_MODEL = "spaces.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# django-guardian keeps the rows that spaces.access reads; nobody asks guardian itself.
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
GUARDIAN_GET_INIT_ANONYMOUS_USER = None
ANONYMOUS_USER_NAME = None

# The dialect of the API (api-dialect.md): docs/architecture.md says where each part is.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "spaces.api.authentication.ApiKeyAuthentication",
        "spaces.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["spaces.api.throttling.CallerThrottle"],
    "DEFAULT_PARSER_CLASSES": ["spaces.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["spaces.api.parsing.DialectRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "spaces.api.parsing.AlwaysJSON",
    "DEFAULT_PAGINATION_CLASS": "spaces.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "spaces.api.schema.DialectSchema",
    "EXCEPTION_HANDLER": "spaces.api.errors.answer",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "octoplat",
    "DESCRIPTION": "Releases, deployments, runbooks and approvals.",
    "VERSION": "3.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api",
    "PREPROCESSING_HOOKS": ["octoplat.api.without_twins"],
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = ROOT / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Nothing comes from elsewhere and nothing runs that a template did not mark. S10, ui.md 10.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}
# Not "no-referrer": browsers then send "Origin: null" with forms, which the CSRF check must refuse.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

SESSION_ENGINE = "spaces.session_store"
SESSION_COOKIE_NAME = "octoplat_session"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "octoplat_csrf"
CSRF_COOKIE_SAMESITE = "Lax"

DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_PERMISSIONS = 0o600

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"masking": {"()": "octoplat.logs.Masking"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["masking"],
        }
    },
    "root": {"handlers": ["console"], "level": env.text("OCTOPLAT_LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"level": "INFO", "handlers": [], "propagate": True},
        "django-q": {"level": "WARNING"},
        "asyncssh": {"level": "WARNING"},
    },
}

QUEUE_ENTRY_POINTS = (
    "deployments.queue.canary.sing",
    "deployments.tasks.run_server_task",
)
"""The only functions that a message of the queue can name; each takes whole numbers."""

WORKERS = env.number("OCTOPLAT_WORKERS", 6)
"""Worker processes on this machine; each runs one task at a time."""

RUN_ON_SERVER = env.flag("OCTOPLAT_RUN_ON_SERVER", default=True)
"""Whether steps tied to no target may run on this machine, beside octoplat's own keys."""

TASK_CAP = env.number("OCTOPLAT_TASK_CAP", max(1, WORKERS - 1))
"""Tasks this machine runs at once. Those that wait for people, and short ones of the system, do not count:
a worker is left for these."""

SPACE_TASK_CAP = env.number("OCTOPLAT_SPACE_TASK_CAP", 0)
"""Tasks of one space that all machines together run at once; 0: no limit."""

PROJECT_TASK_CAP = env.number("OCTOPLAT_PROJECT_TASK_CAP", 0)
"""The same for one project."""

# The row is the truth, a message only rings (docs/architecture.md). It is gone once taken, so nothing
# is retried: `retry` and `timeout` are fences that no honest run reaches.
Q_CLUSTER = {
    "name": "octoplat",
    "broker_class": "deployments.queue.broker.Doorbells",
    "orm": "default",
    "workers": WORKERS,
    "queue_limit": 1,
    "bulk": 1,
    "timeout": 7 * 24 * 3600,
    "retry": 8 * 24 * 3600,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "recycle": 100,
    "scheduler": False,
    "log_level": "WARNING",
}
