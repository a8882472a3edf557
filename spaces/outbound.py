"""The one door for HTTP that octoplat sends: feeds, webhooks, HTTP steps, identity providers. S12.

    reply = outbound.fetch("https://feed.example.com/v3/index.json")
    reply.status, reply.headers, reply.body, reply.json()

    with outbound.stream(address, headers={"X-NuGet-ApiKey": key}, limits=DOWNLOAD) as reply:
        for chunk in reply.chunks(): ...

A name is resolved once, every address it has is judged, and the connection goes to a judged address, so
that a name server that answers differently the next time gains nothing. Refused are all addresses that
are not public, unless OCTOPLAT_OUTBOUND_ALLOWED names them; the metadata service of a cloud, our own
address and the database are refused whatever it names. A redirect is a new request with the same
judgement: to the same host only, unless the caller allows others, who then get no header of the caller's
beyond harmless ones. Proxies of the environment are not used; further certificate authorities come from
SSL_CERT_FILE. Blocking: call it from workers, or in a thread.
"""

import io
import json
import logging
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings
from django.db import connection

logger = logging.getLogger(__name__)

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""(host, port) -> every address of the host. Raises OSError."""

CHUNK = 64 * 1024
PORTS = {"http": 80, "https": 443}
REDIRECTS = {301, 302, 303, 307, 308}
CROSS_HOSTS = {"accept", "accept-language", "if-none-match", "if-modified-since", "range"}
"""Headers that another host may see after a redirect; all others could be credentials."""
METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254"))
)
"""Where clouds hand their machines credentials."""
TRANSLATED = ip_network("64:ff9b::/96")  # IPv4 behind NAT64


class CouldNotReach(Exception):
    """No answer. The text is the same whatever went wrong, so that nobody can map our network with it;
    `detail` is for logs and administrators."""

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(f"Could not reach {_shown(url)}.")
        self.url = url
        self.detail = detail


class NotAllowed(CouldNotReach):
    """The address must not be reached from here; trying again changes nothing."""


class AnswerTooLarge(CouldNotReach):
    """The answer has more bytes than the caller wants."""


@dataclass(frozen=True)
class Limits:
    """connect, idle, total: seconds to connect, without a byte, and for everything together.
    body: bytes of an answer. redirects: how many are followed, by GET and HEAD alone.
    other_hosts: whether a redirect may lead to another host. only_tls: whether http:// is refused.
    """

    connect: float = 10
    idle: float = 30
    total: float = 60
    body: int = 10_000_000
    redirects: int = 3
    other_hosts: bool = False
    only_tls: bool = False


USUAL = Limits()
DOWNLOAD = Limits(total=3600, body=5 * 1000**3, other_hosts=True)
"""For packages: feeds redirect to where the bytes are."""


@dataclass(frozen=True)
class Reply:
    """What came back, whatever its status. headers: lower case. url: after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON. Raises CouldNotReach when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as exc:
            raise CouldNotReach(self.url, "The answer is not JSON.") from exc


