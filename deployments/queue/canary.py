"""A message that must come back: proof that a node's workers take messages.

A worker process that is killed while it waits takes the queue's lock with it; the cluster then looks
alive and does nothing (django-q2 1.11). Only a ring that is not answered shows that.
"""

import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from deployments.models import ServerTask
from deployments.queue.listening import Listener
from deployments.queue.ringing import node_queue, ring

SING = "deployments.queue.canary.sing"
CHANNEL = "octoplat_canary"
EVERY_SECONDS = 5.0
PATIENCE_SECONDS = 15.0


def sing(song: int) -> None:
    """Entry point: let the node that rang hear its song."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(song)])


class Canary:
    """Watches the workers of one node. `clock`: seconds that never jump."""

    def __init__(self, node: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._node = node
        self._clock = clock
        self._listener = Listener(CHANNEL)
        self.start_over()

    def start_over(self) -> None:
        """Forget what was rung: the cluster is new."""
        self._song: int | None = None
        self._rung_at = -EVERY_SECONDS

    def close(self) -> None:
        """Give up the connection, before this process is copied."""
        self._listener.close()

    def is_silent(self, wait: float) -> bool:
        """Listen for up to `wait` seconds. True: a free worker has not answered for too long."""
        heard = self._listener.wait(wait)
        if heard and str(self._song) in heard:
            self._song = None
        now = self._clock()
        if self._song is None:
            if now - self._rung_at >= EVERY_SECONDS:
                self._ring(now)
            return False
        if now - self._rung_at < PATIENCE_SECONDS:
            return False
        if self._all_workers_are_busy():
            self._rung_at = now
            return False
        return True

    def _ring(self, now: float) -> None:
        self._song, self._rung_at = secrets.randbelow(2**31), now
        ring(SING, self._song, queue=node_queue(self._node))

    def _all_workers_are_busy(self) -> bool:
        running = ServerTask.objects.filter(node=self._node, lease_until__gt=Now()).count()
        return running >= settings.WORKERS
