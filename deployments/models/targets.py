"""Deployment targets (`Machine` on the wire) and the policies their health checks follow."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from deployments.models.accounts import Account
from deployments.models.environments import Environment
from deployments.models.named import Named
from deployments.models.tenants import Tenant
from spaces.models import Dimensions, SpaceOwned

HEALTH = ["Healthy", "HasWarnings", "Unhealthy", "Unavailable", "Unknown"]


class MachinePolicy(Named):
    """How often and how targets are checked, and what their absence means. domain.md 6.3."""

    wire_prefix = "MachinePolicies"

    is_default = models.BooleanField(default=False)
    health_interval = models.DurationField(default=timedelta(hours=1))
    only_connectivity = models.BooleanField(default=False)
    bash_script = models.TextField(blank=True, default="")
    may_be_offline = models.BooleanField(default=False)

    class Meta(Named.Meta):
        verbose_name_plural = "machine policies"
        constraints = [
            *Named.Meta.constraints,
            models.UniqueConstraint(
                fields=["space"], condition=Q(is_default=True), name="machinepolicy_one_default"
            ),
        ]


class Target(Named):
    """A machine that steps run on. `host_key` is what was confirmed by a person; a different one stops
    every connection before anything is sent. tenant_tags: canonical names; those who carry them count
    as its tenants. domain.md 6.1."""

    dimensions = Dimensions(
        environment="environments__environment_id",
        tenant="tenants__tenant_id",
        many=frozenset({"environment", "tenant"}),
    )
    wire_prefix = "Machines"
    view_permission = "MachineView"

    class Style(models.TextChoices):
        SSH = "Ssh", "SSH"
        LOCAL = "None", "On the worker"

    roles = ArrayField(models.CharField(max_length=100), default=list)
    is_disabled = models.BooleanField(default=False)
    tenanted_participation = models.CharField(max_length=30, default="Untenanted")
    tenant_tags = ArrayField(models.CharField(max_length=401), default=list, blank=True)
    policy = models.ForeignKey(MachinePolicy, on_delete=models.PROTECT, related_name="targets")

    communication_style = models.CharField(max_length=30, choices=Style.choices, default=Style.SSH)
    host = models.CharField(max_length=255, blank=True, default="")
    port = models.PositiveIntegerField(default=22)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="targets", null=True, blank=True
    )
    host_key = models.TextField(blank=True, default="")
    fingerprint = models.CharField(max_length=100, blank=True, default="")
    host_key_accepted_by = models.CharField(max_length=150, blank=True, default="")
    host_key_accepted_at = models.DateTimeField(null=True, blank=True)

    health = models.CharField(
        max_length=20, choices=[(word, word) for word in HEALTH], default="Unknown"
    )
    health_summary = models.TextField(blank=True, default="")
    offered_fingerprint = models.CharField(max_length=100, blank=True, default="")
    checked_at = models.DateTimeField(null=True, blank=True)
    unavailable_since = models.DateTimeField(null=True, blank=True)
    operating_system = models.CharField(max_length=200, blank=True, default="")
    shell_name = models.CharField(max_length=50, blank=True, default="Bash")
    shell_version = models.CharField(max_length=200, blank=True, default="")
    architecture = models.CharField(max_length=50, blank=True, default="")

    class Meta(Named.Meta):
        indexes = [GinIndex(fields=["roles"], name="target_roles")]


class TargetEnvironment(SpaceOwned):
    """A target serves this environment; every target has at least one."""

    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="environments")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="targets")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["target", "environment"], name="targetenvironment_once")
        ]

    def __str__(self) -> str:
        return f"{self.target} in {self.environment}"


class TargetTenant(SpaceOwned):
    """A target serves this tenant, if it takes part in tenanted deployments."""

    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="tenants")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="targets")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["target", "tenant"], name="targettenant_once")
        ]

    def __str__(self) -> str:
        return f"{self.target} for {self.tenant}"
