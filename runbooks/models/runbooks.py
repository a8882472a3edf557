"""Runbooks: what a project has to be done now and then, beside being deployed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from deployments.models import Environment, Project, RunSettings
from spaces.models import Dimensions, SpaceOwned

DEFAULT_RUNS_KEPT = 100


class Runbook(RunSettings, SpaceOwned):
    """Steps of a project that are run when they are needed, with the project's variables but without
    releases, channels or a lifecycle. domain.md 24.

    environment_scope: where it may run; `environments` count where it says Specified.
    runs_kept: for each environment and tenant; None keeps all. published: what people run who may not
    edit it.
    """

    dimensions = Dimensions(project="project_id", group="project__group_id")
    wire_prefix = "Runbooks"

    class EnvironmentScope(models.TextChoices):
        ALL = "All", "Every environment"
        SPECIFIED = "Specified", "Only the environments chosen here"
        LIFECYCLES = "FromProjectLifecycles", "The environments of the project's lifecycles"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runbooks")
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=210)
    description = models.TextField(blank=True, default="")
    environment_scope = models.CharField(
        max_length=30, choices=EnvironmentScope.choices, default=EnvironmentScope.ALL
    )
    allow_no_targets = models.BooleanField(default=True)
    runs_kept = models.PositiveIntegerField(null=True, blank=True, default=DEFAULT_RUNS_KEPT)
    tags = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    published = models.ForeignKey(
        "runbooks.RunbookSnapshot",
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), "project", name="runbook_name_unique"),
            models.UniqueConstraint(fields=["space", "slug"], name="runbook_slug_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class RunbookEnvironment(SpaceOwned):
    """A runbook whose scope is Specified runs in this environment."""

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="environments")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["runbook", "environment"], name="runbookenvironment_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.runbook} in {self.environment}"
