"""What a script tells the server through its output: `##octopus[name key='<base64>']`.

Rules: variables-and-versions.md 10.1, domain.md 13. Wire names live here and nowhere else in core.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import regex

OPENING = "##octopus["
MESSAGE_LIMIT = 2 * 1024 * 1024  # characters; the largest allowed value in base64 fits easily
VARIABLE_LIMIT = 64 * 1024  # bytes of UTF-8 in one output variable
STEP_LIMIT = 1024 * 1024  # bytes of UTF-8 in all output variables of one step

_GRAMMAR = r"\s*[\w.-]+(?:\s+[\w.-]+\s*=\s*'[^']*')*\s*\]"
_BODY = re.compile(_GRAMMAR)
_POSSIBLE_BODY = regex.compile(_GRAMMAR)  # the `regex` module tells "no" from "not yet"
_NAME = re.compile(r"[\w.-]+")
_PROPERTY = re.compile(r"([\w.-]+)\s*=\s*'([^']*)'")
_SPACE = re.compile(r"\s+")
_END_OR_LINE_END = re.compile(r"[\]\n]")
_CHECKED_AT_LINE_ENDS = 4096  # a body longer than this is taken for a message until its `]`


class Properties(Mapping[str, str]):
    """The decoded properties of a message. Keys ignore case and keep their spelling."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {key.lower(): (key, value) for key, value in values.items()}

    def __getitem__(self, key: str) -> str:
        return self._values[key.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Properties({dict(self)})"


@dataclass(frozen=True)
class Message:
    """One service message. The name keeps its spelling; compare it with `is_called`."""

    name: str
    properties: Properties

    def is_called(self, name: str) -> bool:
        return self.name.lower() == name.lower()


@dataclass(frozen=True)
class Unreadable:
    """Something that began like a message and is none; `text` is what was written."""

    text: str


class Parser:
    """Finds the messages in one stream, however it is cut into chunks."""

    def __init__(self) -> None:
        self._text = ""  # not handed out yet: what may become an opening, or an open message
        self._open = False  # `_text` begins with OPENING
        self._searched = 0  # so far `_text` holds no end of the open message

    def feed(self, chunk: str) -> list[Message]:
        """The messages that `chunk` completes."""
        return [part for part in self.read(chunk) if isinstance(part, Message)]

    def read(self, chunk: str) -> list[str | Message | Unreadable]:
        """Everything that is certain now, in order: text between messages, messages, failed ones."""
        self._text += chunk
        parts: list[str | Message | Unreadable] = []
        while self._advance(parts):
            pass
        return parts

    @property
    def is_empty(self) -> bool:
        """Whether everything that was read has been handed out."""
        return not self._text

    def flush(self) -> list[str | Message | Unreadable]:
        """What was still held back, at the end of the stream."""
        rest, self._text = self._text, ""
        if not rest:
            return []
        return [Unreadable(rest) if self._open else rest]

    def _advance(self, parts: list[str | Message | Unreadable]) -> bool:
        return self._read_message(parts) if self._open else self._read_text(parts)

    def _read_text(self, parts: list[str | Message | Unreadable]) -> bool:
        start = self._text.find(OPENING)
        self._open = start >= 0
        if not self._open:
            start = len(self._text) - _possible_opening(self._text)
        if start:
            parts.append(self._text[:start])
            self._text = self._text[start:]
        self._searched = len(OPENING)
        return self._open

    def _read_message(self, parts: list[str | Message | Unreadable]) -> bool:
        stop = _END_OR_LINE_END.search(self._text, self._searched)
        if stop is None and len(self._text) <= MESSAGE_LIMIT:
            self._searched = len(self._text)
            return False
        end = MESSAGE_LIMIT if stop is None else min(stop.end(), MESSAGE_LIMIT)
        if stop is not None and stop.end() <= MESSAGE_LIMIT and stop[0] == "\n":
            if _may_become_message(self._text[len(OPENING) : end]):
                self._searched = end
                return True
            end -= 1  # the line end is ordinary output again
        parts.append(_parse(self._text[:end]))
        self._text, self._open = self._text[end:], False
        return True


def _possible_opening(text: str) -> int:
    """The length of the longest tail of `text` that may be the beginning of OPENING."""
    return next((n for n in range(len(OPENING) - 1, 0, -1) if text.endswith(OPENING[:n])), 0)


def _may_become_message(body: str) -> bool:
    if len(body) > _CHECKED_AT_LINE_ENDS:
        return True
    return _POSSIBLE_BODY.fullmatch(body, partial=True) is not None


def _parse(text: str) -> Message | Unreadable:
    body = text[len(OPENING) :]
    name = _NAME.search(body)
    if name is None or not _BODY.fullmatch(body):
        return Unreadable(text)
    try:
        values = {key: decode(value) for key, value in _PROPERTY.findall(body, name.end())}
    except ValueError:
        return Unreadable(text)
    return Message(name[0], Properties(values))


def decode(value: str) -> str:
    """The text a property value stands for. Raises ValueError when it is not base64 of UTF-8."""
    try:
        return base64.b64decode(_SPACE.sub("", value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as reason:
        raise ValueError(f"not base64 of UTF-8: {reason}") from reason


def encode(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def format(name: str, properties: Mapping[str, str | None]) -> str:
    """The message as one line without its line end. Properties that are None are left out."""
    given = (f" {key}='{encode(value)}'" for key, value in properties.items() if value is not None)
    return f"{OPENING}{name}{''.join(given)}]"


@dataclass
class VariableBudget:
    """How much the output variables of one step have used of their limits."""

    used: dict[str, int] = field(default_factory=dict)

    def refusal(self, name: str, value: str) -> str | None:
        """Why the variable is too large to be kept, or None: then its size is counted.

        A variable that is set again replaces its earlier size.
        """
        size = len(value.encode())
        if size > VARIABLE_LIMIT:
            return f"Output variable {name!r} has {size:,} bytes; the limit is {VARIABLE_LIMIT:,}."
        total = sum(self.used.values()) - self.used.get(name.lower(), 0) + size
        if total > STEP_LIMIT:
            return (
                f"Output variable {name!r} would bring this step's output variables to"
                f" {total:,} bytes; the limit is {STEP_LIMIT:,}."
            )
        self.used[name.lower()] = size
        return None
