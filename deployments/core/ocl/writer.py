"""Writing OCL. variables-and-versions.md 8."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from deployments.core.ocl.elements import (
    MOST_LEVELS,
    Attribute,
    Block,
    Element,
    Heredoc,
    SingleLine,
    Value,
)

_BARE_KEY = re.compile(r'[^\s"=}][^\s"=]*')
_ESCAPED = re.compile(r'[\\"\r\n\t]')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\r": "\\r", "\n": "\\n", "\t": "\\t"}


def write(
    elements: Sequence[Element],
    indent_char: str = " ",
    indent_depth: int = 4,
    heredoc_tag: str = "EOT",
) -> str:
    """The text of a document, without a final line end.

    Elements keep their order. Text with line ends becomes a heredoc unless that could not be read back
    exactly (lone CR, mixed line ends). Raises ValueError for a number or name that OCL cannot hold.
    """
    return "\n".join(_Writer(indent_char * indent_depth, heredoc_tag).elements(elements, 0))


@dataclass(frozen=True)
class _Writer:
    """How this document is written: one level of indentation, and the tag of its heredocs."""

    indent: str
    tag: str

    def elements(self, elements: Sequence[Element], level: int) -> Iterator[str]:
        """The lines of siblings: an empty one between a block and whatever is beside it."""
        _check_level(level)
        previous: Element | None = None
        for element in elements:
            if previous and (isinstance(previous, Block) or isinstance(element, Block)):
                yield ""
            match element:
                case Attribute(name, value):
                    yield from self._entry(_name(name), value, level, level)
                case Block():
                    yield from self._block(element, level)
            previous = element

    def _block(self, block: Block, level: int) -> Iterator[str]:
        labels = "".join(f" {_quoted(label)}" for label in block.labels)
        head = f"{self.indent * level}{_name(block.name)}{labels}"
        if not block.children:
            yield f"{head} {{}}"
            return
        yield f"{head} {{"
        yield from self.elements(block.children, level + 1)
        yield f"{self.indent * level}}}"

    def _entry(self, name: str, value: Value, level: int, owner: int) -> Iterator[str]:
        """`name = value`. owner: level of the attribute that a map's entry belongs to; heredocs stand
        two levels deeper than that."""
        head = f"{self.indent * level}{name} ="
        match value:
            case dict():
                yield from self._map(head, value, level)
            case Heredoc():
                yield from self._heredoc(head, value, owner + 2)
            case str() if _fits_heredoc(value):
                yield from self._heredoc(head, Heredoc(value, self.tag), owner + 2)
            case _:
                yield f"{head} {_inline(value)}"

    def _map(self, head: str, entries: Mapping[str, Value], level: int) -> Iterator[str]:
        _check_level(level)
        if not entries:
            yield f"{head} {{}}"
            return
        yield f"{head} {{"
        for key in sorted(entries):
            name = key if _BARE_KEY.fullmatch(key) else _quoted(key)
            yield from self._entry(name, entries[key], level + 1, level)
        yield f"{self.indent * level}}}"

    def _heredoc(self, head: str, heredoc: Heredoc, level: int) -> Iterator[str]:
        """Lines of CR LF text keep their CR, so that they are read back as such."""
        lines = heredoc.text.split("\n") if heredoc.text else []
        carriage = "\r" if _is_crlf(lines) else ""
        lines = [*(line.removesuffix(carriage) for line in lines[:-1]), *lines[-1:]]
        tag = _free_tag(heredoc.tag, lines)
        indent = self.indent * level if heredoc.indented else ""
        yield f"{head} <<{'-' if heredoc.indented else ''}{tag}{carriage}"
        for line in lines:
            yield f"{indent}{line}{carriage}"
        yield f"{indent}{tag}"


def _inline(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            return _decimal(value)
        case str():
            return _quoted(value)
        case SingleLine(text):
            return _quoted(text)
        case list():
            return f"[{', '.join(_inline(item) for item in value)}]"
    raise ValueError(f"OCL cannot hold {value!r}.")


def _decimal(value: float) -> str:
    """Shortest text that means the number, never with an exponent; `5` for 5.0."""
    if not math.isfinite(value):
        raise ValueError(f"OCL cannot hold the number {value}.")
    return f"{Decimal(repr(value + 0.0)):f}".removesuffix(".0")  # + 0.0: no sign before 0


def _quoted(text: str) -> str:
    return f'"{_ESCAPED.sub(lambda match: _ESCAPES[match[0]], text)}"'


def _name(name: str) -> str:
    """A name with `_` for what names cannot hold, and in front of a digit."""
    if not name:
        raise ValueError("An attribute or block has no name.")
    safe = re.sub(r"[^\w-]", "_", name)
    return f"_{safe}" if safe[0].isdigit() else safe


def _fits_heredoc(text: str) -> bool:
    lines = text.split("\n")
    return len(lines) > 1 and text.count("\r") == (len(lines) - 1 if _is_crlf(lines) else 0)


def _is_crlf(lines: Sequence[str]) -> bool:
    ended = lines[:-1] or lines
    return bool(ended) and all(line.endswith("\r") for line in ended)


def _free_tag(tag: str, lines: Sequence[str]) -> str:
    """The tag, longer where a line of the text would end the heredoc."""
    taken = {line.strip(" \t\r") for line in lines}
    while tag in taken:
        tag += "_"
    return tag


def _check_level(level: int) -> None:
    if level > MOST_LEVELS:
        raise ValueError(f"Blocks nest deeper than {MOST_LEVELS} levels.")
