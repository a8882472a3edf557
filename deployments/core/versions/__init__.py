"""Versions of every format, their order, masks and ranges. variables-and-versions.md 6 and 7.

`format` is semver (tolerant), semver-strict, nuget, octopus, maven, docker or lexicographic.
"""

from collections.abc import Callable, Hashable
from typing import Any

from deployments.core.versions import lexicographic, maven, maven_ranges, octopus, ranges, semver
from deployments.core.versions.masks import apply_mask, is_mask, latest_masked
from deployments.core.versions.maven import maven_coordinates, maven_package_id
from deployments.core.versions.maven_ranges import MavenRange
from deployments.core.versions.ranges import (
    InvalidRange,
    Range,
    best_match,
    float_satisfies,
    parse_float,
    ranges_equal,
)
from deployments.core.versions.version import InvalidVersion, Version

_FORMATS: dict[str, tuple[Callable[[str], Version], Callable[[Version], Hashable]]] = {
    "semver": (semver.parse, semver.key),
    "semver-strict": (semver.parse_strict, semver.key),
    "nuget": (semver.parse_nuget, semver.key),
    "octopus": (octopus.parse, octopus.key),
    "docker": (octopus.parse_docker, octopus.docker_key),
    "maven": (maven.parse, maven.key),
    "lexicographic": (lexicographic.parse, lexicographic.key),
}


def parse(text: str | None, format: str = "semver") -> Version:
    """Raises InvalidVersion, a ValueError."""
    if text is None:
        raise InvalidVersion(text, format)
    return _FORMATS[format][0](text)


def key(text: str, format: str = "semver") -> Hashable:
    """A hashable sort key; equal versions have equal keys. Raises InvalidVersion."""
    read, order = _FORMATS[format]
    return order(read(text))


def compare(a: str, b: str, format: str = "semver") -> int:
    """Negative, zero or positive. Raises InvalidVersion."""
    first: Any = key(a, format)
    second: Any = key(b, format)
    return int(first > second) - int(first < second)


def parse_range(text: str, format: str = "nuget") -> Range | MavenRange:
    """format: nuget or maven. Raises InvalidRange."""
    return maven_ranges.parse(text) if format == "maven" else ranges.parse(text)


def in_range(version: str, text: str, format: str = "nuget") -> bool:
    """Whether a version lies in a range. Raises InvalidRange, InvalidVersion."""
    if format == "maven":
        return maven_ranges.parse(text).holds(version)
    return ranges.parse(text).holds(semver.parse_nuget(version))


def next_version(template: str, latest: str | None) -> str:
    """The next release number: a mask counted on, any other text as it is. Raises InvalidVersion.

    template: a version template after its variables were filled in.
    """
    text = apply_mask(template, latest) if is_mask(template) else template
    return octopus.parse(text).original


__all__ = [
    "InvalidRange",
    "InvalidVersion",
    "MavenRange",
    "Range",
    "Version",
    "apply_mask",
    "best_match",
    "compare",
    "float_satisfies",
    "in_range",
    "is_mask",
    "key",
    "latest_masked",
    "maven_coordinates",
    "maven_package_id",
    "next_version",
    "parse",
    "parse_float",
    "parse_range",
    "ranges_equal",
]
