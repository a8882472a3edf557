"""Server tasks: cancelling them, and answers that let them go on. domain.md 19.5."""

from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from deployments.core.states import NodeStatus, TaskState
from deployments.models import Interruption, ServerTask
from deployments.queries.run_kinds import run_kind
from deployments.queue import enqueue
from deployments.services.space_deletion import delete_again
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid
from spaces.permissions import Permission

PATIENCE = timedelta(minutes=10)


@transaction.atomic
def cancel_task(*, actor: Actor, task: ServerTask) -> ServerTask:
    """Cancel: a queued or waiting task at once, a running one as soon as its processes are gone.

    Raises Invalid for a finished task, Conflict for the deletion of a space, of which a part may be gone.
    Cancelling twice changes nothing.
    """
    authorize(actor, Permission.TASK_CANCEL, task)
    if task.kind == ServerTask.Kind.DELETE_SPACE:
        raise Conflict("The deletion of a space cannot be cancelled.")
    task = ServerTask.objects.select_for_update().get(pk=task.pk)
    match TaskState(task.state):
        case TaskState.QUEUED:
            ServerTask.objects.move(
                task.pk, TaskState.QUEUED, TaskState.CANCELED, canceled_by=actor.name
            )
            close_nodes(task)
        case TaskState.EXECUTING:
            _cancel_running(actor, task)
        case TaskState.CANCELLING:
            return task
        case _:
            raise Invalid(f"{task} is finished; there is nothing to cancel.")
    record(actor, "TaskCanceled", task)
    task.refresh_from_db()
    return task


def _cancel_running(actor: Actor, task: ServerTask) -> None:
    """A running task is ended by its worker, which kills the remote process groups first. A waiting one
    has no process anywhere, so it ends here."""
    ServerTask.objects.move(
        task.pk,
        TaskState.EXECUTING,
        TaskState.CANCELLING,
        canceled_by=actor.name,
        cancel_requested_at=Now(),
    )
    Interruption.objects.filter(task=task, is_pending=True).update(
        is_pending=False, result="Canceled", submitted_at=Now(), submitted_by=actor.name
    )
    if task.is_waiting:
        ServerTask.objects.move(task.pk, TaskState.CANCELLING, TaskState.CANCELED, is_waiting=False)
        close_nodes(task)
    else:
        transaction.on_commit(partial(enqueue, task.pk))


@transaction.atomic
def abandon_task(*, actor: Actor, task: ServerTask) -> ServerTask:
    """Give up a cancelled task that does not come to its end: the records end here, remote work may go on.

    Its worker, if there is one still, writes nothing more. Raises PermissionRefused, and Conflict while
    its cancellation is younger than `PATIENCE`.
    """
    authorize(actor, Permission.TASK_CANCEL, task)
    task = ServerTask.objects.select_for_update(of=("self",)).get(pk=task.pk)
    if reasons := abandon_blockers(task):
        raise Conflict(reasons)
    ServerTask.objects.move(
        task.pk,
        TaskState.CANCELLING,
        TaskState.CANCELED,
        lease_epoch=F("lease_epoch") + 1,
        error_message=f"Abandoned by {actor.name}: remote work may go on.",
        has_warnings_or_errors=True,
    )
    close_nodes(task)
    record(actor, "TaskAbandoned", task)
    task.refresh_from_db()
    return task


def abandon_blockers(task: ServerTask) -> list[str]:
    """Why the task cannot be abandoned now. domain.md 19.1."""
    if task.state != TaskState.CANCELLING.value:
        return [f"{task} is not being cancelled."]
    asked_at = task.cancel_requested_at
    if asked_at and timezone.now() - asked_at < PATIENCE:
        return ["Its processes are being ended; it can be abandoned ten minutes after that began."]
    return []


def close_nodes(task: ServerTask) -> None:
    """Whatever the log tree still shows as pending or running was cancelled."""
    open_nodes = task.nodes.filter(status__in=[NodeStatus.PENDING.value, NodeStatus.RUNNING.value])
    open_nodes.update(status=NodeStatus.CANCELED.value, finished_at=Now())


@transaction.atomic
def rerun_task(*, actor: Actor, task: ServerTask) -> ServerTask:
    """Do a finished deployment or runbook run again with the same options, or go on with the deletion of
    a space that failed. Raises PermissionRefused, and Conflict while it runs."""
    kind = run_kind(task)
    if kind is not None:
        authorize(actor, kind.permission, task)
    if not task.is_completed:
        raise Conflict(f"{task} is not finished.")
    if task.kind == ServerTask.Kind.DELETE_SPACE:
        return delete_again(actor=actor, task=task)
    if kind is None:
        raise Invalid(f"{task} cannot be done again.")
    again: ServerTask = kind.do_again(actor, kind.load(task)).task
    return again


@transaction.atomic
def judge_task(*, actor: Actor, task: ServerTask, state: TaskState, reason: str) -> ServerTask:
    """Call a finished task a success or a failure, whatever it ended as; progression follows.

    The one exception to the table of moves (domain.md 19.6). Raises PermissionRefused, Invalid.
    """
    authorize(actor, Permission.TASK_EDIT, task)
    task = ServerTask.objects.select_for_update().get(pk=task.pk)
    problems = []
    if state not in (TaskState.SUCCESS, TaskState.FAILED):
        problems.append("A task can only be judged a Success or Failed.")
    if task.state not in (TaskState.SUCCESS.value, TaskState.FAILED.value):
        problems.append(f"{task} did not end as Success or Failed; it is {task.state}.")
    if not reason.strip():
        problems.append("Say why; the reason is kept with the task.")
    if problems:
        raise Invalid(problems)
    before, task.state = task.state, state.value
    task.error_message = reason if state == TaskState.FAILED else ""
    task.save(update_fields=["state", "error_message"])
    details = {"state": [before, task.state], "reason": [None, reason]}
    record(actor, "TaskStateEdited", task, details=details)
    return task
