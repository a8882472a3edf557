"""A node's cluster: django-q2's sentinel, its pusher and its workers, in one process group.

It is forked rather than started anew, so its dozen processes share the memory of what was loaded.
"""

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable

from django.db import connections
from django_q.cluster import Cluster as DjangoQ


class Cluster:
    """One running cluster. Its group is killed whenever its first process is gone."""

    def __init__(self, at_birth: Callable[[], None]) -> None:
        """Starts it. The caller must hold no database connection: a copy of this process would share it.

        at_birth: called in the new process before anything else.
        """
        connections.close_all()
        fork = multiprocessing.get_context("fork")
        self._process = fork.Process(target=_serve, args=[at_birth], name="cluster")
        self._process.start()

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def ask_to_stop(self) -> None:
        """Take no more messages; end once the running ones are done."""
        if self._process.is_alive() and self._process.pid is not None:
            os.kill(self._process.pid, signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within `seconds`."""
        self._process.join(seconds)
        return not self._process.is_alive()

    def kill(self) -> None:
        """End all of it at once, and what a dead one left."""
        assert self._process.pid is not None  # noqa: S101 - for mypy; it was started
        with contextlib.suppress(ProcessLookupError):  # all of the group may be gone
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.join()


def _serve(at_birth: Callable[[], None]) -> None:
    """The life of the cluster's first process."""
    os.setsid()
    at_birth()
    cluster = DjangoQ()  # sets handlers that stop it on SIGTERM
    cluster.start()
    while cluster.sentinel.is_alive():
        # In short turns: the handler joins the sentinel too, and a plain join() would not notice.
        time.sleep(0.2)
