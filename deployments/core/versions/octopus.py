"""Release numbers: any text that begins like a version. variables-and-versions.md 6.2, 6.3 (Docker)."""

import re
from collections.abc import Hashable

from deployments.core.versions.version import InvalidVersion, Version, label_key

MOST = 2**31 - 1
LATEST = "latest"

_FORM = re.compile(
    r"(?P<v>[vV])?(?P<numbers>\d+(?:\.\d+){0,3})?"
    r"(?:[.\-_\\]?(?P<pre>[0-9A-Za-z.\-_\\]*))?(?:\+(?P<meta>[0-9A-Za-z.\-_\\+]*))?",
    re.ASCII,
)
_AROUND_NUMBERS = re.compile(r"(?<=\d)\s+(?=[.\-+])|(?<=\.)\s+(?=\d)", re.ASCII)
_BREAK = re.compile(r"[^0-9A-Za-z]+", re.ASCII)


def parse(text: str) -> Version:
    """Up to four numbers, then anything is the pre-release, and after `+` the metadata."""
    compact = _AROUND_NUMBERS.sub("", text.strip())
    match = _FORM.fullmatch(compact)
    if match is None or not compact:
        raise InvalidVersion(text, "release")
    if match["v"] and match["numbers"] is None:
        return _version(text, compact, [], compact, "")
    written = match["numbers"].split(".") if match["numbers"] else []
    return _version(text, compact, written, match["pre"] or "", match["meta"] or "")


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


def _version(text: str, compact: str, written: list[str], pre: str, meta: str) -> Version:
    numbers = [int(number) for number in written] + [0, 0, 0, 0]
    if max(numbers) > MOST:
        raise InvalidVersion(text, "release")
    if not written and "+" in pre:
        pre, _, meta = pre.partition("+")
    return Version(
        original=compact,
        numbers=(numbers[0], numbers[1], numbers[2], numbers[3]),
        prerelease=pre,
        metadata=meta,
        written=len(written),
        is_prerelease=bool(pre),
    )
