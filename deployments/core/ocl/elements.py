"""What an OCL document consists of."""

import re
from dataclasses import dataclass
from typing import Union

MOST_LEVELS = 100
"""How deep blocks and maps may nest; far beyond any project's file, well within Python's stack."""

_WORD_START = re.compile(r"(?<=[^\W_A-Z])(?=[A-Z])")


@dataclass(frozen=True)
class Heredoc:
    """Text over several lines, ended by `tag`. indented: written `<<-`, its indentation is not text."""

    text: str
    tag: str = "EOT"
    indented: bool = True


@dataclass(frozen=True)
class SingleLine:
    """Text to be written in quotes although it has line ends. Never read."""

    text: str


Value = Union[
    None, bool, int, float, str, Heredoc, SingleLine, list[str], list[int], list[float], "Map"
]
Map = dict[str, Value]


@dataclass(frozen=True)
class Attribute:
    """`name = value`."""

    name: str
    value: Value


@dataclass(frozen=True)
class Block:
    """`name "label" { ... }`."""

    name: str
    labels: tuple[str, ...] = ()
    children: tuple["Element", ...] = ()


Element = Attribute | Block


def name(text: str) -> str:
    """The name that a property has in OCL: "StartTrigger" gives "start_trigger"."""
    return re.sub(r"\s", "_", _WORD_START.sub("_", text)).lower()
