"""What may stand where a host is asked for. Never an option of some program, never a shell word."""

import ipaddress
import re

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
LONGEST = 253


def host_problem(host: str) -> str:
    """Why this is neither a host name nor an address, as a sentence; "" when it is one.

    security-and-reliability.md 5: `-oProxyCommand=...`, blanks, zones of IPv6 and the like.
    """
    if not host:
        return "The host is missing."
    if _is_address(host) or _is_name(host):
        return ""
    return f"{host[:100]!r} is not a host name or IP address."


def port_problem(port: int) -> str:
    """Why this is not a TCP port; "" when it is one."""
    return "" if 1 <= port <= 65535 else f"The port must be between 1 and 65535, not {port}."


def _is_address(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return getattr(address, "scope_id", None) is None


def _is_name(host: str) -> bool:
    labels = host.removesuffix(".").split(".")
    # "10.1" and "0x7f.1" are read as addresses by some resolvers: the last label has a letter.
    ends_like_a_name = not labels[-1][:1].isdigit()
    return (
        len(host) <= LONGEST
        and ends_like_a_name
        and all(_LABEL.fullmatch(label) for label in labels)
    )
