"""Who is behind an HTTP request, and from where."""

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

from spaces.actors import Actor
from spaces.models import ApiKey, User

NOBODY = "Nobody"


def caller(request: HttpRequest, user: User | None = None, api_key: ApiKey | None = None) -> Actor:
    """The actor behind a request. Without a user: somebody who has yet to sign in and may do nothing."""
    return Actor(
        user=user,
        api_key=api_key,
        identity=_identity(user, api_key),
        ip_address=client_address(request),
        user_agent=request.headers.get("User-Agent", "")[:400],
        request_id=getattr(request, "request_id", ""),
    )


def client_address(request: HttpRequest) -> str | None:
    """Where the request really comes from: the right-most address of X-Forwarded-For that is not one of
    our proxies, and only if one of them handed the request on (domain.md 27)."""
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    if peer is None or not _is_proxy(peer):
        return peer
    hops = [_address(hop) for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    known = [hop for hop in hops if hop]
    return next((hop for hop in reversed(known) if not _is_proxy(hop)), known[0] if known else peer)


def _identity(user: User | None, api_key: ApiKey | None) -> str:
    if api_key:
        return f"API key {api_key.purpose or api_key.hint!r}"
    return "Session" if user else NOBODY


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return None


def _is_proxy(address: str) -> bool:
    return any(ip_address(address) in ip_network(proxy) for proxy in settings.TRUSTED_PROXIES)
