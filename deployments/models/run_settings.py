"""How runs of a process treat targets, tenants and failures."""

from django.db import models


class RunSettings(models.Model):
    """What a project says for its deployments, and a runbook for its runs. domain.md 9, 24.

    skip_unavailable_targets, exclude_unhealthy_targets, allow_no_targets, skip_target_roles: the
    connectivity policy.
    """

    class GuidedFailure(models.TextChoices):
        ENVIRONMENT = "EnvironmentDefault", "As the environment says"
        OFF = "Off", "Off"
        ON = "On", "On"

    tenanted_mode = models.CharField(max_length=30, default="Untenanted")
    guided_failure = models.CharField(
        max_length=30, choices=GuidedFailure.choices, default=GuidedFailure.ENVIRONMENT
    )
    force_package_download = models.BooleanField(default=False)
    skip_unavailable_targets = models.BooleanField(default=False)
    exclude_unhealthy_targets = models.BooleanField(default=False)
    allow_no_targets = models.BooleanField(default=False)
    skip_target_roles = models.JSONField(default=list, blank=True)

    class Meta:
        abstract = True
