"""For `make demo` and for changing octoplat: plain HTTP on loopback, everything else as in production."""

from octoplat.settings.base import *  # noqa: F403

SECRET_KEY = "development"  # noqa: S105 - replaced by the key file of the installation
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
