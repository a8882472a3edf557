"""A worker as a process of its own, so that it can be killed: `python -m ...worker_process`."""

import os
import subprocess
import sys
import time
from urllib.parse import urlencode

from django.db import connection

from octoplat.settings.env import ROOT


def start_worker() -> "subprocess.Popen[bytes]":
    """Runs what may be claimed now, and ends. It works on the test's database."""
    known = connection.settings_dict
    place = {
        name.lower(): known[name] for name in ("HOST", "PORT", "USER", "PASSWORD") if known[name]
    }
    url = f"postgresql:///{known['NAME']}?{urlencode(place)}"
    return subprocess.Popen(
        [sys.executable, "-m", __name__],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "octoplat.settings.test",
        },
    )


def wait_until(condition, seconds: float = 30.0) -> None:
    """Real processes have no clock of ours; this waits for what they do."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen")
        time.sleep(0.05)


if __name__ == "__main__":
    import django

    django.setup()
    from deployments.tasks import run_server_task

    run_server_task(0)
