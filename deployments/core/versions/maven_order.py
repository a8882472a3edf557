"""How Maven orders versions. variables-and-versions.md 6.4."""

import re
from collections.abc import Iterator
from enum import IntEnum

QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
ALIASES = {"ga": "", "final": "", "release": "", "cr": "rc"}
SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}

_RELEASED = QUALIFIERS.index("")
_TOKEN = re.compile(r"(?P<number>\d+)|(?P<word>[^\d.-]+)|(?P<mark>[.-])", re.ASCII)

Order = tuple[tuple[int, int, str], ...]
Part = int | str


class Kind(IntEnum):
    """What may come next in a version, lowest first."""

    BEFORE_RELEASE = 0  # a group that opens with alpha ... snapshot
    END = 1
    AFTER_RELEASE = 2  # a group that opens with sp or any other word
    GROUP = 3  # a group that opens with a number
    NUMBER = 4  # one more number of the same group


def order(text: str) -> Order:
    """A sort key; equal for versions that Maven calls equal."""
    steps: list[tuple[int, int, str]] = []
    for index, group in enumerate(_groups(text.lower())):
        for position, part in enumerate(group):
            if isinstance(part, str):
                steps.append(_ranked(part))
            else:
                opens = index > 0 and position == 0
                steps.append((Kind.GROUP if opens else Kind.NUMBER, part, ""))
    return (*steps, (Kind.END, 0, ""))


def _ranked(word: str) -> tuple[int, int, str]:
    if word not in QUALIFIERS:
        return Kind.AFTER_RELEASE, len(QUALIFIERS), word
    rank = QUALIFIERS.index(word)
    return Kind.BEFORE_RELEASE if rank < _RELEASED else Kind.AFTER_RELEASE, rank, ""


def _groups(text: str) -> Iterator[list[Part]]:
    """The parts without nulls; a group of nothing else is left out unless it is the first."""
    for index, group in enumerate(_split(text)):
        if group[:1] == [""]:
            del group[0]
        while group and group[-1] in (0, ""):
            group.pop()
        if group or index == 0:
            yield group


def _split(text: str) -> list[list[Part]]:
    """A hyphen, a word, and a number directly behind a word open a group: only its first part can be
    a word. Nothing between two separators counts as 0."""
    groups: list[list[Part]] = [[]]
    before: str | None = "mark"
    for match in _TOKEN.finditer(text):
        part, kind = match[0], match.lastgroup
        if kind == "mark" and before == "mark":
            groups[-1].append(0)
        if part == "-" or (kind == "number" and before == "word"):
            groups.append([])
        if kind == "word":
            if groups[-1]:
                groups.append([])
            digit_follows = text[match.end() : match.end() + 1].isdigit()
            groups[-1].append(_qualifier(part, digit_follows))
        elif kind == "number":
            groups[-1].append(int(part))
        before = kind
    return groups


def _qualifier(word: str, digit_follows: bool) -> str:
    if digit_follows and word in SHORT:
        return SHORT[word]
    return ALIASES.get(word, word)
