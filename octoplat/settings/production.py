"""For real use. Reads everything from the environment (docs/reference/settings.md) and leaves it to
octoplat/checks.py to refuse what is insecure, with all reasons at once."""

from urllib.parse import urlsplit

from octoplat.settings import env
from octoplat.settings.base import *  # noqa: F403
from octoplat.settings.base import PUBLIC_URL, SILENCED_SYSTEM_CHECKS

MUST_BE_SECURE = True
RUN_ON_SERVER = env.flag("OCTOPLAT_RUN_ON_SERVER")
DEBUG = env.flag("OCTOPLAT_DEBUG")
SECRET_KEY = env.secret_key()

_public = urlsplit(PUBLIC_URL)
IS_TLS = _public.scheme == "https"
MAY_BE_PLAIN = env.flag("OCTOPLAT_ALLOW_HTTP")
"""Said openly by whoever runs octoplat: in this network nobody listens, so http:// will do."""

# Loopback for health checks on the machine itself.
ALLOWED_HOSTS = [
    *(env.listed("OCTOPLAT_ALLOWED_HOSTS") or filter(None, [_public.hostname])),
    "localhost",
    "127.0.0.1",
]

if IS_TLS:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SESSION_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-octoplat_session"
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-octoplat_csrf"

# W021: whether browsers shall ship this name in their list of HTTPS hosts is its owner's decision.
SILENCED_SYSTEM_CHECKS = [*SILENCED_SYSTEM_CHECKS, "security.W021"]
if MAY_BE_PLAIN and not IS_TLS:
    # HSTS, redirect and secure cookies would only lock people out of plain HTTP.
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W008", "security.W012", "security.W016"]
