"""People and service accounts, and how often somebody failed to sign in."""

import unicodedata
from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Lower

from spaces.models.base import WireIdentified


def canonical_username(text: str) -> str:
    """The one spelling that sign-in, throttling and uniqueness compare."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=canonical_username(username or ""))


class User(WireIdentified, AbstractBaseUser):
    """Who can sign in or hold an API key. Rights come from teams only. domain.md 3.1, 3.2.

    is_service: acts through API keys only, without password or session.
    is_staff, is_superuser: what Django's own admin asks; true exactly for the members of Octopus
    Administrators, and without any meaning for what belongs to a space.
    external_id: what a service account is called outside: the audience of tokens meant for it.
    """

    wire_prefix = "Users"

    username = models.CharField(max_length=150, unique=True)
    external_id = models.UUIDField(
        default=uuid4, db_default=RandomUUID(), unique=True, editable=False
    )
    display_name = models.CharField(max_length=200)
    email = models.EmailField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_service = models.BooleanField(default=False)
    is_staff = models.BooleanField(default=False, editable=False)
    is_superuser = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    anonymised_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["username"]
        constraints = [models.UniqueConstraint(Lower("username"), name="user_username_unique")]

    def __str__(self) -> str:
        return self.display_name or self.username

    @classmethod
    def normalize_username(cls, username: str) -> str:
        return unicodedata.normalize("NFKC", username).strip()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Whether Django's admin may do this; `spaces.access` decides everything else."""
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_superuser


class SignInFailure(models.Model):
    """One wrong try, kept as long as it counts. security-and-reliability.md 7.3.

    step: what was tried: a password, a second factor, an invitation.
    """

    step = models.CharField(max_length=20, default="password", db_default="password")
    name = models.CharField(max_length=150)
    address = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["address", "at"], name="signinfailure_recent")]

    def __str__(self) -> str:
        return f"{self.name} from {self.address}"
