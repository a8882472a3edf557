"""Deployments: one release to one environment, once."""

from django.db import models

from deployments.models.channels import Channel
from deployments.models.environments import Environment
from deployments.models.projects import Project
from deployments.models.releases import Release
from deployments.models.tasks import ServerTask
from deployments.models.tenants import Tenant
from spaces.models import Dimensions, SpaceOwned
from spaces.secrets import SealedFields


class Deployment(SealedFields, SpaceOwned):
    """One (release, environment, tenant) with its options and its task. domain.md 17.1.

    tenant: None where the deployment is for no tenant.
    form_values: answers to prompted variables by name; sensitive ones are in `sealed_form_values`.
    skip_actions, specific_machines, excluded_machines: ids. use_guided_failure: None = as configured.
    changes: the releases it brings, as `core.release_notes` tells them, as of creation.
    """

    dimensions = Dimensions(
        project="project_id",
        group="project__group_id",
        environment="environment_id",
        tenant="tenant_id",
    )
    wire_prefix = "Deployments"
    sealed_fields = ("sealed_form_values",)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="deployments")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="deployments")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="deployments")
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="deployments"
    )
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, related_name="deployments", null=True, blank=True
    )
    task = models.OneToOneField(ServerTask, on_delete=models.CASCADE, related_name="deployment")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150, blank=True, default="")
    comments = models.TextField(blank=True, default="")
    skip_actions = models.JSONField(default=list)
    specific_machines = models.JSONField(default=list)
    excluded_machines = models.JSONField(default=list)
    force_package_download = models.BooleanField(default=False)
    force_package_redeployment = models.BooleanField(default=False)
    use_guided_failure = models.BooleanField(null=True, blank=True)
    form_values = models.JSONField(default=dict)
    sealed_form_values = models.TextField(blank=True, default="")
    failure_encountered = models.BooleanField(default=False)
    deployed_to_machines = models.JSONField(default=list)
    changes = models.JSONField(default=list)
    changes_markdown = models.TextField(blank=True, default="")
    reason = models.CharField(max_length=40, blank=True, default="")

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
