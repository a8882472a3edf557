"""A newer run makes older ones that still wait in the queue pointless. domain.md 19.6."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now

from deployments.core.states import TaskState
from deployments.models import ProcessRun, ServerTask
from spaces.actors import Actor
from spaces.audit import record


def supersede(actor: Actor, run: ProcessRun, like: "QuerySet[Any]") -> list[ServerTask]:
    """Cancel the queued runs that this one, just queued, replaces; it takes the place of the earliest.

    like: runs of the same kind to the same place. From the latest back, and no further than the first that
    does less than everything: what this one does is not more than that. Scheduled runs stay, and a run
    that does less itself, or is scheduled, replaces nothing.
    """
    task = run.task
    task.refresh_from_db(fields=["queue_time", "created_at"])
    if _is_partial(run) or task.queue_time > task.created_at:
        return []
    waiting = like.filter(
        task__state=TaskState.QUEUED.value, task__queue_time__lte=Now(), pk__lt=run.pk
    ).select_related("task")
    replaced = []
    for older in waiting.order_by("-task__queue_time", "-pk"):
        if _is_partial(older):
            break
        if _cancel(actor, older, task):
            replaced.append(older.task)
    if replaced:
        task.queue_time = min(each.queue_time for each in replaced)
        task.save(update_fields=["queue_time"])
    return replaced


def _is_partial(run: ProcessRun) -> bool:
    return bool(run.skip_actions or run.specific_machines or run.excluded_machines)


def _cancel(actor: Actor, older: ProcessRun, by: ServerTask) -> bool:
    """False: a worker was faster."""
    is_canceled: bool = ServerTask.objects.move(
        older.task_id,
        TaskState.QUEUED,
        TaskState.CANCELED,
        canceled_by=actor.name,
        error_message=f"Replaced by {by.wire_id}: {by.description}.",
    )
    if is_canceled:
        record(actor, "TaskSuperseded", older.task, details={"by": [None, by.wire_id]})
    return is_canceled
