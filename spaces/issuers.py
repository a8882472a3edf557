"""Tokens that others have signed: whether an issuer that somebody trusts really said this. domain.md 3.4.

Nothing here is fetched for an issuer that is not configured: callers read a token with `unverified`, find
out whether they trust its issuer, and only then ask `verified`. What a token says about where its key is
(jku, x5u, jwk) is never read.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import jwt

from spaces import outbound
from spaces.outbound import CouldNotReach, Limits

logger = logging.getLogger(__name__)

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""All asymmetric: with a symmetric one, the public key would be the secret."""
LONGEST_TOKEN = 16 * 1024
SKEW = 60  # seconds
KEPT = 3600.0  # seconds that an issuer's keys are believed
AGAIN_AFTER = 60.0  # seconds between two looks at one issuer, whatever tokens ask for
LIMITS = Limits(connect=5, idle=5, total=10, body=256 * 1024, redirects=1, only_tls=True)
RSA_BITS = range(2048, 8193)
PUBLIC_PARTS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}

Key = Mapping[str, Any]


class Untrusted(Exception):
    """The token is not believed. The text says why; it is for our log, never for who sent the token."""


@dataclass(frozen=True)
class Claims:
    """What a token says about itself, true or not."""

    issuer: str
    subject: str
    audience: str


def unverified(token: str) -> Claims:
    """What the token claims. Raises Untrusted when it is none, or could never be believed."""
    if len(token) > LONGEST_TOKEN:
        raise Untrusted(f"The token has more than {LONGEST_TOKEN} characters.")
    _header(token)
    claims = _decoded(token, None, ())
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    for name, value in (("iss", claims.get("iss")), ("sub", claims.get("sub")), ("aud", audience)):
        if not isinstance(value, str) or not value:
            raise Untrusted(f"The claim {name} is missing, or is not one text.")
    return Claims(claims["iss"], claims["sub"], str(audience))


def verified(token: str, *, issuer: str, audience: str) -> Mapping[str, Any]:
    """The claims of a token that this issuer signed for this audience and for now.

    issuer: trusted already, and exactly what the token claims. Raises Untrusted.
    """
    header = _header(token)
    algorithm = str(header["alg"])
    key = _usable(_key(issuer, header.get("kid"), algorithm), algorithm)
    return _decoded(token, key, (algorithm,), issuer=issuer, audience=audience)


def _header(token: str) -> Mapping[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, RecursionError) as exc:
        raise Untrusted(f"It is not a token: {exc}") from exc
    if header.get("alg") not in ALGORITHMS:
        raise Untrusted(f"The algorithm {str(header.get('alg'))[:20]!r} is not accepted.")
    if "crit" in header:
        raise Untrusted("The token asks for extensions that are not known here.")
    return header


def _decoded(token: str, key: Any, algorithms: Sequence[str], **expected: Any) -> dict[str, Any]:
    """The claims; checked only when there is a key."""
    options: Any = {"verify_signature": key is not None, "require": ["exp", "iat"] if key else []}
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key, list(algorithms), options=options, leeway=SKEW, **expected
        )
    except (jwt.PyJWTError, RecursionError, ValueError, TypeError, OverflowError) as exc:
        raise Untrusted(f"The token is not good: {exc}") from exc
    return claims


def _usable(jwk: Key, algorithm: str) -> Any:
    """A key as the library takes it: its public parts alone, and only if the algorithm is for such keys."""
    kind = str(jwk.get("kty"))
    parts = {"kty": kind} | {name: jwk.get(name) for name in PUBLIC_PARTS[kind]}
    try:
        key: Any = jwt.get_algorithm_by_name(algorithm).from_jwk(parts)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as exc:
        raise Untrusted(f"The issuer's key cannot be used: {exc}") from exc
    if kind == "RSA" and key.key_size not in RSA_BITS:
        raise Untrusted(f"The issuer's key has {key.key_size} bits.")
    return key


# --- the issuers' keys ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """What an issuer answered. looked: when it was last asked, with or without success."""

    keys: Sequence[Key] = ()
    read: float = float("-inf")
    looked: float = float("-inf")


_known: dict[str, _Known] = {}
_lock = Lock()


def forget() -> None:
    """Ask every issuer anew: for tests, whose issuers come and go."""
    with _lock:
        _known.clear()


def _key(issuer: str, kid: Any, algorithm: str) -> Key:
    """The key with this id. One that is missing makes us look again, though not at every token's wish."""
    found = _fitting(_keys(issuer), kid, algorithm) or _fitting(
        _keys(issuer, at_least_new=True), kid, algorithm
    )
    if len(found) != 1:
        raise Untrusted(f"{issuer} has {len(found)} keys for this token.")
    return found[0]


def _fitting(keys: Sequence[Key], kid: Any, algorithm: str) -> list[Key]:
    """Those that may have signed; all that could, for a token that names none."""
    return [
        key
        for key in keys
        if key.get("kty") in PUBLIC_PARTS
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]


def _keys(issuer: str, *, at_least_new: bool = False) -> Sequence[Key]:
    """An issuer's keys. at_least_new: read just now, unless it was asked moments ago."""
    now = time.monotonic()
    with _lock:
        known = _known.get(issuer, _Known())
        is_fresh = now - known.read < KEPT and not at_least_new
        if is_fresh or now - known.looked < AGAIN_AFTER:
            return known.keys if now - known.read < KEPT else ()
        _known[issuer] = _Known(known.keys, known.read, looked=now)
    keys = _read(issuer)
    with _lock:
        _known[issuer] = _Known(keys, read=now, looked=now)
    return keys


def _read(issuer: str) -> Sequence[Key]:
    """The keys, from where the issuer's own document says that they are."""
    try:
        document = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            raise Untrusted(f"{issuer} calls itself {str(document.get('issuer'))[:200]!r}.")
        keys = _document(str(document.get("jwks_uri"))).get("keys")
    except CouldNotReach as exc:
        raise Untrusted(f"{exc} {exc.detail}") from exc
    if not isinstance(keys, list):
        raise Untrusted(f"{issuer} has no list of keys.")
    return [key for key in keys if isinstance(key, dict)]


def _document(url: str) -> Mapping[str, Any]:
    reply = outbound.fetch(url, headers={"Accept": "application/json"}, limits=LIMITS)
    if reply.status != 200:
        raise CouldNotReach(url, f"The answer has the status {reply.status}.")
    document = reply.json()
    if not isinstance(document, dict):
        raise CouldNotReach(url, "The answer is not an object.")
    return document
