"""gunicorn's settings: `gunicorn --config python:octoplat.runtime.web octoplat.wsgi`.

One process with many threads keeps memory small; a page waits for the database more than it computes.
Connections are shared, so streams that stay open hold a thread and no connection.
"""

import os
from typing import Any

from octoplat.settings import env

os.environ.setdefault("OCTOPLAT_DATABASE_POOL", "16")

bind = f"{env.text('OCTOPLAT_HOST', '127.0.0.1')}:{env.number('OCTOPLAT_PORT', 8000)}"
worker_class = "gthread"
workers = env.number("OCTOPLAT_WEB_PROCESSES", 1)
threads = env.number("OCTOPLAT_WEB_THREADS", 64)
preload_app = True
forwarded_allow_ips = ",".join(env.listed("OCTOPLAT_TRUSTED_PROXIES"))
graceful_timeout = 10
keepalive = 15
errorlog = "-"
loglevel = "error"
control_socket_disable = True


def on_starting(server: Any) -> None:
    """gunicorn's hook, once before it forks: no process serves what it could not decrypt."""
    from octoplat.checks import (
        refuse_wrong_keys,
    )  # loads models, which `preload_app` has set up by now

    refuse_wrong_keys()
