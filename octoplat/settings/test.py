"""For the test suite: a database of its own, cheap password hashing."""

import os
import tempfile
from pathlib import Path

from octoplat.settings.base import *  # noqa: F403

KEYS_FOLDER = Path(tempfile.gettempdir()) / f"octoplat-test-{os.getuid()}" / "keys"
BLOBS_FOLDER = KEYS_FOLDER.parent / "blobs"
WORK_FOLDER = KEYS_FOLDER.parent / "work"
CACHE_FOLDER = KEYS_FOLDER.parent / "cache"
API_RATE = ANONYMOUS_RATE = 0  # tests of the limits set them
SECRET_KEY = "test" * 16  # signs nothing that outlives the run
ALLOWED_HOSTS = ["*"]
DATABASES["default"]["TEST"] = {"NAME": os.environ.get("OCTOPLAT_TEST_DATABASE", "test_octoplat")}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405
WHITENOISE_USE_FINDERS = True  # a browser test needs no collectstatic
WHITENOISE_AUTOREFRESH = True
