"""Accounts: how octoplat signs in to targets. Secrets are sealed and never read back by people."""

from django.db import models

from deployments.models.environments import Environment
from deployments.models.named import Named
from spaces.models import Dimensions, SpaceOwned
from spaces.secrets import SealedFields


class Account(SealedFields, Named):
    """A user name with a key pair, a password or a token. domain.md 14.8, api-dialect.md 8.26."""

    dimensions = Dimensions(
        environment="environments__environment_id", many=frozenset({"environment"})
    )
    wire_prefix = "Accounts"
    sealed_fields = ("password", "private_key", "passphrase", "token")

    class Type(models.TextChoices):
        SSH_KEY_PAIR = "SshKeyPair", "SSH key pair"
        USERNAME_PASSWORD = "UsernamePassword", "User name and password"
        TOKEN = "Token", "Token"

    account_type = models.CharField(max_length=40, choices=Type.choices)
    username = models.CharField(max_length=200, blank=True, default="")
    password = models.TextField(blank=True, default="")
    private_key = models.TextField(blank=True, default="")
    passphrase = models.TextField(blank=True, default="")
    token = models.TextField(blank=True, default="")


class AccountEnvironment(SpaceOwned):
    """An account may be used in this environment; an account without rows, in all."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="environments")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "environment"], name="accountenvironment_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account} in {self.environment}"
