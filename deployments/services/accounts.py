"""Accounts: how octoplat signs in to targets. Secrets go in and never come out. domain.md 14.8."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

import asyncssh
from django.db import transaction

from deployments.models import Account, AccountEnvironment, Environment
from deployments.queries import referrers
from deployments.services.changes import (
    Changes,
    apply,
    naming_problems,
    new_slug,
    refuse,
    refuse_while_used,
    save,
    seal,
    texts_problems,
)
from deployments.services.targets import queue_health_check
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.models import Space
from spaces.permissions import Permission


class AccountSecrets(TypedDict, total=False):
    """New secrets. None keeps what is stored, "" clears it."""

    password: str | None
    private_key: str | None
    passphrase: str | None
    token: str | None


class AccountFields(AccountSecrets, total=False):
    slug: str
    description: str
    username: str


class AccountChanges(AccountFields, total=False):
    name: str


@transaction.atomic
def create_account(
    *,
    actor: Actor,
    space: Space,
    name: str,
    account_type: str,
    environments: Sequence[Environment] = (),
    **fields: Unpack[AccountFields],
) -> Account:
    """A new account. environments: where it may be used; none = everywhere.

    Raises PermissionRefused; Invalid also for a key that does not open with its passphrase.
    """
    _authorize(actor, Permission.ACCOUNT_CREATE, space, environments)
    siblings = Account.objects.in_space(space)
    plain, secrets = _split(fields)
    slug = plain.pop("slug", "")
    account = Account(
        space=space,
        name=name.strip(),
        slug=new_slug(siblings, name, slug),
        account_type=account_type,
        **plain,
    )
    refuse(
        naming_problems(siblings, name, slug=slug)
        + texts_problems(plain)
        + _problems(account, secrets)
    )
    seal(account, secrets)
    save(account)
    _set_environments(account, environments)
    record(actor, "Created", account)
    return account


@transaction.atomic
def update_account(
    *,
    actor: Actor,
    account: Account,
    environments: Sequence[Environment] | None = None,
    **fields: Unpack[AccountChanges],
) -> Account:
    """Change it; its kind stays. Targets that use it are checked again, with the new secrets.

    environments: None leaves them. Raises PermissionRefused, Invalid.
    """
    authorize(actor, Permission.ACCOUNT_EDIT, account)
    if environments is not None:
        _authorize(actor, Permission.ACCOUNT_EDIT, account.space, environments)
    plain, secrets = _split(fields)
    plain["name"] = plain.get("name", account.name).strip()
    plain["slug"] = plain.get("slug") or account.slug
    changes: Changes = apply(account, plain)
    siblings = Account.objects.in_space(account.space_id)
    refuse(
        naming_problems(siblings, account.name, slug=account.slug, existing=account)
        + texts_problems(plain)
        + _problems(account, secrets)
    )
    changes |= seal(account, secrets)
    save(account)
    if environments is not None:
        changes |= _set_environments(account, environments)
    record(actor, "Modified", account, details=changes)
    if changes.keys() & {"username", *Account.sealed_fields}:
        queue_health_check(actor=actor, targets=list(account.targets.all()))
    return account


@transaction.atomic
def delete_account(*, actor: Actor, account: Account) -> None:
    """Delete it. Raises Conflict listing the targets and variables that use it."""
    authorize(actor, Permission.ACCOUNT_DELETE, account)
    refuse_while_used(account, referrers.of_account(actor, account))
    record(actor, "Deleted", account)
    account.delete()


def _authorize(
    actor: Actor, permission: Permission, space: Space, environments: Sequence[Environment]
) -> None:
    """An account that works in an environment needs the permission there; one without, everywhere."""
    for environment in environments or (None,):
        authorize(actor, permission, space, environment=environment)


def _split(fields: AccountChanges | AccountFields) -> tuple[AccountChanges, dict[str, str | None]]:
    plain: dict[str, object] = dict(fields)
    secrets = {name: plain.pop(name) for name in Account.sealed_fields if name in plain}
    return plain, secrets  # type: ignore[return-value]  # a TypedDict cannot be split by a loop


def _problems(account: Account, secrets: dict[str, str | None]) -> list[str]:
    """What this kind of account lacks, after the new secrets are in."""

    def has(name: str) -> bool:
        new = secrets.get(name)
        return bool(getattr(account, name)) if new is None else bool(new)

    kinds = Account.Type
    if account.account_type not in kinds.values:
        return [f"Accounts are of type {', '.join(kinds.values)}, not {account.account_type!r}."]
    problems = []
    if account.account_type != kinds.TOKEN and not account.username.strip():
        problems.append("The user name is missing.")
    if account.account_type == kinds.TOKEN and not has("token"):
        problems.append("The token is missing.")
    if account.account_type == kinds.SSH_KEY_PAIR:
        if not has("private_key"):
            problems.append("The private key is missing.")
        problems += _key_problems(account, secrets)
    return problems


def _key_problems(account: Account, secrets: dict[str, str | None]) -> list[str]:
    """Whether a new private key can be used; its text is never repeated."""
    key = secrets.get("private_key")
    if not key:
        return []
    passphrase = secrets.get("passphrase")
    if passphrase is None and account.passphrase:
        passphrase = account.reveal("passphrase")
    try:
        asyncssh.import_private_key(key, passphrase or None)
    except asyncssh.KeyEncryptionError:
        return ["The passphrase does not open the private key."]
    except asyncssh.KeyImportError:
        return [
            "The private key needs a passphrase."
            if "ENCRYPTED" in key and not passphrase
            else "The private key cannot be read. Paste it as OpenSSH or PEM text."
        ]
    return []


def _set_environments(account: Account, environments: Sequence[Environment]) -> Changes:
    before = sorted(account.environments.values_list("environment_id", flat=True))
    after = sorted({environment.pk for environment in environments})
    if before == after:
        return {}
    account.environments.all().delete()
    AccountEnvironment.objects.bulk_create(
        AccountEnvironment(space_id=account.space_id, account=account, environment_id=pk)
        for pk in after
    )
    return {"environments": [before, after]}
