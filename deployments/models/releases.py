"""Releases: a process, variables and package versions frozen together."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from deployments.core.process import Step
from deployments.core.variables import DEPLOYMENT_PROCESS
from deployments.models.assemblies import Assembly
from deployments.models.channels import Channel
from deployments.models.processes import ProcessSnapshot
from deployments.models.projects import Project
from spaces.models import Dimensions, SpaceOwned


class Release(Assembly):
    """What travels through the environments. domain.md 16.

    build_information: copies of what builds told about its packages, as of creation.
    """

    wire_prefix = "Releases"

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="releases")
    version = models.CharField(max_length=255)
    process = models.ForeignKey(ProcessSnapshot, on_delete=models.PROTECT, related_name="releases")
    build_information = models.JSONField(default=list)
    custom_fields = models.JSONField(default=dict)
    ignore_channel_rules = models.BooleanField(default=False)

    class Meta:
        ordering = ["-assembled_at", "-id"]
        constraints = [
            models.UniqueConstraint("project", Lower("version"), name="release_version_unique")
        ]
        indexes = [
            models.Index(fields=["project", "-assembled_at", "-id"], name="release_newest"),
            GinIndex(fields=["packages"], opclasses=["jsonb_path_ops"], name="release_packages"),
        ]

    def __str__(self) -> str:
        return f"{self.project.name} {self.version}"

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.process.parsed

    @property
    def settings(self) -> Project:
        return self.project

    @property
    def process_owner(self) -> str:
        return DEPLOYMENT_PROCESS

    @property
    def names(self) -> dict[str, str]:
        return {"Octopus.Release.Number": self.version}

    @property
    def channel_number(self) -> int | None:
        return self.channel_id


class Defect(SpaceOwned):
    """A reason not to let a release progress; unresolved while `resolved_at` is null. domain.md 8.5."""

    dimensions = Dimensions(project="release__project_id", group="release__project__group_id")
    wire_prefix = "Defects"
    view_permission = "ReleaseView"

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="defects")
    description = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150, blank=True, default="")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["release"], condition=Q(resolved_at__isnull=True), name="defect_unresolved"
            )
        ]

    def __str__(self) -> str:
        return self.description[:80]
