"""Parts of a URI under the names of .NET's `Uri` class."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote

DEFAULT_PORTS = {
    "http": 80,
    "https": 443,
    "ftp": 21,
    "ws": 80,
    "wss": 443,
    "ldap": 389,
    "nntp": 119,
    "gopher": 70,
    "telnet": 23,
}
RESERVED = ";/?:@&=+$,#[]!'()*"
UNRESERVED = "-_.~"
ABSOLUTE = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):"
    r"(?://(?:(?P<user>[^/?#@]*)@)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[^/?#:@\[\]\s]*)(?::(?P<port>\d*))?(?=[/?#]|$))?"
    r"(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>#.*)?",
    re.DOTALL,
)
HAS_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
RELATIVE = "This operation is not supported for a relative URI."


class NotAUri(ValueError):
    """The text has a scheme, but what follows is no address."""


@dataclass(frozen=True)
class Uri:
    scheme: str
    user: str
    host: str
    port: int
    path: str
    query: str
    fragment: str
    has_authority: bool

    @property
    def is_default_port(self) -> bool:
        return self.port == DEFAULT_PORTS.get(self.scheme, -1)

    @property
    def authority(self) -> str:
        return self.host if self.is_default_port else f"{self.host}:{self.port}"

    @property
    def server(self) -> str:
        return f"{self.scheme}://{self.authority}" if self.has_authority else f"{self.scheme}:"

    @property
    def address(self) -> str:
        user = f"{self.user}@" if self.user else ""
        authority = f"//{user}{self.authority}" if self.has_authority else ""
        return f"{self.scheme}:{authority}{self.path}{self.query}{self.fragment}"

    @property
    def host_kind(self) -> str:
        if not self.host:
            return "Basic" if self.scheme == "file" else "Unknown"
        if self.host.startswith("["):
            return "IPv6"
        return "IPv4" if _is_ipv4(self.host) else "Dns"

    @property
    def is_loopback(self) -> bool:
        if self.host.startswith("["):
            return IPv6Address(self.host[1:-1].partition("%")[0]).is_loopback
        if _is_ipv4(self.host):
            return IPv4Address(self.host).is_loopback
        return self.host in ("localhost", "loopback") or (self.scheme == "file" and not self.host)


def parse_uri(text: str) -> Uri | None:
    """The absolute URI in `text`, None for a relative one. Raises NotAUri."""
    text = text.strip()
    if not HAS_SCHEME.match(text):
        return None
    found = ABSOLUTE.fullmatch(text)
    if found is None:
        raise NotAUri(text)
    scheme, host = found["scheme"].lower(), (found["host"] or "").lower()
    port = int(found["port"]) if found["port"] else DEFAULT_PORTS.get(scheme, -1)
    if port > 65_535 or (scheme in DEFAULT_PORTS and not host) or not _is_host(host):
        raise NotAUri(text)
    path = _escaped(found["path"])
    if host and scheme in DEFAULT_PORTS | {"file": 0}:
        path = _without_dots(path or "/")
    return Uri(
        scheme=scheme,
        user=found["user"] or "",
        host=host,
        port=port,
        path=path,
        query=_escaped(found["query"] or ""),
        fragment=_escaped(found["fragment"] or ""),
        has_authority=found["host"] is not None,
    )


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return True
    try:
        IPv6Address(host[1:-1].partition("%")[0])
    except AddressValueError:
        return False
    return True


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return True


def _escaped(text: str) -> str:
    return quote(text, safe=RESERVED + UNRESERVED + "%", errors="replace")


def _without_dots(path: str) -> str:
    kept: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            kept[-1:] = []
        elif part != ".":
            kept.append(part)
    folder = "/" if parts[-1] in (".", "..") and kept else ""
    return "/" + "/".join(kept) + folder


def _claim(value: bool) -> str:
    return "true" if value else "false"


def _port(uri: Uri) -> str:
    return f"{uri.host}:{uri.port}" if uri.port >= 0 else uri.host


PARTS: dict[str, Callable[[Uri], str]] = {
    "absolutepath": lambda uri: uri.path,
    "absoluteuri": lambda uri: uri.address,
    "authority": lambda uri: uri.authority,
    "dnssafehost": lambda uri: uri.host.strip("[]"),
    "fragment": lambda uri: uri.fragment,
    "host": lambda uri: uri.host,
    "hostandport": _port,
    "hostnametype": lambda uri: uri.host_kind,
    "isdefaultport": lambda uri: _claim(uri.is_default_port),
    "isfile": lambda uri: _claim(uri.scheme == "file"),
    "isloopback": lambda uri: _claim(uri.is_loopback),
    "isunc": lambda uri: _claim(uri.scheme == "file" and bool(uri.host)),
    "path": lambda uri: uri.path,
    "pathandquery": lambda uri: uri.path + uri.query,
    "port": lambda uri: str(uri.port),
    "query": lambda uri: uri.query,
    "scheme": lambda uri: uri.scheme,
    "schemeandserver": lambda uri: uri.server,
    "userinfo": lambda uri: uri.user,
}


def uri_part(text: str, part: str) -> str:
    """The part of the URI `text`; what cannot be answered is told in the result, in brackets."""
    try:
        uri = parse_uri(text)
    except NotAUri:
        return text
    name = part.lower()
    if name == "isabsoluteuri":
        return _claim(uri is not None)
    if name not in PARTS:
        return f"[UriPart {part} error: argument '{part}' not supported]"
    return PARTS[name](uri) if uri else f"[UriPart {part} error: {RELATIVE}]"


def escape_uri(text: str) -> str:
    """Percent-encode what is not allowed anywhere in a URI."""
    return quote(text, safe=RESERVED + UNRESERVED, errors="replace")


def escape_data(text: str) -> str:
    """Percent-encode everything but letters, digits and `- _ . ~`."""
    return quote(text, safe=UNRESERVED, errors="replace")
