"""Tabs of a page: links to the same address with another `?tab=` (U3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    is_current: bool
    count: int | None = None


def tabs(
    request: HttpRequest,
    labels: Mapping[str, str],
    current: str,
    counts: Mapping[str, int] | None = None,
) -> list[Tab]:
    """One tab for each key. The first needs no parameter."""
    first = next(iter(labels))
    return [
        Tab(
            label,
            request.path if key == first else f"{request.path}?tab={key}",
            key == current,
            (counts or {}).get(key),
        )
        for key, label in labels.items()
    ]
