"""What every installation shares. dev, test and production differ from it and say why."""

from octoplat.settings import env

HOME = env.home()
ROOT = env.ROOT
NODE = env.node()

KEYS_FOLDER = HOME / "keys"
SECRET_KEY = ""
DEBUG = False
ALLOWED_HOSTS: list[str] = []

INSTALLED_APPS = [
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
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "octoplat.ui.preferences.preferences_middleware",
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

DATABASES = {"default": env.database().as_django()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "spaces.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# django-guardian keeps the rows that spaces.access reads; nobody asks guardian itself.
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
GUARDIAN_GET_INIT_ANONYMOUS_USER = None
ANONYMOUS_USER_NAME = None

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = ROOT / "staticfiles"
STATICFILES_DIRS = [ROOT / "octoplat" / "static"]

QUEUE_ENTRY_POINTS = (
    "deployments.queue.canary.sing",
    "deployments.tasks.run_server_task",
)
"""The only functions that a message of the queue can name; each takes whole numbers."""

WORKERS = env.number("OCTOPLAT_WORKERS", 4)
"""Worker processes on this machine; each runs one task at a time."""

TICK = "deployments.tasks.tick"
"""Called about once a second by every node: rings again, ends lost leases, starts what is due."""

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
