"""Which machines' tokens stand for a service account. domain.md 3.4."""

import string
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from spaces.access import authorize_system, rights_of_user
from spaces.actors import Actor
from spaces.audit import difference, record
from spaces.errors import Conflict, Invalid
from spaces.models import OidcIdentity, User
from spaces.naming import name_problems, text_problems
from spaces.permissions import Permission
from spaces.services.escalation import refuse_to_impersonate
from spaces.wildcards import says_nothing

LONGEST = 500
PRINTABLE = set(string.printable) - set(string.whitespace)


@dataclass(frozen=True)
class Trust:
    """What has to be true of a token. audience: empty for the account's external id."""

    name: str
    issuer: str
    subject: str
    audience: str = ""


@transaction.atomic
def create_oidc_identity(*, actor: Actor, user: User, trust: Trust) -> OidcIdentity:
    """Let machines with such tokens act as a service account. Takes UserEdit and everything that the
    account holds, as making a key of it does. Raises PermissionRefused, Invalid or Conflict."""
    _refuse_strangers(actor, user)
    if not user.is_service:
        raise Invalid("Only a service account can have OIDC identities.")
    identity = OidcIdentity(user=user)
    _put(identity, trust)
    record(actor, "Created", identity, related=[user.wire_id], details=vars(trust))
    return identity


@transaction.atomic
def update_oidc_identity(*, actor: Actor, identity: OidcIdentity, trust: Trust) -> OidcIdentity:
    """Change what has to be true; tokens given before are void at once. Raises as creating does."""
    _refuse_strangers(actor, identity.user)
    locked = OidcIdentity.objects.select_for_update(of=("self",), no_key=True)
    identity = locked.select_related("user").get(pk=identity.pk)
    before = _shown(identity)
    identity.version += 1
    _put(identity, trust)
    changes: dict[str, Any] = difference(before, _shown(identity))
    record(actor, "Modified", identity, related=[identity.user.wire_id], details=changes)
    return identity


@transaction.atomic
def delete_oidc_identity(*, actor: Actor, identity: OidcIdentity) -> None:
    """Trust it no more, nor the tokens given for it. Raises PermissionRefused."""
    authorize_system(actor, Permission.USER_EDIT)
    record(actor, "Deleted", identity, related=[identity.user.wire_id])
    identity.delete()


def _refuse_strangers(actor: Actor, user: User) -> None:
    authorize_system(actor, Permission.USER_EDIT)
    refuse_to_impersonate(actor, user, rights_of_user(user))


def _put(identity: OidcIdentity, trust: Trust) -> None:
    given = {name: value.strip() for name, value in vars(trust).items()}
    if problems := _problems(Trust(**given)):
        raise Invalid(problems)
    for name, value in given.items():
        setattr(identity, name, value)
    try:
        with transaction.atomic():
            identity.save()
    except IntegrityError as exc:
        raise Conflict(f"The account already has an OIDC identity {identity.name!r}.") from exc


def _problems(trust: Trust) -> list[str]:
    problems = name_problems(trust.name)
    problems += _issuer_problems(trust.issuer)
    for name, text in (("subject", trust.subject), ("audience", trust.audience)):
        problems += text_problems(name, text)
        if len(text) > LONGEST:
            problems.append(f"The {name} must have at most {LONGEST} characters.")
    if not trust.subject:
        problems.append("The subject must not be empty.")
    elif says_nothing(trust.subject):
        problems.append("The subject must not admit everybody: put more than wildcards into it.")
    if says_nothing(trust.audience) and trust.audience:
        problems.append("The audience is compared exactly and knows no wildcards.")
    return problems


def _issuer_problems(issuer: str) -> list[str]:
    try:
        parts = urlsplit(issuer)
        is_plain = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ["The issuer is not an address."]
    if parts.scheme != "https" or not is_plain or not set(issuer) <= PRINTABLE:
        return ["The issuer must be an https:// address."]
    if parts.query or parts.fragment or parts.username is not None:
        return ["The issuer must have no query, no fragment and no user name."]
    if len(issuer) > LONGEST:
        return [f"The issuer must have at most {LONGEST} characters."]
    return []


def _shown(identity: OidcIdentity) -> dict[str, str]:
    return {name: getattr(identity, name) for name in ("name", "issuer", "subject", "audience")}
