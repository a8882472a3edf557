"""What a template consists of once it is parsed.

`source` is a token as it was written, `echo` what is shown when it has no value, `text` normalised source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deployments.core.templates.names import Name


@dataclass(frozen=True, slots=True)
class FilterCall:
    name: str
    options: tuple[str | Node, ...]
    text: str
    literals: tuple[str, ...] | None
    """The options, when none of them has to be evaluated."""


@dataclass(frozen=True, slots=True)
class Expression:
    """`Name | Filter option | Filter`; the name may be absent."""

    name: Name | None
    filters: tuple[FilterCall, ...]
    text: str
    key: str | None
    """Under what its value is remembered: that of a fixed name, with literal options if it has filters."""


@dataclass(frozen=True, slots=True)
class Substitution:
    """`#{expression}`"""

    expression: Expression
    source: str
    echo: str
    key: str | None
    """That of the expression."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """`"text"` as one side of a comparison."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Condition:
    left: Expression | Quoted
    comparison: Literal["", "==", "!="]
    right: Expression | Quoted | None
    negated: bool
    text: str


@dataclass(frozen=True, slots=True)
class Conditional:
    """`#{if}` with its `#{elseif}` branches, or `#{unless}`; at most one branch is shown."""

    branches: tuple[tuple[Condition, Nodes], ...]
    otherwise: Nodes
    source: str
    header: str
    """The opening token, normalised."""
    echo: str


@dataclass(frozen=True, slots=True)
class Loop:
    """`#{each item in collection}`"""

    item: str
    collection: Name
    body: Nodes
    source: str

    @property
    def echo(self) -> str:
        return self.source


Arithmetic = float | Name | Literal["+", "-", "*", "/", "negate"]


@dataclass(frozen=True, slots=True)
class Calculation:
    """`#{calc ...}` in postfix order, so that evaluating it needs no recursion."""

    postfix: tuple[Arithmetic, ...]
    source: str
    echo: str


Node = str | Substitution | Conditional | Loop | Calculation
Nodes = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text; with an error its only node is the text itself."""

    nodes: Nodes
    error: str | None = None
