"""Deleting a space: everything in it, bit by bit, then the space. domain.md 2."""

from collections.abc import Iterator

from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction

from deployments.blob_rows import forget_blob
from deployments.core.states import Category, NodeStatus, TaskState
from deployments.core.visits import ROOT, LogNode
from deployments.engine import leases
from deployments.engine.control import Control, Signal
from deployments.engine.heartbeat import Heartbeat
from deployments.engine.leases import Lease
from deployments.engine.recorder import DatabaseRecorder
from deployments.engine.recording import Batch, LogLine
from deployments.models import ServerTask
from deployments.queries.requesters import NO_LONGER
from deployments.queue import enqueue
from spaces.actors import Actor
from spaces.models import Space
from spaces.services.space_contents import Removed, remove_contents
from spaces.services.spaces import complete_deletion, may_delete, withdraw_deletion


def delete_space(task: ServerTask, lease: Lease) -> None:
    """Goes on where an earlier worker stopped. A space that is gone already is a success."""
    number = str(task.arguments["SpaceId"]).rpartition("-")[2]
    space = Space.objects.filter(pk=int(number)).first()
    actor = Actor.system(f"{task.wire_id}, requested by {_requester(task)}")
    if space and lease.epoch == 1 and not may_delete(task.requested_by):
        return _withdraw(task, lease, actor, space)
    if space and not async_to_sync(_empty)(task, lease, space):
        leases.hand_over(lease)
        return enqueue(task.pk)
    with transaction.atomic():
        leases.finish(lease, TaskState.SUCCESS)
        if space:
            complete_deletion(actor=actor, space=space)
    return None


def _requester(task: ServerTask) -> str:
    return task.requested_by.username if task.requested_by else "octoplat"


def _withdraw(task: ServerTask, lease: Lease, actor: Actor, space: Space) -> None:
    """Nothing is removed yet, so the space goes back to its people (P9)."""
    with transaction.atomic():
        leases.finish(lease, TaskState.FAILED, error_message=NO_LONGER, has_warnings_or_errors=True)
        withdraw_deletion(actor=actor, space=space, reason=NO_LONGER)


async def _empty(task: ServerTask, lease: Lease, space: Space) -> bool:
    """False: this worker stops before the space is empty."""
    control = Control(lease.sure_until)
    with Heartbeat(lease, control):
        async with DatabaseRecorder(task, lease) as recorder:
            recorder.add_nodes([LogNode(ROOT, None, task.description)])
            recorder.status(ROOT, NodeStatus.RUNNING)
            batches = remove_contents(space, forget_blob)
            while (removed := await sync_to_async(_next)(batches)) is not None:
                line = LogLine(ROOT, Category.INFO, f"Removed {removed.rows} {removed.table}.")
                recorder.write(Batch((line,)))
                await control.hold()
                if control.signal == Signal.HAND_OVER:
                    return False
            recorder.status(ROOT, NodeStatus.SUCCESS)
    return True


def _next(batches: Iterator[Removed]) -> Removed | None:
    return next(batches, None)
