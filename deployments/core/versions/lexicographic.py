"""Branch-like names in order of the alphabet. variables-and-versions.md 6.5."""

import re
from collections.abc import Hashable

from deployments.core.versions.version import InvalidVersion, Version, of_bearable_length

_FORM = re.compile(
    r"(?P<name>[0-9A-Za-z][0-9A-Za-z._-]*)(?:\+(?P<meta>[0-9A-Za-z._+-]*))?", re.ASCII
)


def parse(text: str) -> Version:
    """`name+metadata`; all numbers are 0."""
    name = of_bearable_length(text, "lexicographic").strip()
    match = _FORM.fullmatch(name)
    if match is None:
        raise InvalidVersion(text, "lexicographic")
    return Version(
        original=name,
        numbers=(0, 0, 0, 0),
        prerelease=match["name"],
        metadata=match["meta"] or "",
        written=0,
        is_prerelease=False,
    )


def key(version: Version) -> Hashable:
    """Text, with `.`, `_` and `-` alike; "10" comes before "9"."""
    return re.sub(r"[._-]", "-", version.prerelease)
