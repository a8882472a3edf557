"""Ringing: put a message into the queue and wake the nodes that listen."""

from django.db import connection
from django.db.models import Min
from django.utils import timezone
from django_q.models import OrmQ

from deployments.queue.messages import Message

QUEUE = "octoplat"
CHANNEL = "octoplat_queue"
RUN_SERVER_TASK = "deployments.tasks.run_server_task"


def enqueue(task_id: int) -> None:
    """Have a worker look at this server task. Call it on commit: a worker must see the row."""
    ring(RUN_SERVER_TASK, task_id)


def ring(entry_point: str, *numbers: int, queue: str = QUEUE) -> None:
    """Have a worker call one of settings.QUEUE_ENTRY_POINTS. Raises NotAMessage for any other.

    queue: every node takes from QUEUE, and each from one named after itself.
    """
    text = Message(entry_point, numbers).text()
    OrmQ.objects.create(key=queue, payload=text, lock=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def node_queue(node: str) -> str:
    """The queue that only this node takes from."""
    return f"{QUEUE}@{node}"[:100]


def oldest_ring() -> float:
    """For how many seconds the oldest message has been waiting to be taken; 0: none waits."""
    oldest = OrmQ.objects.aggregate(at=Min("lock"))["at"]
    return (timezone.now() - oldest).total_seconds() if oldest else 0.0