@dataclass(frozen=True)
class Incoming:
    """An answer whose body is still to be read. headers: lower case. url: after redirects."""

    status: int
    headers: Mapping[str, str]
    url: str
    _response: HTTPResponse = field(repr=False)
    _limit: int

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces. Raises CouldNotReach, AnswerTooLarge."""
        size = 0
        while chunk := self._read():
            size += len(chunk)
            if size > self._limit:
                raise AnswerTooLarge(self.url, f"The answer has more than {self._limit} bytes.")
            yield chunk
        if self._response.length:
            raise CouldNotReach(self.url, "The answer ended before all of it was there.")

    def _read(self) -> bytes:
        with _explained(self.url):
            return self._response.read(CHUNK)


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    limits: Limits = USUAL,
    resolve: Resolve | None = None,
) -> Reply:
    """Send one request and read the whole answer; any status is an answer.

    resolve: how names become addresses; the system's way unless given.
    Raises NotAllowed, AnswerTooLarge, CouldNotReach.
    """
    given = {"method": method, "headers": headers, "body": body}
    with stream(url, **given, limits=limits, resolve=resolve) as reply:  # type: ignore[arg-type]  # a mixed dict
        return Reply(reply.status, reply.headers, b"".join(reply.chunks()), reply.url)


@contextmanager
def stream(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    limits: Limits = USUAL,
    resolve: Resolve | None = None,
) -> Iterator[Incoming]:
    """The same, for an answer that is read piece by piece while the block lasts."""
    request = _Request(url, method.upper(), dict(headers or {}), body)
    deadline = _Deadline(limits)
    for _ in range(limits.redirects + 1):
        peer = _judged(request.url, limits, resolve or _resolved)
        with _answered(request, peer, deadline) as response:
            follower = _redirected(request, response, limits)
            if follower is None:
                yield Incoming(
                    response.status,
                    {name.lower(): value for name, value in response.getheaders()},
                    request.url,
                    response,
                    limits.body,
                )
                return
        request = follower
    raise CouldNotReach(url, f"There are more than {limits.redirects} redirects.")


def check(url: str, *, limits: Limits = USUAL, resolve: Resolve | None = None) -> None:
    """Judge an address without going there. Raises NotAllowed, CouldNotReach."""
    _judged(url, limits, resolve or _resolved)


# --- which addresses --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Peer:
    """Where a request goes: the host for its name and certificate, the addresses for the connection."""

    is_tls: bool
    host: str
    port: int
    addresses: tuple[Address, ...]
    target: str


def _judged(url: str, limits: Limits, resolve: Resolve) -> _Peer:
    parts, host, port = _taken_apart(url)
    if limits.only_tls and parts.scheme != "https":
        raise NotAllowed(url, "Only https:// is allowed here.")
    if (host, port) == _ourselves():
        raise NotAllowed(url, "This is octoplat itself.")
    try:
        addresses = tuple(ip_address(text.partition("%")[0]) for text in resolve(host, port))
    except (OSError, ValueError) as exc:
        raise CouldNotReach(url, f"The name {host} was not resolved: {exc}") from exc
    for address in addresses:
        if not _is_allowed(host, port, address):
            raise NotAllowed(
                url,
                f"{host} has the address {address}, which is not public and not in "
                "OCTOPLAT_OUTBOUND_ALLOWED.",
            )
    if not addresses:
        raise CouldNotReach(url, f"The name {host} has no address.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Peer(parts.scheme == "https", host, port, addresses, target)


def _taken_apart(url: str) -> tuple[SplitResult, str, int]:
    if any(character <= " " or character == "\x7f" for character in url) or not url.isascii():
        raise NotAllowed(
            url, "The address holds blanks, control characters or letters beyond ASCII."
        )
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError) as exc:
        raise NotAllowed(url, "The address is not a valid http:// or https:// address.") from exc
    if not parts.hostname:
        raise NotAllowed(url, "The address names no host.")
    if parts.username is not None or parts.password is not None:
        raise NotAllowed(url, "The address holds a user name; credentials belong into headers.")
    return parts, parts.hostname.rstrip("."), port


def _is_allowed(host: str, port: int, address: Address) -> bool:
    variants = _variants(address)
    if METADATA & set(variants) or _is_database(port, variants):
        return False
    return all(_is_public(variant) for variant in variants) or any(
        _covers(entry, host, variants) for entry in settings.OUTBOUND_ALLOWED
    )


def _covers(entry: str, host: str, variants: Sequence[Address]) -> bool:
    """Whether an entry of the allow-list, a host name or a network, speaks of this address.

    Loopback and link-local addresses take an entry that is nothing but such: 0.0.0.0/0 or a name opens
    the company's network, and not this machine.
    """
    try:
        network = ip_network(entry, strict=False)
    except ValueError:
        is_near = any(variant.is_loopback or variant.is_link_local for variant in variants)
        return entry.lower() == host and not is_near
    for variant in variants:
        if variant.version != network.version or variant not in network:
            continue
        if variant.is_loopback and not network.is_loopback:
            continue
        if variant.is_link_local and not network.is_link_local:
            continue
        return not (variant.is_unspecified or variant.is_multicast)
    return False


def _variants(address: Address) -> list[Address]:
    """The address, and the IPv4 address inside of it that the network would really use."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in TRANSLATED:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address, address.sixtofour] if address.sixtofour else [address]


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _ourselves() -> tuple[str, int] | None:
    public = urlsplit(settings.PUBLIC_URL)
    if not public.hostname:
        return None
    return public.hostname, public.port or PORTS.get(public.scheme, 0)


def _is_database(port: int, addresses: Sequence[Address]) -> bool:
    """The database's port on the database's machine. No name of it is known when it is a socket."""
    given = connection.settings_dict
    host = str(given["HOST"])
    if port != int(given["PORT"] or 5432) or not host or host.startswith("/"):
        return False
    try:
        own = {ip_address(text.partition("%")[0]) for text in _resolved(host, port)}
    except OSError:
        return False
    return bool(own & set(addresses))


