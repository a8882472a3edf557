"""Semantic versions: tolerant, strict and NuGet's. variables-and-versions.md 6.1."""

import re
from collections.abc import Hashable
from dataclasses import replace

from deployments.core.versions.version import (
    InvalidVersion,
    Numbers,
    Version,
    four_numbers,
    label_key,
    of_bearable_length,
)

_LABELS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_TAIL = rf"(?:-(?P<pre>{_LABELS}))?(?:\+(?P<meta>{_LABELS}))?"
_TOLERANT = re.compile(rf"v?(?P<numbers>\d+(?:\.\d+){{0,3}}){_TAIL}", re.ASCII)
_NUGET = re.compile(rf"(?P<numbers>\d+(?:\.\d+){{0,3}}){_TAIL}", re.ASCII)
_NUMBER = r"(?:0|[1-9]\d*)"
_STRICT_LABEL = rf"(?:{_NUMBER}|\d*[A-Za-z-][0-9A-Za-z-]*)"
_STRICT = re.compile(
    rf"(?P<numbers>{_NUMBER}\.{_NUMBER}\.{_NUMBER})"
    rf"(?:-(?P<pre>{_STRICT_LABEL}(?:\.{_STRICT_LABEL})*))?(?:\+(?P<meta>{_LABELS}))?",
    re.ASCII,
)
_AROUND_NUMBERS = re.compile(r"(?<=\d)\s+(?=[.+-])|(?<=[.v])\s+(?=\d)|(?<=\d)\s+$", re.ASCII)


def parse(text: str) -> Version:
    """A tolerant semantic version: one to four numbers, `v` in front, spaces around numbers."""
    head, mark, tail = _split_tail(of_bearable_length(text, "semantic").strip())
    compact = _AROUND_NUMBERS.sub("", head).strip() + mark + tail
    return _read(_TOLERANT.fullmatch(compact), text, compact, "semantic")


def parse_strict(text: str) -> Version:
    """Exactly SemVer 2: three numbers without leading zeros."""
    text = of_bearable_length(text, "SemVer 2")
    return _read(_STRICT.fullmatch(text), text, text, "SemVer 2")


def parse_nuget(text: str) -> Version:
    """As NuGet reads them: one to four numbers, no `v`; spaces around numbers are dropped.

    `str` of one that only SemVer 2 knows (dotted labels, metadata) is its normal form.
    """
    head, mark, tail = _split_tail(of_bearable_length(text, "NuGet").strip())
    compact = re.sub(r"\s*\.\s*", ".", head).strip() + mark + tail
    found = _read(_NUGET.fullmatch(compact), text, compact, "NuGet")
    is_semver2 = len(found.labels) > 1 or found.has_metadata
    return replace(found, text=found.normalized) if is_semver2 else found


Order = tuple[Numbers, int, tuple[tuple[int, int, str], ...]]


def order(version: Version) -> Order:
    """Sort key; equal for versions equal by value. Metadata never counts."""
    if not version.prerelease:
        return (version.numbers, 1, ())
    return (version.numbers, 0, label_key(version.labels))


def key(version: Version) -> Hashable:
    """`order` as the other formats offer theirs."""
    return order(version)


def _split_tail(text: str) -> tuple[str, str, str]:
    """The numbers, the mark that ends them, and the rest."""
    match = re.search(r"[-+]", text)
    if not match:
        return text, "", ""
    return text[: match.start()], match[0], text[match.end() :]


def _read(match: "re.Match[str] | None", text: str, original: str, format: str) -> Version:
    if match is None:
        raise InvalidVersion(text, format)
    written = match["numbers"].split(".")
    return Version(
        original=original,
        numbers=four_numbers(written, text, format),
        prerelease=match["pre"] or "",
        metadata=match["meta"] or "",
        written=len(written),
        is_prerelease=bool(match["pre"]),
    )
