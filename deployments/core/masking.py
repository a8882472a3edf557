"""Replaces secrets in what is logged. Algorithm: security-and-reliability.md 4.3.

A secret is searched in every spelling a script may print it in (`expansions`), over characters of
the decoded stream, before anything splits it into lines. Control sequences and carriage returns do
not count as characters, so colours inside a secret do not hide it.
"""

import base64
import json
import re
import shlex
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Self, TypeVar
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import ahocorasick

from deployments.core.ansi import CONTROLS, plain

REPLACEMENT = "********"
SHORTEST = 4  # characters; masking less would destroy the log
SHORTEST_LINE = 8  # of a multi-line value
_WRAPPED_AT = (64, 76)  # columns at which PEM and `base64` break their lines

MarkT = TypeVar("MarkT")


class MaskSet:
    """The secrets of a task at one moment, ready to be searched for. Immutable."""

    def __init__(self, values: Iterable[str] = (), *, beyond: Self | None = None) -> None:
        """Hides `values`, and everything that `beyond` hides."""
        patterns = {pattern for value in set(values) for pattern in expansions(value)}
        inherited: frozenset[str] = beyond._patterns if beyond else frozenset()
        self._patterns: frozenset[str] = inherited | patterns

    def with_values(self, more: Iterable[str]) -> Self:
        """A set that also hides `more`."""
        return type(self)(more, beyond=self)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def mask(self, text: str) -> str:
        """`text` with every secret replaced; control sequences outside of secrets stay."""
        if not self:
            return text
        masker = StreamMasker[_Control](self)
        items = masker.feed_marked(_controls_apart(text)) + masker.flush_marked()
        return "".join(item if isinstance(item, str) else item.text for item in items)

    def intervals(self, text: str) -> list[tuple[int, int]]:
        """Where secrets are: [start, end) in order, overlapping matches merged."""
        merged: list[tuple[int, int]] = []
        if not self or len(text) < SHORTEST:
            return merged
        for last, length in self._automaton.iter(text):
            start, end = last + 1 - length, last + 1
            while merged and start < merged[-1][1]:
                start = min(start, merged.pop()[0])
            merged.append((start, end))
        return merged

    def unfinished(self, text: str) -> int:
        """The length of the longest tail of `text` with which some pattern begins."""
        if not self:
            return 0
        tail = text[-self._longest :]
        for last, length in self._heads.iter(tail):
            start: int = last + 1 - length
            if self._automaton.match(tail[start:]):
                return len(tail) - start
        tail = tail[1 - SHORTEST :]
        starts = (i for i in range(len(tail)) if self._automaton.match(tail[i:]))
        return len(tail) - next(starts, len(tail))

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._patterns))

    @cached_property
    def _automaton(self) -> ahocorasick.Automaton:
        return _automaton(self._patterns)

    @cached_property
    def _heads(self) -> ahocorasick.Automaton:
        """Finds the few places where comparing a whole tail is worth it."""
        return _automaton({pattern[:SHORTEST] for pattern in self._patterns})


