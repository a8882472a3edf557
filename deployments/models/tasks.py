"""Server tasks: the queue, the leases on it, the journal of what was done, and the log."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from deployments.core.states import ACTIVE, FINAL, TaskState, check_move
from deployments.models.environments import Environment
from deployments.models.projects import Project
from deployments.models.tenants import Tenant
from spaces.models import Dimensions, SpaceOwned, SpaceOwnedQuerySet
from spaces.secrets import SealedFields


class ServerTaskQuerySet(SpaceOwnedQuerySet["ServerTask"]):
    def active(self) -> Self:
        return self.filter(state__in=ACTIVE)

    def move(self, task_id: int, came_from: TaskState, to: TaskState, **changes: Any) -> bool:
        """Compare-and-set the state. False: someone else moved the task first."""
        check_move(came_from, to)
        if to.value in FINAL:
            changes |= {
                "finished_at": Now(),
                "lease_until": None,
                "lease_owner": "",
                "holds_tag": False,
                "is_waiting": False,
                "is_parked": False,
            }
        moved = self.filter(pk=task_id, state=came_from.value)
        return moved.update(state=to.value, updated_at=Now(), **changes) == 1


class ServerTask(SpaceOwned):
    """One unit of work on the queue: a deployment, a runbook run, a health check. domain.md 19.

    A task of the system, such as deleting a space, has no space: no stopped queue holds it up.

    The row is the truth. `lease_*` say which worker runs it; every write of that worker carries the
    epoch, so one that lost its lease changes nothing more (security-and-reliability.md 6.1).
    is_waiting: started, but only rows are left of it until a person answers. is_parked: the same until a
    worker takes it up again, which it does not while the queue of its space is stopped. holds_tag: it is the one
    that its concurrency tag lets run. must_hand_over: its worker is asked to leave it to another.
    plan: the frozen `core.plan.Plan`, from the first start on. resumes: the failed task that this one goes
    on from.
    """

    dimensions = Dimensions(
        project="project_id",
        group="project__group_id",
        environment="environment_id",
        tenant="tenant_id",
    )
    wire_prefix = "ServerTasks"
    view_permission = "TaskView"

    class Kind(models.TextChoices):
        DEPLOY = "Deploy", "Deployment"
        RUNBOOK_RUN = "RunbookRun", "Runbook run"
        HEALTH = "Health", "Health check"
        DELETE_SPACE = "DeleteSpace", "Deletion of a space"

    space = models.ForeignKey(  # type: ignore[assignment]  # the one model whose rows may have none
        "spaces.Space", on_delete=models.CASCADE, related_name="+", null=True, blank=True
    )
    kind = models.CharField(max_length=30, choices=Kind.choices)
    description = models.CharField(max_length=500)
    state = models.CharField(max_length=20, default=TaskState.QUEUED.value)
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="tasks", null=True, blank=True
    )
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="tasks", null=True, blank=True
    )
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, related_name="tasks", null=True, blank=True
    )
    arguments = models.JSONField(default=dict)
    concurrency_tag = models.CharField(max_length=300, blank=True, default="")
    priority = models.IntegerField(default=0)

    created_at = models.DateTimeField(db_default=Now())
    queue_time = models.DateTimeField(db_default=Now())
    queue_expiry = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now())

    requested_by = models.ForeignKey(
        "spaces.User", on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    requested_with = models.CharField(max_length=200, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    has_warnings_or_errors = models.BooleanField(default=False)
    is_waiting = models.BooleanField(default=False)
    is_parked = models.BooleanField(default=False)
    holds_tag = models.BooleanField(default=False)
    must_hand_over = models.BooleanField(default=False)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    canceled_by = models.CharField(max_length=150, blank=True, default="")

    lease_owner = models.CharField(max_length=100, blank=True, default="")
    lease_epoch = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    node = models.CharField(max_length=100, blank=True, default="")
    crashes = models.PositiveIntegerField(default=0)
    plan = models.JSONField(null=True, blank=True)
    resumes = models.ForeignKey(
        "self", on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    log_size = models.BigIntegerField(default=0)
    last_seq = models.BigIntegerField(default=0)

    objects: ClassVar[Any] = ServerTaskQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="servertask_finished_iff_final",
                condition=Q(state__in=FINAL, finished_at__isnull=False)
                | (~Q(state__in=FINAL) & Q(finished_at__isnull=True)),
            ),
            # what other rows of a space refer to; see spaces.integrity
            models.UniqueConstraint(
                fields=["space", "id"], name="deployments_servertask_space_row"
            ),
            models.CheckConstraint(
                name="servertask_system_has_no_place",
                condition=Q(space__isnull=False)
                | Q(project__isnull=True, environment__isnull=True, tenant__isnull=True),
            ),
            models.CheckConstraint(
                name="servertask_leased_iff_running",
                condition=Q(lease_until__isnull=True) | Q(state__in=["Executing", "Cancelling"]),
            ),
            models.UniqueConstraint(
                fields=["space", "concurrency_tag"],
                condition=Q(holds_tag=True),
                name="servertask_one_per_tag",
            ),
            models.CheckConstraint(
                name="servertask_tag_while_running",
                condition=Q(holds_tag=False)
                | (~Q(concurrency_tag="") & Q(state__in=["Executing", "Cancelling"])),
            ),
        ]
        indexes = [
            models.Index(fields=["space", "-id"], name="servertask_recent"),
            models.Index(
                F("priority").desc(),
                "queue_time",
                "id",
                condition=Q(state="Queued"),
                name="servertask_queue",
            ),
            models.Index(
                fields=["space", "-started_at"],
                condition=Q(started_at__isnull=False),
                name="servertask_turns",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(state__in=["Executing", "Cancelling"]),
                name="servertask_leases",
            ),
            models.Index(
                fields=["concurrency_tag"], condition=Q(state__in=ACTIVE), name="servertask_tags"
            ),
            models.Index(fields=["project", "environment", "-id"], name="servertask_cell"),
        ]

    def __str__(self) -> str:
        return self.description

    @property
    def home(self) -> int:
        """The id of the space of a task that works in one. Raises LookupError for the system's."""
        if self.space_id is None:
            raise LookupError(f"{self.wire_id} belongs to no space.")
        return self.space_id

    @property
    def is_completed(self) -> bool:
        return self.state in FINAL

    @property
    def is_success(self) -> bool:
        return self.state == TaskState.SUCCESS.value


