"""Maven versions and coordinates. variables-and-versions.md 6.4."""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import Union

from deployments.core.versions.version import InvalidVersion, Version

MOST = 2**31 - 1
RELEASED = ""
QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", RELEASED, "sp")
ALIASES = {"ga": RELEASED, "final": RELEASED, "release": RELEASED, "cr": "rc"}
SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}

_NUMBERS = re.compile(r"\d+(?:\.\d+){0,2}", re.ASCII)
_PRERELEASE = re.compile(
    r"(?:^|[^a-z])(?:alpha|beta|milestone|rc|cr|snapshot|[abm](?=\d))(?![a-z])", re.ASCII
)

Item = Union[int, str, "Items"]


def parse(text: str) -> Version:
    """Any text is a Maven version: what does not begin with numbers is all qualifier."""
    text = text.strip()
    if not text or re.search(r"\s", text):
        raise InvalidVersion(text, "Maven")
    head, _, qualifier = text.partition("-")
    numbers, rest = _numbers(head)
    if numbers is None:
        return _version(text, [0, 0, 0], 0, text)
    if rest:
        qualifier = f"{rest}-{qualifier}" if qualifier else rest
    revision = 0
    if re.fullmatch(r"0|[1-9]\d*", qualifier):
        revision, qualifier = int(qualifier), ""
    elif match := re.match(r"\d+(?=-)", qualifier):
        qualifier = qualifier if rest else qualifier[match.end() :]
    return _version(text, numbers, revision, qualifier)


def key(version: Version) -> Hashable:
    """Maven's own order over the whole text."""
    return Items.read(version.original)


def _numbers(head: str) -> tuple[list[int] | None, str]:
    """The first three numbers of the part before `-`, and what follows them after a dot."""
    match = _NUMBERS.match(head)
    if match is None:
        return None, ""
    rest = head[match.end() :]
    numbers = [int(number) for number in match[0].split(".")]
    return numbers, rest[1:] if rest.startswith(".") else ""


def _version(text: str, numbers: Sequence[int], revision: int, qualifier: str) -> Version:
    four = [*[*numbers, 0, 0][:3], revision]
    if max(four) > MOST:
        raise InvalidVersion(text, "Maven")
    return Version(
        original=text,
        numbers=(four[0], four[1], four[2], four[3]),
        prerelease=qualifier,
        written=len(numbers),
        is_prerelease=bool(_PRERELEASE.search(qualifier.lower())),
    )


@total_ordering
@dataclass(frozen=True)
class Items:
    """A version as nested lists of numbers and qualifiers, trailing nulls dropped."""

    items: tuple[Item, ...]

    @classmethod
    def read(cls, text: str) -> "Items":
        """Split at dots, hyphens and between digits and letters; the latter two open a list."""
        lists: list[list[Item]] = [[]]
        for separator, token, follows in _tokens(text.lower()):
            if separator != ".":
                lists.append([])
            lists[-1].append(int(token) if token.isdigit() else _qualifier(token, follows))
        inner: Items | None = None
        for items in reversed(lists):
            inner = cls(_without_nulls([*items, inner] if inner else items))
        return inner or cls(())

    def __lt__(self, other: "Items") -> bool:
        return _compare_lists(self, other) < 0


def _tokens(text: str) -> list[tuple[str, str, bool]]:
    """(separator before, token, whether a digit follows directly); "" between digit and letter."""
    found: list[tuple[str, str, bool]] = []
    separator = "."
    for match in re.finditer(r"([.-])|(\d+)|([^\d.-]+)", text):
        if match[1]:
            if separator != "":
                found.append((separator, "0", False))
            separator = match[1]
            continue
        after = text[match.end() : match.end() + 1]
        found.append((separator, match[0], after.isdigit()))
        separator = ""
    return found


def _qualifier(token: str, digit_follows: bool) -> str:
    if digit_follows and token in SHORT:
        return SHORT[token]
    return ALIASES.get(token, token)


def _without_nulls(items: Sequence[Item]) -> tuple[Item, ...]:
    """Trailing zeros and "released" qualifiers say nothing; a list at the end does not hide them."""
    kept = list(items)
    index = len(kept) - 1
    while index >= 0:
        item = kept[index]
        if item == 0 or item == RELEASED or (isinstance(item, Items) and not item.items):
            del kept[index]
        elif not isinstance(item, Items):
            break
        index -= 1
    return tuple(kept)


def _rank(qualifier: str) -> tuple[int, str]:
    if qualifier in QUALIFIERS:
        return QUALIFIERS.index(qualifier), ""
    return len(QUALIFIERS), qualifier


def _compare_lists(left: Items, right: Items) -> int:
    length = max(len(left.items), len(right.items))
    for index in range(length):
        a = left.items[index] if index < len(left.items) else None
        b = right.items[index] if index < len(right.items) else None
        if result := _compare(a, b):
            return result
    return 0


def _compare(a: Item | None, b: Item | None) -> int:
    if a is None:
        return -_sign(b)
    if b is None:
        return _sign(a)
    if isinstance(a, Items) and isinstance(b, Items):
        return _compare_lists(a, b)
    if isinstance(a, int) and isinstance(b, int):
        return (a > b) - (a < b)
    if isinstance(a, str) and isinstance(b, str):
        return (_rank(a) > _rank(b)) - (_rank(a) < _rank(b))
    return _kind(a) - _kind(b)


def _kind(item: Item) -> int:
    """Between kinds: a number is above a list, a list above a qualifier."""
    if isinstance(item, int):
        return 2
    return 1 if isinstance(item, Items) else 0


def _sign(item: Item | None) -> int:
    """How an item compares with nothing at all."""
    if item is None:
        return 0
    if isinstance(item, int):
        return 1 if item else 0
    if isinstance(item, str):
        rank, released = _rank(item), _rank(RELEASED)
        return (rank > released) - (rank < released)
    return next((sign for sign in map(_sign, item.items) if sign), 0)


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