def _automaton(patterns: Iterable[str]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for pattern in patterns:
        automaton.add_word(pattern, len(pattern))
    automaton.make_automaton()
    return automaton


class StreamMasker(Generic[MarkT]):
    """Masks one stream as it comes: what may be the beginning of a secret waits for its end.

    Marks travel with the text: what is not a string has no width and cannot hide a secret. One that
    stands inside a secret comes out after its replacement.
    """

    def __init__(self, masks: MaskSet) -> None:
        self.masks = masks
        """May be replaced by a larger set at any time; text still held back is searched again."""
        self._held = ""
        self._marks: deque[tuple[int, MarkT]] = deque()  # (position in `_held`, mark), in order
        self._replaced = 0  # so many characters of `_held` belong to a secret already replaced

    @property
    def is_empty(self) -> bool:
        """Whether everything that was fed has been released."""
        return not self._held and not self._marks

    def feed(self, text: str) -> str:
        return _text(self.feed_marked([text]))

    def flush(self) -> str:
        """What was held back, at the end of the stream."""
        return _text(self.flush_marked())

    def feed_marked(self, items: Iterable[str | MarkT]) -> list[str | MarkT]:
        texts = [self._held]
        length = len(self._held)
        for item in items:
            if isinstance(item, str):
                texts.append(item)
                length += len(item)
            else:
                self._marks.append((length, item))
        self._held = "".join(texts)
        return self._release(length - self.masks.unfinished(self._held))

    def flush_marked(self) -> list[str | MarkT]:
        return self._release(len(self._held))

    def _release(self, cut: int) -> list[str | MarkT]:
        """Hand out everything before `cut`, secrets replaced; the rest stays."""
        pieces: list[str | MarkT] = []
        position = self._replaced
        for start, end in self.masks.intervals(self._held):
            if start >= cut:
                break
            if start >= position:  # else it goes on with the secret replaced before
                self._hand_out(pieces, position, start)
                pieces.append(REPLACEMENT)
            position = max(position, end)
        self._hand_out(pieces, min(position, cut), cut)

        self._held = self._held[cut:]
        self._marks = deque((at - cut, mark) for at, mark in self._marks)
        self._replaced = max(0, position - cut)
        return pieces

    def _hand_out(self, pieces: list[str | MarkT], position: int, stop: int) -> None:
        """Add the text from `position` to `stop`, and every mark up to there."""
        while self._marks and self._marks[0][0] <= stop:
            at, mark = self._marks.popleft()
            if at > position:
                pieces.append(self._held[position:at])
                position = at
            pieces.append(mark)
        if position < stop:
            pieces.append(self._held[position:stop])


def _text(items: Sequence[object]) -> str:
    return "".join(item for item in items if isinstance(item, str))


class Masker:
    """The secrets of one task. They become more while it runs; all its streams share them."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.masks = MaskSet(values)

    def add(self, values: Iterable[str]) -> None:
        """Hide `values` from now on, also in text that some stream still holds back."""
        self.masks = self.masks.with_values(values)

    def mask(self, text: str) -> str:
        return self.masks.mask(text)


@dataclass(frozen=True)
class _Control:
    text: str


def _controls_apart(text: str) -> Iterator[str | _Control]:
    done = 0
    for control in CONTROLS.finditer(text):
        yield text[done : control.start()]
        yield _Control(control[0])
        done = control.end()
    yield text[done:]


# --- spellings -------------------------------------------------------------------------------------


def expansions(value: str) -> set[str]:
    """Every text that gives `value` away. Empty when it is too short to be masked.

    Surrounding blanks do not belong to a secret: scripts add and lose them.
    """
    core = plain(value).strip()
    if len(core) < SHORTEST:
        return set()
    spellings = {
        spelling
        for form in {core, core.replace("\n", "\r\n"), value.strip()}
        for spelling in _spellings(form)
    }
    spellings.update(_long_lines(core))
    return {text for text in map(plain, spellings) if len(text) >= SHORTEST}


def _long_lines(text: str) -> Iterator[str]:
    lines = (line.strip() for line in text.split("\n"))
    return (line for line in lines if len(line) >= SHORTEST_LINE)


def _spellings(value: str) -> Iterator[str]:
    data = value.encode("utf-8", "surrogatepass")
    yield value
    yield from _in_urls(data)
    yield from _in_json(value)
    yield from _in_markup(value)
    yield from _in_source_code(value)
    yield from (data.hex(), data.hex().upper())
    yield from _in_base64(data)


def _in_urls(data: bytes) -> Iterator[str]:
    for spelling in (quote(data, safe=""), quote(data), quote(data, "!'()*"), quote_plus(data)):
        yield spelling
        yield _PERCENT.sub(lambda code: code[0].lower(), spelling)


def _in_json(value: str) -> Iterator[str]:
    for text in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield text
        yield text.replace("/", "\\/")
        careful = _UNSAFE_IN_JSON.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)
        yield careful
        yield _JSON_CODE.sub(lambda code: f"\\u{code[1].upper()}", careful)


def _in_markup(value: str) -> Iterator[str]:
    text = escape(value)
    for apostrophe in ("'", "&#x27;", "&#39;", "&apos;"):
        for quotation in ('"', "&quot;", "&#34;"):
            yield text.replace("'", apostrophe).replace('"', quotation)


def _in_source_code(value: str) -> Iterator[str]:
    """Shell words, string literals and what tracing shells print."""
    yield shlex.quote(value).removeprefix("'").removesuffix("'")
    yield value.replace("'", "'\\''")
    yield _NOT_PLAIN_IN_SHELL.sub(r"\\\g<0>", value)
    yield value.replace("'", "''")
    yield value.replace('"', '""')
    escaped = value.replace("\\", "\\\\")
    yield escaped
    for sign, code in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(sign, code)
    yield escaped
    yield escaped.replace("'", "\\'")
    yield escaped.replace('"', '\\"')


def _in_base64(data: bytes) -> Iterator[str]:
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + data).decode()
        # Only the characters whose six bits all come from the secret.
        first, end = -(-8 * offset // 6), 8 * (offset + len(data)) // 6
        yield encoded[first:end]
        yield encoded[first:end].translate(_URL_SAFE)
    encoded = base64.b64encode(data).decode().rstrip("=")
    for width in _WRAPPED_AT:
        for start in range(0, len(encoded), width) if len(encoded) > width else ():
            if len(line := encoded[start : start + width]) >= SHORTEST_LINE:
                yield line


_PERCENT = re.compile(r"%[0-9A-F]{2}")
_UNSAFE_IN_JSON = re.compile(r"[<>&'+]")
_JSON_CODE = re.compile(r"\\u([0-9a-f]{4})")
_NOT_PLAIN_IN_SHELL = re.compile(r"[^\w@%+=:,./-]")
_URL_SAFE = str.maketrans("+/", "-_")
