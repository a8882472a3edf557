"""API keys: how programs prove who they act for. domain.md 3.3."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from spaces.models.users import User


class ApiKey(models.Model):
    """A key of a user, of which only the hash is kept, with limits narrower than the user's rights.

    lookup: the first characters after "API-", by which the row is found.
    digest: SHA-256 of the whole key, hexadecimal.
    parent: the key it was made with; revoked together with it (security-and-reliability.md P11).
    announced: how many days before its end the audit trail last told of it; 0: that it has ended.
    Limits: NULL means any; `read_only` leaves the View permissions.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    lookup = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    purpose = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    announced = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_ip = models.GenericIPAddressField(null=True, blank=True)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, related_name="derived", null=True, blank=True
    )
    read_only = models.BooleanField(default=False)
    space_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    permissions = ArrayField(models.CharField(max_length=60), null=True, blank=True)
    project_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    environment_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    tenant_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    allowed_cidrs = ArrayField(models.CharField(max_length=50), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.purpose or self.hint

    @property
    def wire_id(self) -> str:
        return f"apikeys-{self.lookup}"

    @property
    def hint(self) -> str:
        """Enough to recognise a key, useless to anybody else."""
        return f"API-{self.lookup[:4]}…"
