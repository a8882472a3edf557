"""Who runs a task: claims, leases with epochs, and letting go. security-and-reliability.md 6.1.

A claim takes the next eligible row, whatever the doorbell said. Every later write of its worker names
the epoch of the claim; a row that has another epoch belongs to another worker. All times are the
database's.
"""

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce, Now

from deployments.core.queueing import Line, in_turn, over_their_share, slots_of_one_space
from deployments.core.states import TaskState
from deployments.engine.control import LeaseLost
from deployments.models import Interruption, ServerTask
from deployments.queue.claiming import claim_alone
from spaces.models import Space

LEASE = timedelta(seconds=30)
RENEW_EVERY = 10.0  # seconds
SURE = LEASE.total_seconds() - 5  # seconds after a renewal in which nobody else can have the task
LIGHT = (ServerTask.Kind.HEALTH.value, ServerTask.Kind.DELETE_SPACE.value)
LIGHT_SLOTS = 2  # of a node, for short tasks of the system
RUNNING = (TaskState.EXECUTING.value, TaskState.CANCELLING.value)


@dataclass(frozen=True)
class Lease:
    """A worker's hold on a task. sure_until: by this process's monotonic clock, before any renewal."""

    task_id: int
    epoch: int
    owner: str
    sure_until: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Wishes:
    """What people and the node want from the run, as of the last look."""

    is_cancelled: bool
    must_hand_over: bool


def claim() -> Lease | None:
    """Takes the next task this node may run, for `LEASE`. None: there is none, or no free slot.

    Tasks that were begun and may go on come before queued ones; these by priority, fairly between
    spaces, oldest first within one (domain.md 19.3, R13). A task whose concurrency tag is held, or whose
    space's queue is stopped, is passed over. Short tasks of the system have slots of their own.
    """
    with transaction.atomic():
        claim_alone()
        asked_at = time.monotonic()
        load = Load.now()
        task = _next(load.fitting(begun())) or _next_in_turn(load)
        return _taken(task, asked_at + SURE) if task else None


@dataclass(frozen=True)
class Load:
    """What runs: on this node by space, its light and its other tasks; by project on all nodes."""

    light: int
    heavy: int
    spaces_here: Counter[int]
    spaces: Counter[int]
    projects: Counter[int]

    @classmethod
    def now(cls) -> "Load":
        rows = ServerTask.objects.filter(state__in=RUNNING, lease_until__gt=Now())
        found = list(rows.values_list("node", "kind", "space_id", "project_id"))
        heavy = [row for row in found if row[1] not in LIGHT]
        here = [row for row in found if row[0] == settings.NODE]
        return cls(
            light=sum(row[1] in LIGHT for row in here),
            heavy=sum(row[1] not in LIGHT for row in here),
            spaces_here=Counter(row[2] for row in heavy if row[0] == settings.NODE),
            spaces=Counter(row[2] for row in heavy),
            projects=Counter(row[3] for row in heavy if row[3]),
        )

    def fitting(self, tasks: QuerySet[ServerTask]) -> QuerySet[ServerTask]:
        """Those of these tasks for which this node has a slot."""
        if self.light >= LIGHT_SLOTS:
            tasks = tasks.exclude(kind__in=LIGHT)
        if self.heavy >= settings.TASK_CAP:
            tasks = tasks.filter(kind__in=LIGHT)
        return tasks

    def full_spaces(self) -> list[int]:
        """The spaces that may start nothing more here, but for light tasks."""
        limit = slots_of_one_space(settings.TASK_CAP, Space.objects.count())
        here = {space for space, count in self.spaces_here.items() if count >= limit}
        return sorted(here | _at_cap(self.spaces, settings.SPACE_TASK_CAP))

    def full_projects(self) -> list[int]:
        return sorted(_at_cap(self.projects, settings.PROJECT_TASK_CAP))


def _at_cap(running: Counter[int], cap: int) -> set[int]:
    """cap 0: there is none."""
    return {key for key, count in running.items() if cap and count >= cap}


def begun() -> QuerySet[ServerTask]:
    """Tasks that were started, are nobody's now, and wait for no person (or are to be cancelled). While
    the queue of its space is stopped, what was answered stays parked; what ran goes on."""
    free = ServerTask.objects.filter(state__in=RUNNING, lease_until__isnull=True)
    runs = Q(is_parked=False) | Q(space__task_queue_stopped=False)
    goes_on = Q(is_waiting=False) & runs | Q(state=TaskState.CANCELLING.value)
    found: QuerySet[ServerTask] = _with_free_tag(free.filter(goes_on)).order_by("id")
    return found


def due() -> QuerySet[ServerTask]:
    """Queued tasks that may start now, in their order."""
    queued = ServerTask.objects.filter(
        Q(queue_expiry__isnull=True) | Q(queue_expiry__gt=Now()),
        state=TaskState.QUEUED.value,
        queue_time__lte=Now(),
    ).filter(Q(space=None) | Q(space__task_queue_stopped=False))
    found: QuerySet[ServerTask] = _with_free_tag(queued).order_by("-priority", "queue_time", "id")
    return found


def renew(lease: Lease) -> Wishes:
    """Keeps the lease. Raises LeaseLost."""
    mine = _mine(lease).filter(state__in=RUNNING)
    if not mine.update(lease_until=Now() + LEASE):
        raise LeaseLost
    return look(lease)


def look(lease: Lease) -> Wishes:
    """What is wanted of the run now. Raises LeaseLost."""
    row = _mine(lease).values_list("state", "must_hand_over").first()
    if row is None or row[0] not in RUNNING:
        raise LeaseLost
    return Wishes(row[0] == TaskState.CANCELLING.value, row[1])


