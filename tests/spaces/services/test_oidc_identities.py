"""Whose tokens stand for a service account. domain.md 3.4."""

import pytest

from spaces.errors import Conflict, Invalid, PermissionRefused
from spaces.models import Event, OidcIdentity
from spaces.permissions import Permission
from spaces.services.oidc_identities import (
    Trust,
    create_oidc_identity,
    delete_oidc_identity,
    update_oidc_identity,
)
from spaces.services.users import delete_user
from tests.factories.spaces import actor_for, grant, make_administrator, make_user

GITHUB = Trust(
    "Shop", "https://token.actions.githubusercontent.com", "repo:acme/shop:ref:refs/heads/main"
)


@pytest.fixture
def account(db):
    return make_user(username="ci", is_service=True)


@pytest.fixture
def administrator(db):
    return actor_for(make_administrator())


def test_an_identity_says_whom_to_trust(administrator, account):
    identity = create_oidc_identity(actor=administrator, user=account, trust=GITHUB)

    assert identity.expected_audience == str(account.external_id)
    assert identity.admits(
        issuer=GITHUB.issuer, subject=GITHUB.subject, audience=str(account.external_id)
    )
    event = Event.objects.get(category="Created")
    assert event.details["subject"] == GITHUB.subject
    assert account.wire_id in event.related


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"issuer": "http://ci.example.com"}, "https://"),
        ({"issuer": "ci.example.com"}, "https://"),
        ({"issuer": "https://"}, "https://"),
        ({"issuer": ""}, "https://"),
        ({"issuer": "https://ci.example.com/ x"}, "https://"),
        ({"issuer": "https://[ci"}, "not an address"),
        ({"issuer": "https://a:b@ci.example.com"}, "no user name"),
        ({"issuer": "https://ci.example.com/?a=b"}, "no query"),
        ({"issuer": "https://ci.example.com/" + "a" * 500}, "at most 500"),
        ({"subject": ""}, "must not be empty"),
        ({"subject": "*"}, "must not admit everybody"),
        ({"subject": " ** "}, "must not admit everybody"),
        ({"subject": "?*"}, "must not admit everybody"),
        ({"subject": "a" * 501}, "at most 500"),
        ({"audience": "*"}, "no wildcards"),
        ({"name": ""}, "name must not be empty"),
    ],
)
def test_what_would_trust_too_much_is_refused(administrator, account, given, reason):
    with pytest.raises(Invalid, match=reason):
        create_oidc_identity(actor=administrator, user=account, trust=Trust(**vars(GITHUB) | given))

    assert not OidcIdentity.objects.exists()


def test_people_have_none(administrator):
    with pytest.raises(Invalid, match="Only a service account"):
        create_oidc_identity(actor=administrator, user=make_user(), trust=GITHUB)


def test_names_are_there_once(administrator, account):
    create_oidc_identity(actor=administrator, user=account, trust=GITHUB)

    with pytest.raises(Conflict, match="already has"):
        create_oidc_identity(actor=administrator, user=account, trust=GITHUB)


@pytest.mark.promise("P8")
@pytest.mark.promise("P4")
def test_nobody_makes_a_way_in_to_more_than_they_hold(space, manager, account):
    grant(account, "spacemanager", space)
    editor = make_user()
    grant(editor, [Permission.USER_EDIT], None)

    for actor in (manager, actor_for(editor)):
        with pytest.raises(PermissionRefused):
            create_oidc_identity(actor=actor, user=account, trust=GITHUB)

    assert not OidcIdentity.objects.exists()


def test_a_change_ends_what_was_given_before(administrator, account):
    identity = create_oidc_identity(actor=administrator, user=account, trust=GITHUB)
    changed = Trust(**vars(GITHUB) | {"subject": "repo:acme/shop:*"})

    again = update_oidc_identity(actor=administrator, identity=identity, trust=changed)

    assert (again.version, again.subject) == (2, "repo:acme/shop:*")
    assert Event.objects.get(category="Modified").details == {
        "subject": [GITHUB.subject, "repo:acme/shop:*"]
    }


def test_identities_go_by_themselves_and_with_their_account(administrator, account):
    first = create_oidc_identity(actor=administrator, user=account, trust=GITHUB)
    delete_oidc_identity(actor=administrator, identity=first)
    create_oidc_identity(actor=administrator, user=account, trust=GITHUB)

    delete_user(actor=administrator, user=account)

    assert not OidcIdentity.objects.exists()
