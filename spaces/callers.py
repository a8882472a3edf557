"""Who is behind an HTTP request, and from where."""

import time
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest

from spaces.actors import AccessToken, Actor
from spaces.models import ApiKey, User
from spaces.session_store import digest_of

Shown = ApiKey | AccessToken

NOBODY = "Nobody"
IN_PERSON = "Session"


def caller(request: HttpRequest, user: User | None = None, shown: Shown | None = None) -> Actor:
    """The actor behind a request. Without a user: somebody who has yet to sign in and may do nothing.

    shown: the key or token that came with the request; without one, it is a browser's session.
    """
    return Actor(
        user=user,
        api_key=shown if isinstance(shown, ApiKey) else None,
        token=shown if isinstance(shown, AccessToken) else None,
        session=_session(request, user, shown),
        is_proven=user is None or shown is not None or has_second_factor(request),
        identity=_identity(request, user, shown),
        ip_address=client_address(request),
        user_agent=request.headers.get("User-Agent", "")[:400],
        request_id=getattr(request, "request_id", ""),
    )


def begin_session(
    request: HttpRequest, user: User, *, has_second_factor: bool = False, how: str = IN_PERSON
) -> None:
    """Sign the user in with this browser, once everything that takes was given. The session gets a new
    key (S7) and forgets what the browser was asked on the way.

    how: what the audit trail says about everything done in this session.
    """
    for name in list(request.session.keys()):
        del request.session[name]
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    now = int(time.time())
    request.session.update(
        {
            "started": now,
            "seen": now,
            "proved": now,
            "how": how,
            "second_factor": has_second_factor,
            "address": client_address(request),
            "user_agent": request.headers.get("User-Agent", ""),
        }
    )
    request.session.clear_expired()


def has_second_factor(request: HttpRequest) -> bool:
    """Whether this session began with, or was confirmed by, a second factor."""
    return bool(_remembered(request, "second_factor"))


def client_address(request: HttpRequest) -> str | None:
    """Where the request really comes from: the right-most address of X-Forwarded-For that is not one of
    our proxies, and only if one of them handed the request on (domain.md 27)."""
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    if peer is None or not _is_proxy(peer):
        return peer
    hops = [_address(hop) for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    known = [hop for hop in hops if hop]
    return next((hop for hop in reversed(known) if not _is_proxy(hop)), known[0] if known else peer)


def _identity(request: HttpRequest, user: User | None, shown: Shown | None) -> str:
    if isinstance(shown, ApiKey):
        return f"API key {shown.purpose or shown.hint!r}"
    if shown:
        return f"OIDC subject {shown.subject}"
    if user is None:
        return NOBODY
    return str(_remembered(request, "how") or IN_PERSON)


def _session(request: HttpRequest, user: User | None, shown: Shown | None) -> str:
    session = getattr(request, "session", None)
    if user is None or shown or session is None:
        return ""
    return digest_of(session.session_key or "")


def _remembered(request: HttpRequest, name: str) -> Any:
    session = getattr(request, "session", None)
    return session.get(name) if session is not None else None


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return None


def _is_proxy(address: str) -> bool:
    return any(ip_address(address) in ip_network(proxy) for proxy in settings.TRUSTED_PROXIES)
