"""Maven versions and coordinates. variables-and-versions.md 6.4."""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from deployments.core.versions.maven_order import order
from deployments.core.versions.version import (
    LARGEST_NUMBER,
    InvalidVersion,
    Version,
    four_numbers,
    of_bearable_length,
)

_NUMBERS = re.compile(r"\d+(?:\.\d+){0,2}", re.ASCII)
_PRERELEASE = re.compile(
    r"(?:^|[^a-z])(?:alpha|beta|milestone|rc|cr|snapshot|[abm](?=\d))(?![a-z])", re.ASCII
)


def parse(text: str) -> Version:
    """Any text is a Maven version: what does not begin with numbers is all qualifier."""
    text = of_bearable_length(text, "Maven").strip()
    if not text or re.search(r"\s", text):
        raise InvalidVersion(text, "Maven")
    head, _, qualifier = text.partition("-")
    match = _NUMBERS.match(head)
    numbers = match[0].split(".") if match else []
    if match is None or not all(map(_fits, numbers)):
        return _version(text, [], "0", text)
    rest = head[match.end() :]
    if rest.startswith(".") and len(rest) > 1:
        qualifier = f"{rest[1:]}-{qualifier}" if qualifier else rest[1:]
    elif build := re.match(r"\d+(?=-)", qualifier):
        qualifier = qualifier[build.end() :]
    if re.fullmatch(r"0|[1-9]\d*", qualifier, re.ASCII) and _fits(qualifier):
        return _version(text, numbers, qualifier, "")
    return _version(text, numbers, "0", qualifier)


def key(version: Version) -> Hashable:
    """Maven's own order over the whole text."""
    return order(version.original)


def _fits(digits: str) -> bool:
    """Longer numbers, such as times, are qualifiers."""
    return int(digits) <= LARGEST_NUMBER


def _version(text: str, numbers: Sequence[str], revision: str, qualifier: str) -> Version:
    return Version(
        original=text,
        numbers=four_numbers([*[*numbers, "0", "0", "0"][:3], revision], text, "Maven"),
        prerelease=qualifier,
        written=len(numbers),
        is_prerelease=bool(_PRERELEASE.search(qualifier.lower())),
    )


@dataclass(frozen=True)
class Coordinates:
    """`group:artifact:version:packaging:classifier`; "" for what is not given."""

    group: str
    artifact: str
    version: str = ""
    packaging: str = ""
    classifier: str = ""


def maven_coordinates(text: str) -> Coordinates:
    """`group:artifact[:version[:packaging[:classifier]]]`. Raises ValueError."""
    return Coordinates(*_parts(text, 5))


def maven_package_id(text: str, version: str = "") -> Coordinates:
    """A package id of a feed: `group:artifact[:packaging[:classifier]]`. Raises ValueError."""
    group, artifact, *rest = _parts(text, 4)
    return Coordinates(group, artifact, version, *rest)


def _parts(text: str, most: int) -> list[str]:
    parts = text.split(":")
    if not 2 <= len(parts) <= most or not all(parts[:2]):
        raise ValueError(f"{text!r} does not name a Maven artifact; write group:artifact.")
    return parts