class StepJournal(models.Model):
    """One attempt of one action on one machine. `Started` is committed before the first effect.

    run_token names the folder on the machine where bootstrap, output and exit code are kept, so that
    another worker can learn the result. machine_id None: worker or server. operation: how many of
    the action's operations are complete.
    """

    owned_through = "task"

    task = models.ForeignKey(ServerTask, on_delete=models.CASCADE, related_name="journal")
    step_id = models.CharField(max_length=100)
    action_id = models.CharField(max_length=100)
    machine_id = models.BigIntegerField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=20)
    epoch = models.IntegerField()
    run_token = models.CharField(max_length=64, unique=True)
    operation = models.PositiveIntegerField(default=0)
    stdout_offset = models.BigIntegerField(default=0)
    stderr_offset = models.BigIntegerField(default=0)
    facts = models.JSONField(default=dict)
    is_ignored = models.BooleanField(default=False)
    exit_code = models.IntegerField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "action_id", "machine_id", "attempt"],
                nulls_distinct=False,
                name="stepjournal_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.action_id} on {self.machine_id}: {self.state}"


class OutputVariable(SealedFields, models.Model):
    """What a step told later steps. `machine_id` is None where no target was involved."""

    owned_through = "task"
    sealed_fields = ("secret",)

    task = models.ForeignKey(ServerTask, on_delete=models.CASCADE, related_name="outputs")
    step_name = models.CharField(max_length=200)
    machine_id = models.BigIntegerField(null=True, blank=True)
    machine_name = models.CharField(max_length=200, blank=True, default="")
    name = models.CharField(max_length=400)
    value = models.TextField(blank=True, default="")
    secret = models.TextField(blank=True, default="")
    is_sensitive = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "step_name", "machine_id", "name"],
                nulls_distinct=False,
                name="outputvariable_once",
            )
        ]

    def __str__(self) -> str:
        return f"Octopus.Action[{self.step_name}].Output.{self.name}"

    @property
    def space_id(self) -> int | None:
        """Sealing binds a secret to its space."""
        return self.task.space_id


class TaskLogNode(models.Model):
    """A part of the task in its log: step, action, machine, attempt. The whole planned tree exists from
    the start. `key` is the path, such as "2/3/machine-7"; the root's is ""."""

    owned_through = "task"

    task = models.ForeignKey(ServerTask, on_delete=models.CASCADE, related_name="nodes")
    key = models.CharField(max_length=300)
    parent_key = models.CharField(max_length=300, null=True, blank=True)  # noqa: DJ001 - the root has none
    name = models.CharField(max_length=500)
    sort_order = models.IntegerField(default=0)
    status = models.CharField(max_length=20, default="Pending")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    progress = models.PositiveIntegerField(default=0)
    progress_message = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["task_id", "sort_order", "id"]
        constraints = [models.UniqueConstraint(fields=["task", "key"], name="tasklognode_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def correlation_id(self) -> str:
        """The id clients see; stable between polls (api-dialect.md 7.6)."""
        return (
            f"ServerTasks-{self.task_id}_{self.key}" if self.key else f"ServerTasks-{self.task_id}"
        )


class TaskLogLine(models.Model):
    """One masked line. Numbers are gap-free per task; only the lease owner writes them.

    spans: [[start, end, style], ...] where colours were, or None.
    """

    owned_through = "task"

    pk = models.CompositePrimaryKey("task_id", "seq")
    task = models.ForeignKey(
        ServerTask, on_delete=models.CASCADE, related_name="lines", db_index=False
    )
    seq = models.BigIntegerField()
    node_key = models.CharField(max_length=300)
    category = models.CharField(max_length=12)
    occurred_at = models.DateTimeField()
    text = models.TextField()
    detail = models.TextField(blank=True, default="")
    spans = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["seq"]
        indexes = [models.Index(fields=["task", "node_key", "seq"], name="tasklogline_node")]

    def __str__(self) -> str:
        return self.text
