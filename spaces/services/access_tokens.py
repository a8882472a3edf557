"""Access tokens: what a machine gets for proving its identity elsewhere, good for an hour. domain.md 3.4.

JSON web tokens, signed by PS256. They name the OIDC identity that admitted the machine, so that changing
or removing it, or disabling its account, ends them with the next request (S4).
"""

import json
import secrets
import time
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from jwt.algorithms import RSAAlgorithm

from spaces.actors import AccessToken, Actor
from spaces.audit import record
from spaces.errors import NotAuthenticated
from spaces.models import Installation, OidcIdentity, TokenKey

ALGORITHM = "PS256"
TYPE = "at+jwt"
LIFE = 3600  # seconds
REFUSED = "The access token is not valid: it has expired, was revoked, or is not ours."


def issue(identity: OidcIdentity, *, subject: str) -> str:
    """A token to act as the identity's account. subject: what the machine is called elsewhere."""
    key = signing_key()
    now = int(time.time())
    claims = {
        "iss": settings.PUBLIC_URL,
        "aud": settings.PUBLIC_URL,
        "sub": identity.user.wire_id,
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + LIFE,
        "identity": identity.pk,
        "version": identity.version,
        "external_subject": subject,
    }
    headers = {"kid": key.kid, "typ": TYPE}
    return jwt.encode(claims, _private(key.kid), ALGORITHM, headers=headers)


def authenticate(text: str) -> AccessToken:
    """Who a token acts for. Raises NotAuthenticated, in the same words whatever is wrong."""
    claims = _claims(text)
    identities = OidcIdentity.objects.select_related("user").filter(user__is_active=True)
    identity = identities.filter(pk=claims["identity"], version=claims["version"]).first()
    if identity is None or identity.user.wire_id != claims["sub"]:
        raise NotAuthenticated(REFUSED)
    return AccessToken(identity.user, identity.pk, str(claims["external_subject"]))


def public_keys() -> list[dict[str, Any]]:
    """Every key whose tokens are still believed, as JWKs."""
    oldest = timezone.now() - TokenKey.BELIEVED_FOR
    return list(TokenKey.objects.filter(created_at__gt=oldest).values_list("public", flat=True))


def signing_key() -> TokenKey:
    """The newest key; another one when it has signed for long enough. Old ones go when none of their
    tokens can be left."""
    newest = TokenKey.objects.first()
    return newest if newest and newest.may_sign else _rotated()


@transaction.atomic
def _rotated() -> TokenKey:
    Installation.objects.select_for_update(no_key=True).get()  # of two at once, one makes the key
    if (newest := TokenKey.objects.first()) and newest.may_sign:
        return newest
    TokenKey.objects.filter(created_at__lte=timezone.now() - TokenKey.BELIEVED_FOR).delete()
    key = _new_key()
    record(
        Actor.system("The key that signs access tokens is changed every 90 days."),
        "TokenKeyRotated",
        None,
        message=f"Made the key {key.kid} for access tokens",
    )
    return key


def _new_key() -> TokenKey:
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kid = secrets.token_hex(8)
    public = json.loads(RSAAlgorithm.to_jwk(pair.public_key()))
    marks = {"kid": kid, "alg": ALGORITHM, "use": "sig"}
    key = TokenKey(kid=kid, public={k: public[k] for k in ("kty", "n", "e")} | marks)
    pem = pair.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key.seal_field("private", pem.decode())
    key.save()
    return key


def _claims(text: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(text)
        if header.get("typ") != TYPE:
            raise NotAuthenticated(REFUSED)
        key = _known_key(str(header.get("kid")))
        if not key.is_believed:
            raise NotAuthenticated(REFUSED)
        claims: dict[str, Any] = jwt.decode(
            text,
            jwt.PyJWK(key.public, ALGORITHM),
            [ALGORITHM],
            issuer=settings.PUBLIC_URL,
            audience=settings.PUBLIC_URL,
            options={"require": ["exp", "iat", "sub", "aud", "iss"]},
        )
    except (jwt.PyJWTError, TokenKey.DoesNotExist, RecursionError, ValueError) as exc:
        raise NotAuthenticated(REFUSED) from exc
    if not {"identity", "version", "external_subject"} <= claims.keys():
        raise NotAuthenticated(REFUSED)
    return claims


@lru_cache(maxsize=16)
def _known_key(kid: str) -> TokenKey:
    """A key never changes, and its age is judged anew each time. Raises TokenKey.DoesNotExist."""
    return TokenKey.objects.get(kid=kid)


@lru_cache(maxsize=4)
def _private(kid: str) -> Any:
    """The private half, opened once per process."""
    key = TokenKey.objects.get(kid=kid)
    return serialization.load_pem_private_key(key.reveal("private").encode(), None)
