"""Releases: a process, variables and package versions frozen together."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from deployments.models.channels import Channel
from deployments.models.processes import ProcessSnapshot
from deployments.models.projects import Project
from deployments.models.variables import VariableSnapshot
from spaces.models import Dimensions, SpaceOwned


class Release(SpaceOwned):
    """What travels through the environments. domain.md 16.

    packages: [{"action", "action_name", "step_name", "reference", "package_id", "version", "feed",
    "extension", "sha256", "size"}], one for each package reference of the process.
    build_information: copies of what builds told about these packages, as of creation.
    """

    dimensions = Dimensions(project="project_id", group="project__group_id")
    wire_prefix = "Releases"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="releases")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="releases")
    version = models.CharField(max_length=255)
    notes = models.TextField(blank=True, default="")
    process = models.ForeignKey(ProcessSnapshot, on_delete=models.PROTECT, related_name="releases")
    variables = models.ForeignKey(
        VariableSnapshot, on_delete=models.PROTECT, related_name="releases"
    )
    packages = models.JSONField(default=list)
    build_information = models.JSONField(default=list)
    custom_fields = models.JSONField(default=dict)
    ignore_channel_rules = models.BooleanField(default=False)
    assembled_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150, blank=True, default="")

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
