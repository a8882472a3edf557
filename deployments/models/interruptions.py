"""Interruptions: where a task waits for a person."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from deployments.models.tasks import ServerTask
from spaces.models import Dimensions, SpaceOwned


class Interruption(SpaceOwned):
    """A question to people: approve, or decide about a failure. domain.md 18.

    Only the responsible user may submit. node_key: the log node it belongs to. choices: the results on
    offer. values: what was submitted. responsible_teams empty: whoever may deploy there. attempt: of the
    action, which of its attempts it is about. subject: what else it is about, for a second question of the
    same attempt.

    minimum_approvals ... when_expired: `core.approvals.Terms`. approvals: [{"user", "name", "notes", "at"}] of
    those who proceeded, while others still have to.
    """

    dimensions = Dimensions(
        project="task__project_id",
        group="task__project__group_id",
        environment="task__environment_id",
        tenant="task__tenant_id",
    )
    wire_prefix = "Interruptions"

    class Kind(models.TextChoices):
        MANUAL = "ManualIntervention", "Manual intervention"
        GUIDED_FAILURE = "GuidedFailure", "Guided failure"

    task = models.ForeignKey(ServerTask, on_delete=models.CASCADE, related_name="interruptions")
    kind = models.CharField(max_length=30, choices=Kind.choices)
    title = models.CharField(max_length=500)
    instructions = models.TextField(blank=True, default="")
    choices = ArrayField(models.CharField(max_length=20))
    responsible_teams = ArrayField(models.BigIntegerField(), default=list, blank=True)
    responsible_user = models.ForeignKey(
        "spaces.User", on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    node_key = models.CharField(max_length=300, blank=True, default="")
    step_id = models.CharField(max_length=100, blank=True, default="")
    action_id = models.CharField(max_length=100, blank=True, default="")
    machine_id = models.BigIntegerField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=1)
    subject = models.CharField(max_length=400, blank=True, default="")
    minimum_approvals = models.PositiveIntegerField(default=1)
    each_team = models.BooleanField(default=False)
    four_eyes = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    when_expired = models.CharField(max_length=20, blank=True, default="")
    approvals = models.JSONField(default=list)
    is_pending = models.BooleanField(default=True)
    values = models.JSONField(default=dict)
    result = models.CharField(max_length=20, blank=True, default="")
    notes = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["space", "-id"], condition=Q(is_pending=True), name="interruption_pending"
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def answer_name(self) -> str:
        """What the form calls the answer (api-dialect.md 8.18)."""
        return "Result" if self.kind == self.Kind.MANUAL else "Guidance"


class Artifact(SpaceOwned):
    """A file a step collected. Its bytes are in the blob store under `sha256`."""

    dimensions = Dimensions(
        project="task__project_id",
        group="task__project__group_id",
        environment="task__environment_id",
        tenant="task__tenant_id",
    )
    wire_prefix = "Artifacts"

    task = models.ForeignKey(ServerTask, on_delete=models.CASCADE, related_name="artifacts")
    file_name = models.CharField(max_length=255)
    source = models.CharField(max_length=400, blank=True, default="")
    node_key = models.CharField(max_length=300, blank=True, default="")
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name
