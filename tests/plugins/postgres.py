"""One embedded PostgreSQL for the whole test run, unless DATABASE_URL names a server.

Under xdist the controller starts it; the workers inherit DATABASE_URL.
"""

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings

from octoplat.runtime.postgres import Cluster
from octoplat.settings import env


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("DATABASE_URL") or config.option.collectonly:
        return
    folder = Path(tempfile.mkdtemp(prefix="octoplat-test-"))
    folder.chmod(0o711)
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))

    cluster = Cluster(folder / "data", folder / "run", durable=False)
    running = ExitStack()
    running.enter_context(cluster.running(log=folder / "postgres.log"))
    config.add_cleanup(running.close)

    os.environ["DATABASE_URL"] = cluster.url()
    settings.DATABASES["default"].update(env.database().as_django())
