"""Terminal control sequences: which ones carry meaning for a log, and what is left without them.

Kept: styles (SGR with 16 or 256 colours; true colours become the nearest of the 256), carriage
return and "erase in line", because together they decide what a line finally shows. Everything else
(cursor movement, titles, control characters) is dropped.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

SEQUENCE_LIMIT = 4096  # characters; what is longer is not a control sequence

# A string sequence (title, hyperlink) never runs past its line, so that no line can be swallowed.
_STRING = rf"[\]PX^_][^\x07\x1b\n]{{0,{SEQUENCE_LIMIT}}}"
_COMMAND = r"\[[0-?]{0,64}[ -/]{0,4}"
_ESCAPE = rf"\x1b(?:{_COMMAND}[@-~]|{_STRING}(?:\x07|\x1b\\)|[ -/]{{0,4}}[0-OQ-WYZ\\`-~])"
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"
CONTROLS = re.compile(f"{_ESCAPE}|{_CONTROL}")
"""A control sequence or a control character; line feed and tab are text."""

_UNFINISHED = re.compile(rf"(?:\x1b(?:{_COMMAND}|{_STRING}\x1b?|[ -/]{{0,4}})?|\r)\Z")


def plain(text: str) -> str:
    """`text` as it would be without any control sequence or control character."""
    return CONTROLS.sub("", text)


class Span(NamedTuple):
    """Characters [start, end) of a line appear in `style`, e.g. "bold fg-1 bg-214"."""

    start: int
    end: int
    style: str


@dataclass(frozen=True)
class Style:
    """From here on text looks like this. Empty: the default look."""

    name: str


class Move(Enum):
    """Cursor movements that change what a line shows."""

    TO_LINE_START = "carriage return"
    ERASE_REST = "erase to the end of the line"
    ERASE_LINE = "erase the whole line"


Mark = Style | Move


class Reader:
    """Turns one stream into text and marks, however it is cut into chunks."""

    def __init__(self) -> None:
        self._held = ""  # the beginning of a sequence whose end has not come yet
        self._look = _Look()

    def read(self, chunk: str) -> list[str | Mark]:
        text = self._held + chunk
        unfinished = _UNFINISHED.search(text, max(0, len(text) - SEQUENCE_LIMIT - 8))
        cut = unfinished.start() if unfinished else len(text)
        self._held = text[cut:]
        return self._split(text[:cut])

    @property
    def is_empty(self) -> bool:
        """Whether everything that was read has been handed out."""
        return not self._held

    def flush(self) -> list[str | Mark]:
        """What was still held back, at the end of the stream."""
        rest, self._held = self._held, ""
        return self._split(rest)

    def _split(self, text: str) -> list[str | Mark]:
        text = text.replace("\r\n", "\n")
        items: list[str | Mark] = []
        done = 0
        for control in CONTROLS.finditer(text):
            if control.start() > done:
                items.append(text[done : control.start()])
            done = control.end()
            if mark := self._mark(control[0]):
                items.append(mark)
        if done < len(text):
            items.append(text[done:])
        return items

    def _mark(self, control: str) -> Mark | None:
        if control == "\r":
            return Move.TO_LINE_START
        if not control.startswith("\x1b["):
            return None
        match control[-1], control[2:-1]:
            case "m", codes:
                self._look = self._look.after(codes)
                return Style(str(self._look))
            case "K", "" | "0":
                return Move.ERASE_REST
            case "K", "2":
                return Move.ERASE_LINE
        return None


_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_OFF = {
    22: {"bold", "dim"},
    23: {"italic"},
    24: {"underline"},
    27: {"inverse"},
    29: {"strike"},
}


@dataclass(frozen=True)
class _Look:
    """The state that SGR codes change."""

    attributes: frozenset[str] = frozenset()
    foreground: int | None = None
    background: int | None = None

    def __str__(self) -> str:
        words = sorted(self.attributes)
        if self.foreground is not None:
            words.append(f"fg-{self.foreground}")
        if self.background is not None:
            words.append(f"bg-{self.background}")
        return " ".join(words)

    def after(self, codes: str) -> "_Look":
        look = self
        numbers = map(_number, codes.replace(":", ";").split(";"))
        for number in numbers:
            look = look._with(number, numbers)
        return look

    def _with(self, code: int, following: Iterator[int]) -> "_Look":
        match code:
            case 0:
                return _Look()
            case _ if code in _ON:
                return replace(self, attributes=self.attributes | {_ON[code]})
            case _ if code in _OFF:
                return replace(self, attributes=self.attributes - _OFF[code])
            case 38:
                return replace(self, foreground=_extended(following))
            case 39:
                return replace(self, foreground=None)
            case 48:
                return replace(self, background=_extended(following))
            case 49:
                return replace(self, background=None)
            case _ if 30 <= code <= 37 or 90 <= code <= 97:
                return replace(self, foreground=_basic(code - 30))
            case _ if 40 <= code <= 47 or 100 <= code <= 107:
                return replace(self, background=_basic(code - 40))
        return self


def _number(code: str) -> int:
    return int(code) if code.isascii() and code.isdigit() else 0


def _basic(number: int) -> int:
    """0-7 are the dark colours, 60-67 the bright ones (8-15)."""
    return number if number < 8 else number - 52


def _extended(following: Iterator[int]) -> int | None:
    """The colour after 38 or 48: `5;n` of the 256, or `2;r;g;b`."""
    match next(following, 0):
        case 5:
            return min(next(following, 0), 255)
        case 2:
            red, green, blue = (min(next(following, 0), 255) * 5 // 255 for _ in range(3))
            return 16 + 36 * red + 6 * green + blue
    return None


Run = tuple[str, str]
"""Text and its style."""


@dataclass
class Overprint:
    """One line being written, with what carriage returns let later text write over."""

    under: list[Run] = field(default_factory=list)
    current: list[Run] = field(default_factory=list)
    column: int = 0
    """Where the next character goes."""
    moved: bool = False
    """Whether a movement happened, so that neighbours may never have been written side by side."""

    def write(self, text: str, style: str) -> None:
        self.current.append((text, style))
        self.column += len(text)

    def move(self, how: Move) -> None:
        self.moved = True
        match how:
            case Move.TO_LINE_START:
                self.under, self.current, self.column = self.runs(), [], 0
            case Move.ERASE_REST:
                self.under = []
            case Move.ERASE_LINE:
                self.under, self.current, self.column = [], [], 0

    def runs(self) -> list[Run]:
        """What the line shows now."""
        if not self.under:
            return self.current
        return self.current + _from(self.under, self.column)


def _from(runs: list[Run], position: int) -> list[Run]:
    rest = []
    for text, style in runs:
        if position < len(text):
            rest.append((text[position:], style))
        position = max(0, position - len(text))
    return rest


def styled(runs: Iterable[Run]) -> tuple[str, tuple[Span, ...]]:
    """The text of all runs, and where it has a style. Neighbours of equal style are one span."""
    texts: list[str] = []
    spans: list[Span] = []
    end = 0
    for text, style in runs:
        start, end = end, end + len(text)
        texts.append(text)
        if not style or not text:
            continue
        if spans and spans[-1].end == start and spans[-1].style == style:
            spans[-1] = spans[-1]._replace(end=end)
        else:
            spans.append(Span(start, end, style))
    return "".join(texts), tuple(spans)
