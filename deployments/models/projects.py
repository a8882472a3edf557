"""Projects and the groups they are listed in."""

from django.db import models

from deployments.models.lifecycles import Lifecycle
from deployments.models.named import Named
from deployments.models.run_settings import RunSettings
from spaces.models import Dimensions

DEFAULT_VERSION_TEMPLATE = (
    "#{Octopus.Version.LastMajor}.#{Octopus.Version.LastMinor}.#{Octopus.Version.NextPatch}"
)


class ProjectGroup(Named):
    """A heading on the dashboard and a handle for permissions."""

    dimensions = Dimensions(group="id")
    wire_prefix = "ProjectGroups"


class Project(Named, RunSettings):
    """One thing that is deployed: a process, its variables, and the releases made of them. domain.md 9."""

    dimensions = Dimensions(project="id", group="group_id")
    wire_prefix = "Projects"

    group = models.ForeignKey(ProjectGroup, on_delete=models.PROTECT, related_name="projects")
    lifecycle = models.ForeignKey(Lifecycle, on_delete=models.PROTECT, related_name="projects")
    is_disabled = models.BooleanField(default=False)
    version_template = models.CharField(max_length=400, default=DEFAULT_VERSION_TEMPLATE)
    version_donor = models.JSONField(null=True, blank=True)
    release_notes_template = models.TextField(blank=True, default="")
    deployment_changes_template = models.TextField(blank=True, default="")
    skip_if_already_installed = models.BooleanField(default=False)
    discrete_channel_release = models.BooleanField(default=False)
    allow_ignore_channel_rules = models.BooleanField(default=True)
    library_sets = models.JSONField(default=list, blank=True)
    last_version = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
