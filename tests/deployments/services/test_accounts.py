"""Accounts and their secrets. domain.md 14.8."""

import asyncssh
import pytest

from deployments.models import Account, ServerTask
from deployments.services.accounts import create_account, delete_account, update_account
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import Event
from tests.factories.deployments import make_account, make_target
from tests.factories.spaces import actor_for, grant, make_user

SECRET = "canary-1f2e3d"


@pytest.mark.promise("S2")
def test_a_secret_is_sealed_and_audit_does_not_hold_it(manager, space):
    account = create_account(
        actor=manager,
        space=space,
        name="Deploy",
        account_type="UsernamePassword",
        username="deploy",
        password=SECRET,
    )

    stored = Account.objects.values().get(pk=account.pk)
    assert SECRET not in str(stored)
    assert account.reveal("password") == SECRET
    assert not any(SECRET in str(row) for row in Event.objects.values())


def test_none_keeps_a_secret_and_a_new_one_replaces_it(manager, space):
    account = make_account(space, password="first")

    update_account(actor=manager, account=account, username="other", password=None)
    assert account.reveal("password") == "first"

    update_account(actor=manager, account=account, password="second")
    account.refresh_from_db()
    assert account.reveal("password") == "second"


def test_new_secrets_make_targets_be_checked_again(manager, space):
    account = make_account(space)
    make_target(space, account=account)
    before = ServerTask.objects.count()

    update_account(actor=manager, account=account, password="new")

    assert ServerTask.objects.count() == before + 1


@pytest.mark.parametrize(
    "given",
    [
        {"account_type": "Nonsense"},
        {"username": ""},
        {"account_type": "Token", "token": ""},
        {"account_type": "SshKeyPair", "private_key": ""},
        {"account_type": "SshKeyPair", "private_key": "-----BEGIN nonsense"},
        {"name": " "},
    ],
)
def test_incomplete_accounts_are_refused(manager, space, given):
    fine = {"name": "Deploy", "account_type": "UsernamePassword", "username": "deploy"}

    with pytest.raises(Invalid):
        create_account(actor=manager, space=space, **fine | given)


@pytest.mark.promise("S22")
def test_a_key_must_open_with_its_passphrase_and_is_never_repeated(manager, space):
    key = asyncssh.generate_private_key("ssh-ed25519")
    text = key.export_private_key(passphrase="right").decode()
    given = {"name": "Key", "account_type": "SshKeyPair", "username": "deploy", "private_key": text}

    for passphrase in ("wrong", None):
        with pytest.raises(Invalid) as refused:
            create_account(actor=manager, space=space, passphrase=passphrase, **given)
        assert text[60:120] not in str(refused.value)

    assert create_account(actor=manager, space=space, passphrase="right", **given)


def test_an_account_of_one_environment_belongs_to_its_managers(space, dev, production):
    user = make_user()
    grant(user, "environmentmanager", space, environments=[dev.pk])
    actor = actor_for(user)
    given = {"account_type": "UsernamePassword", "username": "deploy"}

    assert create_account(actor=actor, space=space, name="dev", environments=[dev], **given)
    with pytest.raises(PermissionRefused):
        create_account(actor=actor, space=space, name="everywhere", **given)


def test_a_stranger_learns_nothing_of_it(outsider, space):
    with pytest.raises(NotFound):
        update_account(actor=outsider, account=make_account(space), name="mine")


def test_an_account_in_use_is_not_deleted(manager, space):
    account = make_account(space)
    target = make_target(space, account=account)

    with pytest.raises(Conflict, match=target.name):
        delete_account(actor=manager, account=account)

    target.delete()
    delete_account(actor=manager, account=account)
    assert not Account.objects.exists()
