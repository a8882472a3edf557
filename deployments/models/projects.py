"""Projects and the groups they are listed in."""

from django.db import models

from deployments.models.lifecycles import Lifecycle
from deployments.models.named import Named
from spaces.models import Dimensions

DEFAULT_VERSION_TEMPLATE = (
    "#{Octopus.Version.LastMajor}.#{Octopus.Version.LastMinor}.#{Octopus.Version.NextPatch}"
)


class ProjectGroup(Named):
    """A heading on the dashboard and a handle for permissions."""

    dimensions = Dimensions(group="id")
    wire_prefix = "ProjectGroups"


class Project(Named):
    """One thing that is deployed: a process, its variables, and the releases made of them. domain.md 9."""

    dimensions = Dimensions(project="id", group="group_id")
    wire_prefix = "Projects"

    class GuidedFailure(models.TextChoices):
        ENVIRONMENT = "EnvironmentDefault", "As the environment says"
        OFF = "Off", "Off"
        ON = "On", "On"

    group = models.ForeignKey(ProjectGroup, on_delete=models.PROTECT, related_name="projects")
    lifecycle = models.ForeignKey(Lifecycle, on_delete=models.PROTECT, related_name="projects")
    is_disabled = models.BooleanField(default=False)
    tenanted_mode = models.CharField(max_length=30, default="Untenanted")
    guided_failure = models.CharField(
        max_length=30, choices=GuidedFailure.choices, default=GuidedFailure.ENVIRONMENT
    )
    version_template = models.CharField(max_length=400, default=DEFAULT_VERSION_TEMPLATE)
    version_donor = models.JSONField(null=True, blank=True)
    release_notes_template = models.TextField(blank=True, default="")
    deployment_changes_template = models.TextField(blank=True, default="")
    skip_if_already_installed = models.BooleanField(default=False)
    force_package_download = models.BooleanField(default=False)
    skip_unavailable_targets = models.BooleanField(default=False)
    exclude_unhealthy_targets = models.BooleanField(default=False)
    allow_no_targets = models.BooleanField(default=False)
    skip_target_roles = models.JSONField(default=list, blank=True)
    discrete_channel_release = models.BooleanField(default=False)
    allow_ignore_channel_rules = models.BooleanField(default=True)
    library_sets = models.JSONField(default=list, blank=True)
    last_version = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
