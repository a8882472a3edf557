"""Process runs: an assembly carried out in an environment by a server task."""

from django.db import models

from deployments.models.assemblies import Assembly
from deployments.models.environments import Environment
from deployments.models.projects import Project
from deployments.models.tasks import ServerTask
from deployments.models.tenants import Tenant
from spaces.models import Dimensions, SpaceOwned
from spaces.secrets import SealedFields


class ProcessRun(SealedFields, SpaceOwned):
    """What deployments and runbook runs have in common: where, by which task, with which options.
    domain.md 17.1, 24.

    tenant: None where the run is for no tenant.
    form_values: answers to prompted variables by name; sensitive ones are in `sealed_form_values`.
    skip_actions, specific_machines, excluded_machines: ids. use_guided_failure: None = as configured.
    """

    dimensions = Dimensions(
        project="project_id",
        group="project__group_id",
        environment="environment_id",
        tenant="tenant_id",
    )
    sealed_fields = ("sealed_form_values",)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="%(class)ss")
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="%(class)ss"
    )
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, related_name="%(class)ss", null=True, blank=True
    )
    task = models.OneToOneField(ServerTask, on_delete=models.CASCADE, related_name="%(class)s")
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
    reason = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def assembly(self) -> Assembly:
        """What is carried out."""
        raise NotImplementedError
