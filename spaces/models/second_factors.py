"""What a person shows beside a password: an authenticator app, security keys, recovery codes. Promise S6."""

from typing import ClassVar

from django.db import models

from spaces.models.users import User
from spaces.secrets import SealedFields


class AuthenticatorApp(SealedFields):
    """An app that makes codes from a shared secret (RFC 6238). One for each user.

    confirmed_at: empty until a code proved that the app has the secret; before that it counts for nothing.
    last_step: the newest time step whose code was taken; a code counts once.
    """

    sealed_fields = ("secret",)
    space_id: ClassVar[None] = None

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="authenticator_app")
    secret = models.TextField()
    last_step = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "authenticator app"

    def __str__(self) -> str:
        return f"Authenticator app of {self.user}"


class SecurityKey(models.Model):
    """A key of the user's, in hardware or in the machine (WebAuthn). Only its public half is known here.

    credential_id, credential: as the browser gave them, in base64url.
    sign_count: how often it signed, by its own count; a count that goes back is a copy.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="security_keys")
    name = models.CharField(max_length=100)
    credential_id = models.TextField(unique=True)
    credential = models.TextField()
    sign_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at"]
        verbose_name = "security key"

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """Signs in once when everything else is lost. digest: SHA-256, hexadecimal."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="recoverycode_unique")
        ]

    def __str__(self) -> str:
        return f"Recovery code of {self.user}"
