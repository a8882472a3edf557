"""Names of variables: paths such as `Octopus.Action[Web].Output.Url`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployments.core.templates.nodes import Expression


@dataclass(frozen=True, slots=True)
class Member:
    """`.text`"""

    text: str


@dataclass(frozen=True, slots=True)
class Index:
    """`[text]`"""

    text: str


@dataclass(frozen=True, slots=True)
class FirstIndex:
    """`[*]`, whichever index was defined first"""


@dataclass(frozen=True, slots=True)
class ComputedIndex:
    """`[#{expression}]`"""

    expression: Expression


Step = Member | Index | FirstIndex | ComputedIndex

SEPARATOR = re.compile(r"([.\[\]])")


@lru_cache(maxsize=65_536)
def canonical(name: str) -> str:
    """The spelling under which a name is stored: lower case, no white space around separators."""
    if " " in name or not name.isprintable():
        name = "".join(part.strip() for part in SEPARATOR.split(name))
    return name.lower()


@dataclass(frozen=True)
class Name:
    """A parsed name. A fixed one has only members and indexes that are written out."""

    steps: tuple[Step, ...]

    @cached_property
    def text(self) -> str:
        """The name as it is echoed."""
        return "".join(step_text(step) for step in self.steps).removeprefix(".")

    @cached_property
    def is_fixed(self) -> bool:
        return all(isinstance(step, Member | Index) for step in self.steps)

    @cached_property
    def key(self) -> str:
        """Where a fixed name is stored."""
        return canonical(self.text)

    @cached_property
    def head(self) -> str:
        """The first member, which a loop variable may stand for."""
        return canonical(step_text(self.steps[0])).removeprefix(".")

    @cached_property
    def tail(self) -> str:
        """What follows the head in the key of a fixed name."""
        return self.key[len(self.head) :]

    @cached_property
    def ancestors(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """The keys above a fixed name, nearest first, each with the steps that lead back down."""
        return tuple(
            (Name(self.steps[:length]).key, self.steps[length:])
            for length in range(len(self.steps) - 1, 0, -1)
        )

    def below(self, steps: Sequence[Step]) -> Name:
        return Name((*self.steps, *steps))


def step_text(step: Step) -> str:
    match step:
        case Member(text):
            return f".{text}"
        case Index(text):
            return f"[{text}]"
        case FirstIndex():
            return "[*]"
        case ComputedIndex(expression):
            return f"[#{{{expression.text}}}]"


def is_balanced(text: str) -> bool:
    """Whether `text` can stand between brackets without ending them early."""
    if "[" not in text and "]" not in text:
        return True
    depth = 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if depth < 0:
            return False
    return depth == 0


def indexes_in(name: str) -> Iterator[tuple[str, str]]:
    """The indexes a stored name goes through: (key of the collection, index text)."""
    depth = start = 0
    for position, character in enumerate(name):
        if character == "[":
            depth += 1
            if depth == 1:
                start = position
        elif character == "]" and depth:
            depth -= 1
            if depth == 0:
                yield canonical(name[:start]), name[start + 1 : position].strip()
