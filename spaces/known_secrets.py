"""The secrets this process has seen in plain text lately, so that its own log can hide them. Django-free.

Kept in memory only, and only the newest: a log line follows soon after what it tells about.
"""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

MOST = 500
SHORTEST = 4
"""Characters; hiding shorter ones would make the log unreadable (security-and-reliability.md 4.3)."""


@dataclass(frozen=True)
class Known:
    """values: newest last. version: another one for every change."""

    values: tuple[str, ...]
    version: int


_values: OrderedDict[str, None] = OrderedDict()
_version = 0
_lock = Lock()


def remember(value: str) -> None:
    """Hide this text in log lines from now on."""
    global _version
    if len(value.strip()) < SHORTEST:
        return
    with _lock:
        if value not in _values:
            _version += 1
        _values[value] = None
        _values.move_to_end(value)
        while len(_values) > MOST:
            _values.popitem(last=False)


def known() -> Known:
    with _lock:
        return Known(tuple(_values), _version)