def finish(lease: Lease, ended: TaskState, **changes: Any) -> TaskState:
    """Ends the task, in the caller's transaction. Returns the state it has now: a cancellation that
    came first wins. Raises LeaseLost."""
    task = locked(lease)
    came_from = TaskState(task.state)
    to = TaskState.CANCELED if came_from == TaskState.CANCELLING else ended
    if to == TaskState.CANCELED and came_from == TaskState.EXECUTING:
        raise LeaseLost  # nobody cancelled this task
    ServerTask.objects.move(lease.task_id, came_from, to, **changes)
    return to


@transaction.atomic
def park(lease: Lease, *, keeps_turn: bool) -> bool:
    """Leaves the task to its rows until a person has answered; its tag is free meanwhile, unless
    `keeps_turn`. False: the answer came already, go on. Raises LeaseLost."""
    task = locked(lease)
    if task.state == TaskState.CANCELLING.value:
        return False
    if not Interruption.objects.filter(task_id=lease.task_id, is_pending=True).exists():
        return False
    _mine(lease).update(
        is_waiting=True,
        is_parked=True,
        holds_tag=F("holds_tag") if keeps_turn else False,
        **_free(),
    )
    return True


def hand_over(lease: Lease) -> None:
    """Lets any worker go on with the task. Raises LeaseLost."""
    if not _mine(lease).update(**_free()):
        raise LeaseLost


def ask_hand_over(node: str) -> int:
    """Asks the runs of a node to leave their tasks to others. Returns how many there are."""
    mine = ServerTask.objects.filter(node=node, lease_until__isnull=False, state__in=RUNNING)
    return int(mine.update(must_hand_over=True))


def _taken(task: ServerTask, sure_until: float) -> Lease:
    owner = f"{settings.NODE}/{os.getpid()}"[:100]
    ServerTask.objects.filter(pk=task.pk).update(
        state=TaskState.EXECUTING.value if task.state == TaskState.QUEUED.value else F("state"),
        lease_owner=owner,
        lease_epoch=F("lease_epoch") + 1,
        lease_until=Now() + LEASE,
        node=settings.NODE,
        holds_tag=bool(task.concurrency_tag),
        is_waiting=False,
        is_parked=False,
        must_hand_over=False,
        started_at=Coalesce(F("started_at"), Now()),
        updated_at=Now(),
    )
    return Lease(task.pk, task.lease_epoch + 1, owner, sure_until)


def _next_in_turn(load: Load) -> ServerTask | None:
    """The next queued task of the space whose turn it is."""
    full = Q(space_id__in=load.full_spaces()) | Q(project_id__in=load.full_projects())
    waiting = load.fitting(due()).exclude(full & ~Q(kind__in=LIGHT))
    for line in _lines(waiting, load):
        tasks = waiting.filter(space=line.space, priority=line.priority)
        if line.priority > 0:
            tasks = _by_share(tasks, load)
        if task := _next(tasks):
            return task
    return None


def _lines(waiting: QuerySet[ServerTask], load: Load) -> list[Line]:
    found = waiting.order_by().values_list("space_id", "priority").distinct()
    lines = [Line(space, priority) for space, priority in found]
    spaces = {line.space for line in lines if line.space is not None}
    return in_turn(lines, load.spaces, _last_served(spaces) if len(spaces) > 1 else {})


def _last_served(spaces: set[int]) -> dict[int, float]:
    """When a task of each space started last, in seconds since 1970."""
    started = ServerTask.objects.filter(space_id=OuterRef("pk"), started_at__isnull=False)
    last = Subquery(started.order_by("-started_at").values("started_at")[:1])
    rows = Space.objects.filter(pk__in=spaces).annotate(last=last).values_list("pk", "last")
    return {pk: moment.timestamp() for pk, moment in rows if moment is not None}


def _by_share(tasks: QuerySet[ServerTask], load: Load) -> QuerySet[ServerTask]:
    """Among tasks in a hurry, projects below their share of the slots go first."""
    projects = set(tasks.order_by().values_list("project_id", flat=True).distinct()) - {None}
    over = over_their_share(load.projects, projects, settings.TASK_CAP)
    if not over:
        return tasks
    is_over = Case(When(project_id__in=sorted(over), then=1), default=0)
    return tasks.order_by(is_over, "queue_time", "id")


def _next(tasks: QuerySet[ServerTask]) -> ServerTask | None:
    return tasks.select_for_update(skip_locked=True, of=("self",)).first()


def _with_free_tag(tasks: Any) -> Any:
    held = ServerTask.objects.filter(
        space_id=OuterRef("space_id"), concurrency_tag=OuterRef("concurrency_tag"), holds_tag=True
    ).exclude(pk=OuterRef("pk"))
    return tasks.filter(Q(concurrency_tag="") | ~Exists(held))


def _mine(lease: Lease) -> Any:
    return ServerTask.objects.filter(
        pk=lease.task_id, lease_epoch=lease.epoch, lease_owner=lease.owner
    )


def locked(lease: Lease) -> ServerTask:
    """The task's row, locked until the transaction ends. Raises LeaseLost."""
    task: ServerTask | None = _mine(lease).select_for_update(of=("self",)).first()
    if task is None or task.state not in RUNNING:
        raise LeaseLost
    return task


def _free() -> dict[str, Any]:
    return {
        "lease_until": None,
        "lease_owner": "",
        "must_hand_over": False,
        "updated_at": Now(),
    }
