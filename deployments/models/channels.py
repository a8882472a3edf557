"""Channels: which packages a release may hold, and which lifecycle it follows."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from deployments.models.lifecycles import Lifecycle
from deployments.models.projects import Project
from spaces.models import Dimensions, SpaceOwned


class Channel(SpaceOwned):
    """A stream of releases of one project, such as Default, Hotfix or Beta. domain.md 10.

    rules: [{"id", "version_range", "tag", "packages": [{"action", "reference"}]}].
    """

    dimensions = Dimensions(project="project_id", group="project__group_id")
    wire_prefix = "Channels"
    view_permission = "ProcessView"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="channels")
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=210)
    description = models.TextField(blank=True, default="")
    lifecycle = models.ForeignKey(
        Lifecycle, on_delete=models.PROTECT, related_name="channels", null=True, blank=True
    )
    is_default = models.BooleanField(default=False)
    rules = models.JSONField(default=list, blank=True)
    tenant_tags = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), "project", name="channel_name_unique"),
            models.UniqueConstraint(
                fields=["project"], condition=Q(is_default=True), name="channel_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name
