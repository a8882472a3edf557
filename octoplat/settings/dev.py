"""For `make demo` and for changing octoplat: plain HTTP on loopback, everything else as in production."""

from octoplat.settings import env
from octoplat.settings.base import *  # noqa: F403

SECRET_KEY = env.secret_key()
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *env.listed("OCTOPLAT_ALLOWED_HOSTS")]
PUBLIC_URL = PUBLIC_URL or f"http://127.0.0.1:{env.number('OCTOPLAT_PORT', 8000)}"  # noqa: F405
