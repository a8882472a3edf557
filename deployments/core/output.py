"""From what a script prints to what is recorded: masked lines and service messages, in order.

The stream is read in this order, and the order matters: messages first (their base64 would be
masked otherwise), then control sequences (they must not cut a secret), then masking over the
remaining characters, and only then lines. Messages and styles travel through the masker as marks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from deployments.core import ansi, service_messages
from deployments.core.ansi import Move, Overprint, Run, Span, Style, styled
from deployments.core.masking import Masker, StreamMasker
from deployments.core.service_messages import Message, Unreadable
from deployments.core.states import Category

LINE_LIMIT = 64 * 1024  # characters of one line
CUT = " … [line cut here: it is longer than 65,536 characters]"


class Channel(StrEnum):
    """Which of its two streams a script wrote to."""

    STDOUT = "stdout"
    STDERR = "stderr"


_SWITCHES: dict[str, tuple[Channel, Category | None]] = {
    "stdout-default": (Channel.STDOUT, Category.INFO),
    "stdout-ignore": (Channel.STDOUT, None),
    "stdout-verbose": (Channel.STDOUT, Category.VERBOSE),
    "stdout-highlight": (Channel.STDOUT, Category.HIGHLIGHT),
    "stdout-wait": (Channel.STDOUT, Category.WAIT),
    "stdout-warning": (Channel.STDOUT, Category.WARNING),
    "stdout-error": (Channel.STDOUT, Category.ERROR),
    "stderr-default": (Channel.STDERR, Category.ERROR),
    "stderr-ignore": (Channel.STDERR, None),
    "stderr-progress": (Channel.STDERR, Category.VERBOSE),
    "stderr-error": (Channel.STDERR, Category.ERROR),
}


class Levels:
    """The level at which each stream of one process logs. Either stream may switch either."""

    def __init__(self) -> None:
        self._current = {
            channel: _SWITCHES[f"{channel}-default"][1]
            for channel in (Channel.STDOUT, Channel.STDERR)
        }

    def __getitem__(self, channel: Channel) -> Category | None:
        """The category of the next line; None: it is not recorded."""
        return self._current[channel]

    def switched(self, message: Message) -> bool:
        """Whether `message` switches a level; then it is done."""
        switch = _SWITCHES.get(message.name.lower())
        if switch:
            channel, category = switch
            self._current[channel] = category
        return switch is not None


class Line(NamedTuple):
    """One line of output, masked, without its line end."""

    text: str
    category: Category
    spans: tuple[Span, ...] = ()


_Mark = ansi.Mark | Message | Unreadable


@dataclass
class _OpenLine:
    print: Overprint = field(default_factory=Overprint)
    started: bool = False
    category: Category | None = None  # that of the first character
    holds_message: bool = False  # a line of nothing but messages is not a line of output


class OutputReader:
    """Reads one stream of one process, however it is cut into chunks.

    Level switches and `mask` messages take effect here; every other message is handed on. A
    sensitive output variable is hidden from the moment its message has been read.
    """

    def __init__(self, channel: Channel, levels: Levels, masker: Masker) -> None:
        self._channel = channel
        self._levels = levels
        self._masker = masker
        self._messages = service_messages.Parser()
        self._controls = ansi.Reader()
        self._stream = StreamMasker[_Mark](masker.masks)
        self._style = ""
        self._line = _OpenLine()

    def feed(self, text: str) -> list[Line | Message]:
        """The lines and messages that `text` completes."""
        marked = self._marked(self._messages.read(text))
        self._stream.masks = self._masker.masks
        return list(self._recorded(self._stream.feed_marked(marked)))

    @property
    def is_empty(self) -> bool:
        """Whether everything that was fed has become lines and messages: reading may resume here."""
        held_back = not (self._messages.is_empty and self._controls.is_empty)
        return not held_back and self._stream.is_empty and not self._line.started

    def flush(self) -> list[Line | Message]:
        """What is left at the end of the stream, a last line without line end included."""
        marked = self._marked(self._messages.flush()) + self._controls.flush()
        self._stream.masks = self._masker.masks
        released = self._stream.feed_marked(marked) + self._stream.flush_marked()
        rest = list(self._recorded(released))
        if self._line.print.runs():
            rest.extend(self._end_line())
        return rest

    def _marked(self, parts: Iterable[str | Message | Unreadable]) -> list[str | _Mark]:
        """Text and marks; secrets that a message makes known are hidden from here on."""
        items: list[str | _Mark] = []
        for part in parts:
            if isinstance(part, str):
                items.extend(self._controls.read(part))
                continue
            if isinstance(part, Message):
                self._masker.add(_secrets(part))
            items.append(part)
        return items

    def _recorded(self, items: Iterable[str | _Mark]) -> Iterator[Line | Message]:
        for item in items:
            match item:
                case str():
                    yield from self._write(item)
                case Style(name):
                    self._style = name
                case Move():
                    self._line.print.move(item)
                case Message():
                    self._line.holds_message = True
                    if not self._levels.switched(item) and not item.is_called("mask"):
                        yield item
                case Unreadable(text):
                    self._line.holds_message = True
                    masked = self._masker.mask(ansi.plain(text))
                    yield Line(f"This service message cannot be read: {masked}", Category.WARNING)

    def _write(self, text: str) -> Iterator[Line]:
        first, *others = text.split("\n")
        self._extend_line(first)
        if others:
            *whole, last = others
            yield from self._end_line()
            yield from self._whole_lines(whole)
            self._extend_line(last)

    def _whole_lines(self, texts: Iterable[str]) -> Iterator[Line]:
        """The usual case, lines that nothing interrupts, without the bookkeeping of open ones."""
        category = self._levels[self._channel]
        if category is None:
            return
        for text in texts:
            spans = (Span(0, len(text), self._style),) if self._style and text else ()
            yield _cut(Line(text, category, spans))

    def _extend_line(self, text: str) -> None:
        if not text:
            return
        line = self._line
        if not line.started:
            line.started, line.category = True, self._levels[self._channel]
        room = LINE_LIMIT + 1 - line.print.column  # one more than fits tells that it did not fit
        line.print.write(text[: max(0, room)], self._style)

    def _end_line(self) -> Iterator[Line]:
        line, self._line = self._line, _OpenLine()
        if not line.started:
            if line.holds_message:
                return
            line.category = self._levels[self._channel]
        if line.category:
            runs = line.print.runs()
            text, spans = styled(self._masked(runs) if line.print.moved else runs)
            yield _cut(Line(text, line.category, spans))

    def _masked(self, runs: Iterable[Run]) -> Iterator[Run]:
        """Writing over a line may have put the parts of a secret side by side."""
        stream = StreamMasker[Style](self._masker.masks)
        items = [item for text, style in runs for item in (Style(style), text)]
        style = ""
        for item in stream.feed_marked(items) + stream.flush_marked():
            if isinstance(item, Style):
                style = item.name
            else:
                yield item, style


def _cut(line: Line) -> Line:
    if len(line.text) <= LINE_LIMIT:
        return line
    spans = (span._replace(end=min(span.end, LINE_LIMIT)) for span in line.spans)
    kept = tuple(span for span in spans if span.start < span.end)
    return Line(line.text[:LINE_LIMIT] + CUT, line.category, kept)


def _secrets(message: Message) -> list[str]:
    """What must be hidden because of this message."""
    value = message.properties.get("value", "")
    if message.is_called("mask"):
        return [value]
    sensitive = message.properties.get("sensitive", "").lower() == "true"
    return [value] if sensitive else []
