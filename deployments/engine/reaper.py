"""What looks after tasks that nobody holds: lost leases, expired queue entries, unheard doorbells.

Any node may call `reap` as often as it likes; of several at once one does the work.
"""

import logging

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from deployments.core.states import NodeStatus, TaskState
from deployments.engine.leases import RUNNING, begun, due
from deployments.models import Interruption, ServerTask, TaskLogNode
from deployments.queue import enqueue
from deployments.queue.ringing import oldest_ring

logger = logging.getLogger(__name__)

REAPING = 7_261_002  # advisory lock
CRASHES = 3
POISON = f"crashed worker {CRASHES} times"
UNHEARD = 1.0  # seconds a doorbell may wait before another is rung


def reap() -> None:
    """Frees lost tasks, ends poisonous and expired ones, and rings for what could run."""
    with transaction.atomic():
        if not _alone():
            return
        for task in _lost():
            _free(task)
        _expire()
    ring_again()


def ring_again() -> int:
    """Rings once for each task that could be claimed, unless rings still wait to be heard."""
    if oldest_ring() > 0:
        return 0
    waiting = [*begun()[: settings.WORKERS], *due()[: settings.WORKERS]][: settings.WORKERS]
    for task in waiting:
        enqueue(task.pk)
    return len(waiting)


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [REAPING])
        row = cursor.fetchone()
    return bool(row and row[0])


def _lost() -> list[ServerTask]:
    lost = ServerTask.objects.filter(state__in=RUNNING, lease_until__lt=Now())
    return list(lost.select_for_update(skip_locked=True, of=("self",)))


def _free(task: ServerTask) -> None:
    """Another worker may take it, unless it has killed too many; the new claim's epoch shuts the old
    worker out."""
    logger.warning("%s lost its worker %s", task.wire_id, task.lease_owner)
    crashes = task.crashes + 1
    if crashes >= CRASHES:
        return _end_poisonous(task, crashes)
    ServerTask.objects.filter(pk=task.pk).update(
        lease_until=None, lease_owner="", crashes=crashes, must_hand_over=False, updated_at=Now()
    )
    return None


def _end_poisonous(task: ServerTask, crashes: int) -> None:
    """R12: it is not given to a fourth worker. Its epoch rises, so that no former one writes."""
    is_cancelling = task.state == TaskState.CANCELLING.value
    ServerTask.objects.move(
        task.pk,
        TaskState(task.state),
        TaskState.CANCELED if is_cancelling else TaskState.FAILED,
        lease_epoch=F("lease_epoch") + 1,
        crashes=crashes,
        error_message=POISON,
        has_warnings_or_errors=True,
    )
    Interruption.objects.filter(task=task, is_pending=True).update(is_pending=False)
    TaskLogNode.objects.filter(task=task, status=NodeStatus.RUNNING.value).update(
        status=NodeStatus.FAILED.value, finished_at=Now()
    )
    TaskLogNode.objects.filter(task=task, status=NodeStatus.PENDING.value).update(
        status=NodeStatus.SKIPPED.value
    )


def _expire() -> None:
    """domain.md 19.1: queued too long."""
    late = ServerTask.objects.filter(state=TaskState.QUEUED.value, queue_expiry__lte=Now())
    for pk in late.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True):
        ServerTask.objects.move(
            pk, TaskState.QUEUED, TaskState.TIMED_OUT, error_message="It expired in the queue."
        )
