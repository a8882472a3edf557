"""A token of somebody else for one of ours: CI without stored secrets. domain.md 3.4."""

import logging
from dataclasses import replace
from uuid import UUID

from django.db import transaction

from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Invalid
from spaces.issuers import Claims, Untrusted, unverified, verified
from spaces.models import OidcIdentity, User
from spaces.services import access_tokens

logger = logging.getLogger(__name__)

REFUSED = "The token was not accepted for this service account."


def exchange(*, actor: Actor, account: str, token: str) -> str:
    """An access token for a service account.

    actor: nobody yet, only where the request comes from. account: its external id, or its id.
    Raises Invalid, in the same words whatever is wrong: the log says what.
    """
    user = _account(account)
    try:
        claims = unverified(token)
        identity = _identity(user, claims)
        verified(token, issuer=identity.issuer, audience=identity.expected_audience)
    except Untrusted as exc:
        logger.warning("Token exchange for %.60r refused: %s", account, exc)
        with transaction.atomic():
            record(actor, "LoginFailed", user, message="Token exchange refused")
        raise Invalid(REFUSED) from exc
    issued = access_tokens.issue(identity, subject=claims.subject)
    machine = replace(actor, user=identity.user, identity=f"OIDC subject {claims.subject}")
    with transaction.atomic():
        message = f"{identity.user} signed in by the OIDC identity {identity}"
        details = {"issuer": claims.issuer, "subject": claims.subject}
        record(machine, "LoginSucceeded", identity.user, message=message, details=details)
    return issued


def _account(text: str) -> User | None:
    accounts = User.objects.filter(is_service=True, is_active=True)
    try:
        return accounts.filter(external_id=UUID(text)).first()
    except ValueError:
        by_id = User.wire_lookup(text)
        return accounts.filter(by_id).first() if by_id is not None else None


def _identity(user: User | None, claims: Claims) -> OidcIdentity:
    """The identity that admits such a token. Raises Untrusted."""
    if user is None:
        raise Untrusted("There is no such active service account.")
    for identity in OidcIdentity.objects.filter(user=user).select_related("user"):
        if identity.admits(**vars(claims)):
            return identity
    raise Untrusted(
        f"None of its identities is for issuer {claims.issuer[:200]!r}, subject "
        f"{claims.subject[:200]!r}, audience {claims.audience[:200]!r}."
    )
