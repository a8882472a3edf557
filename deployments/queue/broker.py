"""How a node takes messages: in order, each by one node only, and within milliseconds of the ring.

django-q2's own ORM broker polls without an order and hands a message out again later. Ours deletes a
message as it takes it: the row behind it is the truth, so nothing is kept for a second delivery.
"""

import logging
import uuid
from typing import Any

from django.conf import settings
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from psycopg import sql

from deployments.queue.listening import Listener
from deployments.queue.messages import Message, NotAMessage
from deployments.queue.ringing import CHANNEL, QUEUE, node_queue

logger = logging.getLogger(__name__)

WAIT_SECONDS = 0.5
"""The longest sleep; the cluster looks for a request to stop between two of them."""
POLL_EVERY = 10
"""After so many silent sleeps the table is read all the same."""

_TAKE = sql.SQL(
    "DELETE FROM {table} WHERE id = (SELECT id FROM {table} WHERE key = ANY(%s)"
    " ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, payload"
).format(table=sql.Identifier(OrmQ._meta.db_table))


class Doorbells(ORM):  # type: ignore[misc]  # django-q2 has no types
    """The broker of settings.Q_CLUSTER."""

    def __init__(self, list_key: str | None = None) -> None:
        super().__init__(list_key or QUEUE)
        self._begin()

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        self._begin()

    def _begin(self) -> None:
        self._listener = Listener(CHANNEL)
        self._queues = [self.list_key, node_queue(settings.NODE)]
        self._may_have_more = True
        self._silent = 0

    def enqueue(self, task: str) -> int:
        """Only for django-q2's own `async_task`, which may name any function there is."""
        raise NotAMessage("Messages enter the queue through deployments.queue.ring().")

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The oldest message as django-q2 wants it, or None after a short wait."""
        if not self._may_have_more and not self._rung():
            return None
        row = self._listener.execute(_TAKE, [self._queues])
        self._may_have_more = row is not None
        return self._for_worker(*row) if row else None

    def close(self) -> None:
        """Give up the database connection."""
        self._listener.close()

    def acknowledge(self, task_id: int) -> None:
        """Nothing to do: a message is gone once taken."""

    def fail(self, task_id: int) -> None:
        """As acknowledge()."""

    def _rung(self) -> bool:
        """Wait. True: look into the table."""
        heard = self._listener.wait(WAIT_SECONDS)
        self._silent = 0 if heard else self._silent + 1
        return heard is None or bool(heard) or self._silent % POLL_EVERY == 0

    def _for_worker(self, number: int, text: str) -> list[tuple[int, str]] | None:
        """The package a worker process unpacks. It always names our own `answer`, whatever the text says."""
        try:
            message = Message.parse(text)
        except NotAMessage as exc:
            logger.error("Message %s of the queue is dropped: %s", number, exc)
            return None
        package = {
            "id": uuid.uuid4().hex,
            "name": str(message),
            "func": "deployments.queue.answering.answer",
            "args": (message.entry_point, *message.numbers),
            "kwargs": {},
            "started": timezone.now(),
            "ack_failure": True,
        }
        return [(number, SignedPackage.dumps(package))]
