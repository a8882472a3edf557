"""Release numbers: any text that begins like a version. variables-and-versions.md 6.2, 6.3 (Docker)."""

import re
from collections.abc import Hashable

from deployments.core.versions.version import (
    InvalidVersion,
    Version,
    four_numbers,
    label_key,
    of_bearable_length,
)

LATEST = "latest"

_FORM = re.compile(
    r"(?:[vV](?=\d))?(?P<numbers>\d+(?:\.\d+){0,3})?"
    r"(?:[.\-_\\]?(?P<pre>[0-9A-Za-z.\-_\\]*))?(?:\+(?P<meta>[0-9A-Za-z.\-_\\+]*))?",
    re.ASCII,
)
_AROUND_NUMBERS = re.compile(r"(?<=\d)\s+(?=[.\-+])|(?<=\.)\s+(?=\d)|(?<=^[vV])\s+(?=\d)", re.ASCII)
_BREAK = re.compile(r"[^0-9A-Za-z]+", re.ASCII)


def parse(text: str) -> Version:
    """Up to four numbers, then anything is the pre-release, and after `+` the metadata."""
    compact = _AROUND_NUMBERS.sub("", of_bearable_length(text, "release").strip())
    match = _FORM.fullmatch(compact)
    if match is None or not compact:
        raise InvalidVersion(text, "release")
    written = match["numbers"].split(".") if match["numbers"] else []
    return Version(
        original=compact,
        numbers=four_numbers(written, text, "release"),
        prerelease=match["pre"] or "",
        metadata=match["meta"] or "",
        written=len(written),
        is_prerelease=bool(match["pre"]),
    )


def parse_docker(text: str) -> Version:
    """A container tag; `latest` is no pre-release."""
    version = parse(text)
    if version.original != LATEST:
        return version
    return Version(LATEST, version.numbers, LATEST, written=0, is_prerelease=False)


def key(version: Version) -> Hashable:
    """Numbers, then no pre-release above some, then labels between any separators."""
    if not version.prerelease:
        return (version.numbers, 1, ())
    labels = [label for label in _BREAK.split(version.prerelease) if label]
    return (version.numbers, 0, label_key(labels))


def docker_key(version: Version) -> Hashable:
    """As release numbers compare, but `latest` equals only itself."""
    return (key(version), version.original == LATEST)
