"""Where a queued task stands and what it waits for, as far as somebody may know. ui.md 7(e), C1.

A task that the reader may not see is "a task you cannot view": neither its name nor its id shows.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from deployments.core.states import TaskState
from deployments.models import ServerTask
from spaces.access import visible
from spaces.actors import Actor
from spaces.permissions import Permission

UNSEEN = "Waits for a task you cannot view: it may not run at the same time."


@dataclass(frozen=True)
class Reason:
    """Why a task has not started. task: the one it waits for, if the reader may see it."""

    code: str
    text: str
    task: ServerTask | None = None


@dataclass(frozen=True)
class Standing:
    """position: 1 = next in its space. reasons: what holds it back besides those before it."""

    position: int
    reasons: tuple[Reason, ...] = ()


def standing(actor: Actor, task: ServerTask) -> Standing | None:
    """None for a task that is not queued."""
    if task.state != TaskState.QUEUED.value:
        return None
    if task.queue_time > timezone.now():
        return Standing(_ahead(task).count() + 1, (Reason("scheduled", "Its time has not come."),))
    found = [*_stopped(task), *_locked(actor, task)]
    return Standing(_ahead(task).count() + 1, tuple(found))


def _ahead(task: ServerTask) -> "QuerySet[ServerTask]":
    """Those of its space that go first: of a higher priority, or due earlier."""
    earlier = Q(queue_time__lt=task.queue_time) | Q(queue_time=task.queue_time, pk__lt=task.pk)
    queued: QuerySet[ServerTask] = ServerTask.objects.filter(
        Q(priority__gt=task.priority) | Q(priority=task.priority) & earlier,
        space=task.space_id,
        state=TaskState.QUEUED.value,
        queue_time__lte=Now(),
    )
    return queued.exclude(pk=task.pk)


def _stopped(task: ServerTask) -> list[Reason]:
    if task.space is None or not task.space.task_queue_stopped:
        return []
    return [Reason("stopped", "The task queue of this space is stopped.")]


def _locked(actor: Actor, task: ServerTask) -> list[Reason]:
    holders = ServerTask.objects.filter(
        space=task.space_id, concurrency_tag=task.concurrency_tag, holds_tag=True
    ).exclude(pk=task.pk)
    if not task.concurrency_tag or not (holder := holders.first()):
        return []
    if not visible(actor, Permission.TASK_VIEW, holders).exists():
        return [Reason("lock", UNSEEN)]
    return [Reason("lock", "Waits for a task that may not run at the same time.", holder)]
