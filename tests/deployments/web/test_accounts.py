"""Accounts by hand: secrets go in and never come out."""

import asyncssh
import pytest

from deployments.models import Account
from tests.factories.deployments import make_account

SECRET = "a very secret pass phrase"


def test_a_kind_is_chosen_first(browse, manager, home):
    assert "SSH key pair" in browse(manager).get(f"{home}/accounts/new").text


def test_a_key_pair_is_kept_sealed(browse, manager, space, home):
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh").decode()

    answer = browse(manager).post(
        f"{home}/accounts/new?kind=SshKeyPair",
        {"name": "Deploy key", "username": "deploy", "private_key": key},
    )

    account = Account.objects.get(space=space, name="Deploy key")
    assert answer.status_code == 302
    assert "PRIVATE KEY" not in account.private_key
    assert account.reveal("private_key").strip() == key.strip()


@pytest.mark.promise("S2")
def test_a_secret_is_never_shown_again(browse, manager, space, home):
    make_account(space, name="Root", password=SECRET)
    page = browse(manager)

    for url in ("accounts", "accounts/root/"):
        assert SECRET not in page.get(f"{home}/{url}").text
    wrong = page.post(f"{home}/accounts/root/", {"name": "", "password": SECRET})

    assert wrong.status_code == 422
    assert SECRET not in wrong.text


def test_an_empty_secret_keeps_the_stored_one(browse, manager, space, home):
    account = make_account(space, name="Root", password=SECRET)

    browse(manager).post(
        f"{home}/accounts/root/", {"name": "Root", "username": "admin", "password": ""}
    )

    account.refresh_from_db()
    assert (account.username, account.reveal("password")) == ("admin", SECRET)


def test_a_bad_key_is_refused_without_repeating_it(browse, manager, home):
    answer = browse(manager).post(
        f"{home}/accounts/new?kind=SshKeyPair",
        {"name": "Bad", "username": "deploy", "private_key": "-----BEGIN NONSENSE-----"},
    )

    assert answer.status_code == 422
    assert "cannot be read" in answer.text


def test_a_viewer_changes_nothing(browse, viewer, space, home):
    make_account(space, name="Root")
    page = browse(viewer)

    assert page.get(f"{home}/accounts/new").status_code == 404
    assert page.post(f"{home}/accounts/root/", {"name": "X", "username": "x"}).status_code in (
        403,
        404,
    )
