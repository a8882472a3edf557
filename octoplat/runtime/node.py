"""This node's workers: the cluster, its canary, and the clock of the whole installation."""

import logging
import signal
import time
from functools import partial

from django.conf import settings
from django.db import Error, close_old_connections, connections

from deployments import tasks as deployments
from deployments.queue.canary import Canary
from deployments.queue.cluster import Cluster
from octoplat.runtime.processes import end_with_parent
from runbooks import tasks as runbooks

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
DRAIN_SECONDS = 20.0
LONGEST_PAUSE = 30.0


class Node:
    """The workers of this machine."""

    def __init__(self) -> None:
        self._start_cluster = partial(Cluster, at_birth=partial(end_with_parent, signal.SIGTERM))
        self._cluster = self._start_cluster()
        self._canary = Canary(settings.NODE)
        self._restarts = 0
        self._started_at = time.monotonic()
        self._is_stopping = False

    def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        while not self._is_stopping:
            try:
                self._look_after_cluster()
                self._tick()
            except Error as exc:
                logger.warning("The database is away: %s", str(exc).strip())
                self._canary.start_over()
                time.sleep(TICK_SECONDS)
            close_old_connections()
        self._drain()

    def _ask_to_stop(self, *_: object) -> None:
        self._is_stopping = True

    def _look_after_cluster(self) -> None:
        """Waits about a tick, too: for the canary."""
        if not self._cluster.is_alive:
            self._replace_cluster("died")
        elif self._canary.is_silent(wait=TICK_SECONDS):
            self._replace_cluster("takes no messages")

    def _replace_cluster(self, reason: str) -> None:
        if time.monotonic() - self._started_at > 60:
            self._restarts = 0
        pause = min(0.5 * 2**self._restarts, LONGEST_PAUSE)
        logger.error("The worker cluster %s; starting another in %.1f s", reason, pause)
        self._cluster.kill()
        time.sleep(pause)
        self._canary.close()
        connections.close_all()
        self._cluster = self._start_cluster()
        self._canary.start_over()
        self._restarts += 1
        self._started_at = time.monotonic()

    def _tick(self) -> None:
        try:
            deployments.tick()
            runbooks.tick()
        except Error:
            raise
        except Exception:
            logger.exception("A tick failed")

    def _drain(self) -> None:
        """Nothing new is begun; what runs is left to another node, or to this one's next start."""
        self._cluster.ask_to_stop()
        try:
            deployments.hand_over(settings.NODE)
        except Error as exc:
            logger.warning("The running tasks could not be told: %s", str(exc).strip())
        if not self._cluster.wait(DRAIN_SECONDS):
            logger.warning("Ending workers that were still busy after %d s", DRAIN_SECONDS)
        self._cluster.kill()
        self._canary.close()
