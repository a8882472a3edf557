"""Keeps a lease alive beside the run, and brings the run what people want of it.

A thread with a connection of its own: neither a long query nor a busy loop makes the task look lost.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import Error, connection

from deployments.engine import leases
from deployments.engine.control import Control, LeaseLost, Signal
from deployments.engine.leases import RENEW_EVERY, SURE, Lease

logger = logging.getLogger(__name__)

Told = TypeVar("Told")

LOOK_EVERY = 0.5  # seconds between looks at what is wanted


class Heartbeat:
    """`with` it around a run, inside the run's event loop."""

    def __init__(self, lease: Lease, control: Control) -> None:
        self._lease = lease
        self._control = control
        self._loop = asyncio.get_running_loop()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()

    def _beat(self) -> None:
        renewed = float("-inf")
        try:
            while not self._is_over.is_set():
                try:
                    renewed = self._once(renewed)
                except Error as exc:
                    logger.warning("The lease cannot be renewed now: %s", str(exc).strip())
                    connection.close()
                self._is_over.wait(LOOK_EVERY)
        except LeaseLost:
            self._tell(Signal.LOST)
        finally:
            connection.close()

    def _once(self, renewed: float) -> float:
        """Renews when it is time, else looks. Returns when the lease was last renewed."""
        now = time.monotonic()
        if now - renewed >= RENEW_EVERY:
            wishes = leases.renew(self._lease)
            self._call(self._confirm, now)
            renewed = now
        else:
            wishes = leases.look(self._lease)
        if wishes.is_cancelled:
            self._tell(Signal.CANCEL)
        elif wishes.must_hand_over:
            self._tell(Signal.HAND_OVER)
        return renewed

    def _confirm(self, at: float) -> None:
        """`at` is before the query, and the loop's clock is the same monotonic one."""
        self._control.confirm(at + SURE)

    def _tell(self, signal: Signal) -> None:
        self._call(self._control.stop, signal)

    def _call(self, act: Callable[[Told], object], told: Told) -> None:
        """Does it in the run's loop; a run that ended meanwhile needs no news."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act, told)
