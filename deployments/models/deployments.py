"""Deployments: one release to one environment, once."""

from django.db import models

from deployments.models.channels import Channel
from deployments.models.releases import Release
from deployments.models.runs import ProcessRun


class Deployment(ProcessRun):
    """One release in one environment, for a tenant or for none. domain.md 17.1.

    changes: the releases it brings, as `core.release_notes` tells them, as of creation.
    """

    wire_prefix = "Deployments"

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="deployments")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="deployments")
    changes = models.JSONField(default=list)
    changes_markdown = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["project", "environment", "tenant", "-id"], name="deployment_place"
            ),
            models.Index(fields=["release", "environment"], name="deployment_of_release"),
            models.Index(fields=["space", "-id"], name="deployment_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.release} to {self.environment}{f' for {self.tenant}' if self.tenant else ''}"

    @property
    def assembly(self) -> Release:
        return self.release
