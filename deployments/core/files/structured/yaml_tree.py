"""YAML as it was written: styles, tags, anchors, comments, directives and indentation.

Reading takes the events of ruamel.yaml, so nothing is constructed and no alias is ever expanded.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any  # events of ruamel.yaml share no useful type

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

MAX_DEPTH = 100
DEFAULT_INDENT = 2

_STARTS = ("MappingStartEvent", "SequenceStartEvent")
_ENDS = ("MappingEndEvent", "SequenceEndEvent")
_COMMENT = re.compile(r"#(.*)")


class InvalidYaml(ValueError):
    """The text is no YAML."""


@dataclass(frozen=True)
class Comment:
    """text: behind the #. is_inline: it follows something on its line."""

    text: str
    is_inline: bool
    column: int = 0


@dataclass(frozen=True)
class Scalar:
    """tag: None when the value tells its own. style: "" (plain), ', ", | or >."""

    value: str
    style: str = ""
    tag: str | None = None
    anchor: str | None = None


@dataclass(frozen=True)
class Alias:
    anchor: str


@dataclass(frozen=True)
class Sequence:
    children: "list[Node | Comment]"
    is_flow: bool = False
    tag: str | None = None
    anchor: str | None = None


@dataclass(frozen=True)
class Mapping:
    """children: keys and values in turn, with comments anywhere between."""

    children: "list[Node | Comment]"
    is_flow: bool = False
    tag: str | None = None
    anchor: str | None = None


Node = Scalar | Alias | Sequence | Mapping


@dataclass(frozen=True)
class Document:
    """children: one node, with comments around it. explicit: with `---`, and with `...`."""

    children: "list[Node | Comment]"
    starts_explicitly: bool = False
    ends_explicitly: bool = False
    version: tuple[int, int] | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stream:
    """indent: the most common step from one level to the next."""

    children: "list[Document | Comment]"
    indent: int = DEFAULT_INDENT

    @property
    def documents(self) -> list[Document]:
        return [child for child in self.children if isinstance(child, Document)]


def read(text: str) -> Stream:
    """What `text`, with LF as line end, consists of. Raises InvalidYaml."""
    try:
        return _Builder(text).stream()
    except YAMLError as reason:
        problem = getattr(reason, "problem", None) or str(reason).partition("\n")[0]
        raise InvalidYaml(f"not YAML: {problem}") from reason


class _Builder:
    """Turns the events into a tree; a comment stands before the event that begins behind it."""

    def __init__(self, text: str) -> None:
        self._events: list[Any] = list(_events(text))
        self._comments = list(_comments(text))
        self._next_event = 0
        self._next_comment = 0
        self._columns: list[int] = []  # of the open collections
        self._steps: Counter[int] = Counter()

    def stream(self) -> Stream:
        children: list[Document | Comment] = []
        self._take()
        while True:
            children += self._comments_before_next()
            if type(self._peek()).__name__ == "StreamEndEvent":
                break
            children.append(self._document())
        indent = self._steps.most_common(1)[0][0] if self._steps else DEFAULT_INDENT
        return Stream(children, max(2, min(9, indent)))

    def _peek(self) -> Any:
        return self._events[self._next_event]

    def _take(self) -> Any:
        self._next_event += 1
        return self._events[self._next_event - 1]

    def _comments_before_next(self, column: int = 0) -> list[Comment]:
        """Comments before the next event; one further left than `column` is left to the parent."""
        position = self._peek().start_mark.index
        taken = []
        while self._next_comment < len(self._comments):
            at, comment = self._comments[self._next_comment]
            if at >= position or (comment.column < column and not comment.is_inline):
                break
            taken.append(comment)
            self._next_comment += 1
        return taken

    def _document(self) -> Document:
        start = self._take()
        children: list[Node | Comment] = [*self._inline_comments(), self._node()]
        children += self._comments_before_next()
        end = self._take()
        return Document(children, start.explicit, end.explicit, start.version, start.tags or {})

    def _inline_comments(self) -> list[Comment]:
        """Comments between a place and its block: only those on the same line stay outside of it."""
        starts_block = getattr(self._peek(), "flow_style", True) is False
        comments = self._comments_before_next()
        outside = [c for c in comments if c.is_inline or not starts_block]
        self._next_comment -= len(comments) - len(outside)
        return outside

    def _node(self) -> Node:
        event = self._take()
        anchor = event.anchor
        match type(event).__name__:
            case "AliasEvent":
                return Alias(anchor)
            case "ScalarEvent":
                is_plain = not event.style
                tag = event.tag if not event.implicit[0 if is_plain else 1] else None
                return Scalar(event.value, event.style or "", tag, anchor)
            case kind:
                tag = None if event.implicit else event.tag
                of = Mapping if kind == "MappingStartEvent" else Sequence
                return of(self._children(event), bool(event.flow_style), tag, anchor)

    def _children(self, start: Any) -> "list[Node | Comment]":
        column = start.start_mark.column
        if not start.flow_style and self._columns and column > self._columns[-1]:
            self._steps[column - self._columns[-1]] += 1
        self._columns.append(column)
        children: list[Node | Comment] = []
        while True:
            at_key = type(start).__name__ != "MappingStartEvent" or len(nodes_of(children)) % 2 == 0
            if at_key:
                children += self._comments_before_next(0 if start.flow_style else column)
            else:
                children += self._inline_comments()
            if type(self._peek()).__name__ in _ENDS:
                break
            children.append(self._node())
        self._take()
        self._columns.pop()
        return children


def _events(text: str) -> Iterator[Any]:
    """Stops at the first level too deep: ruamel.yaml takes quadratic time for depth."""
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        kind = type(event).__name__
        depth += kind in _STARTS
        depth -= kind in _ENDS
        if depth > MAX_DEPTH:
            raise InvalidYaml(f"not read: nested deeper than {MAX_DEPTH}")
        yield event


def nodes_of(children: "list[Node | Comment]") -> list[Node]:
    return [child for child in children if not isinstance(child, Comment)]


def _comments(text: str) -> Iterator[tuple[int, Comment]]:
    """Every comment with its position. Between two tokens there is nothing but blanks and comments."""
    done = 0
    for token in YAML(typ="safe", pure=True).scan(text):
        for found in _COMMENT.finditer(text, done, token.start_mark.index):
            line_start = text.rfind("\n", 0, found.start()) + 1
            is_inline = bool(text[line_start : found.start()].strip())
            words = found[1].rstrip()
            shown = words if not words or words.startswith(" ") else f" {words}"
            yield found.start(), Comment(shown, is_inline, found.start() - line_start)
        done = max(done, token.end_mark.index)