def _resolved(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


# --- one request ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Request:
    url: str
    method: str
    headers: Mapping[str, str]
    body: bytes | None


class _Deadline:
    """When a whole exchange, redirects included, has to be over."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._end = time.monotonic() + limits.total

    def for_connecting(self) -> float:
        return self._left(self._limits.connect)

    def for_reading(self) -> float:
        return self._left(self._limits.idle)

    def _left(self, at_most: float) -> float:
        left = min(at_most, self._end - time.monotonic())
        if left <= 0:
            raise TimeoutError("The exchange took too long.")
        return left


@contextmanager
def _answered(request: _Request, peer: _Peer, deadline: _Deadline) -> Iterator[HTTPResponse]:
    """The answer to one request; its connection is closed afterwards."""
    http = _TlsConnection(peer, deadline) if peer.is_tls else _PlainConnection(peer, deadline)
    try:
        with _explained(request.url):
            http.request(request.method, peer.target, request.body, _sent_headers(request))
            response = http.getresponse()
        with response:
            yield response
    finally:
        http.close()


class _PlainConnection(HTTPConnection):
    """A connection to a judged address, never to what the name resolves to now."""

    def __init__(self, peer: _Peer, deadline: _Deadline) -> None:
        super().__init__(peer.host, peer.port)
        self._peer, self._deadline = peer, deadline
        self.response_class = _timed(deadline)

    def connect(self) -> None:
        self.sock = _connected(self._peer, self._deadline)


class _TlsConnection(HTTPSConnection):
    """The same with TLS; the certificate has to be the name's."""

    def __init__(self, peer: _Peer, deadline: _Deadline) -> None:
        self._trust = _trust(os.environ.get("SSL_CERT_FILE", ""))
        super().__init__(peer.host, peer.port, context=self._trust)
        self._peer, self._deadline = peer, deadline
        self.response_class = _timed(deadline)

    def connect(self) -> None:
        plain = _connected(self._peer, self._deadline)
        try:
            self.sock = self._trust.wrap_socket(plain, server_hostname=self._peer.host)
        except BaseException:
            plain.close()
            raise


def _connected(peer: _Peer, deadline: _Deadline) -> socket.socket:
    """The first of the judged addresses that answers."""
    failure: OSError = OSError("no address")
    for address in peer.addresses:
        try:
            found = socket.create_connection((str(address), peer.port), deadline.for_connecting())
            found.settimeout(deadline.for_reading())
            return found
        except OSError as exc:
            failure = exc
    raise failure


def _timed(deadline: _Deadline) -> type[HTTPResponse]:
    """Answers whose every read ends with the deadline, however slowly the bytes drip."""

    class TimedResponse(HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_TimedReads(raw, sock, deadline))

    return TimedResponse


class _TimedReads(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: _Deadline) -> None:
        self._raw, self._sock, self._deadline = raw, sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.for_reading())
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


@lru_cache(maxsize=4)
def _trust(more_authorities: str) -> ssl.SSLContext:
    """Whose certificates count. more_authorities: SSL_CERT_FILE, which the default context reads."""
    return ssl.create_default_context()


def _sent_headers(request: _Request) -> dict[str, str]:
    usual = {"User-Agent": "octoplat", "Accept-Encoding": "identity", "Connection": "close"}
    own = {name.lower() for name in request.headers}
    return {name: value for name, value in usual.items() if name.lower() not in own} | dict(
        request.headers
    )


def _redirected(request: _Request, response: HTTPResponse, limits: Limits) -> _Request | None:
    """The request that a redirect asks for; None when the answer is an answer. Raises NotAllowed."""
    place = response.getheader("Location")
    if response.status not in REDIRECTS or not place or request.method not in ("GET", "HEAD"):
        return None
    if not limits.redirects:
        return None
    url = urljoin(request.url, place)
    before, (after, host, port) = _taken_apart(request.url), _taken_apart(url)
    if (host, port, after.scheme) == (before[1], before[2], before[0].scheme):
        return _Request(url, request.method, request.headers, None)
    if before[0].scheme == "https" and after.scheme != "https":
        raise NotAllowed(url, f"{_shown(request.url)} redirects away from TLS.")
    if not limits.other_hosts and host != before[1]:
        raise NotAllowed(url, f"{_shown(request.url)} redirects to another host.")
    kept = {name: text for name, text in request.headers.items() if name.lower() in CROSS_HOSTS}
    return _Request(url, request.method, kept, None)


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """What the network raises, as what callers decide upon."""
    try:
        yield
    except (OSError, HTTPException, ValueError) as exc:
        logger.info("No answer from %s: %s", _shown(url), exc)
        raise CouldNotReach(url, f"{type(exc).__name__}: {exc}") from exc


def _shown(url: str) -> str:
    """Enough of an address to recognise it: queries and user names may be secrets."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the address"
    return f"{parts.scheme}://{host}{port}"
