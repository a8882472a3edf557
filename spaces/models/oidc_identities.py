"""Machines that prove who they are to somebody else, and the keys that sign what we give them for it."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from spaces.models.base import WireIdentified
from spaces.models.users import User
from spaces.secrets import SealedFields
from spaces.wildcards import matches


class OidcIdentity(WireIdentified, models.Model):
    """Whose tokens stand for a service account. domain.md 3.4.

    issuer: compared exactly. subject: a pattern with `*` and `?`.
    audience: what the token has to be for; empty: the account's external id.
    version: counts changes; access tokens given for an earlier one are void.
    """

    wire_prefix = "ServiceAccountOidcIdentities"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="oidc_identities")
    name = models.CharField(max_length=200)
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=500)
    audience = models.CharField(max_length=500, blank=True, default="")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = "OIDC identity"
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="oidcidentity_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def expected_audience(self) -> str:
        return self.audience or str(self.user.external_id)

    def admits(self, *, issuer: str, subject: str, audience: str) -> bool:
        """Whether a token that claims this would stand for the account, if the claims are true."""
        is_ours = issuer == self.issuer and audience == self.expected_audience
        return is_ours and matches(self.subject, subject)


class TokenKey(SealedFields):
    """A key pair that signs access tokens: RSA-2048, used for 90 days and believed for 90 more.

    private: PEM, sealed. public: the JWK that everybody may know, with its `kid`.
    """

    sealed_fields = ("private",)
    space_id: ClassVar[None] = None
    SIGNS_FOR: ClassVar[timedelta] = timedelta(days=90)
    BELIEVED_FOR: ClassVar[timedelta] = timedelta(days=180)

    kid = models.CharField(max_length=32, unique=True)
    private = models.TextField()
    public = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.kid

    @property
    def may_sign(self) -> bool:
        return timezone.now() - self.created_at < self.SIGNS_FOR

    @property
    def is_believed(self) -> bool:
        return timezone.now() - self.created_at < self.BELIEVED_FOR
