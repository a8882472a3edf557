"""A script's output on its way into the log: bytes -> text -> masked lines and messages -> batches.

Lines are handed on together with the byte offsets they end at, so that after a crash exactly the rest
is read again. An offset is only told where the reader holds nothing back.
"""

import codecs
from collections.abc import Iterable
from dataclasses import dataclass, field

from deployments.core.masking import Masker
from deployments.core.operations import SKIP_REMAINING, OutputValue
from deployments.core.output import LINE_LIMIT, Channel, Levels, Line, OutputReader
from deployments.core.service_messages import Message, VariableBudget
from deployments.core.states import Category
from deployments.engine.recording import Attempt, Batch, LogLine, Recorder
from deployments.transports.base import Output, Stream

HELD = 1 << 20  # characters of lines that may wait for a place to resume from

_IGNORED = ("foundpackage", "calamari-found-package", "deltaverification")


@dataclass(frozen=True)
class Artifact:
    """A file a script asked to be kept."""

    path: str
    name: str


@dataclass
class Told:
    """What a script told besides its lines."""

    artifacts: list[Artifact] = field(default_factory=list)
    failure: str = ""
    skip_rest: bool = False
    wrote_errors: bool = False


class _Source:
    """One stream: how far it was read, and how far it may be resumed from."""

    def __init__(self, channel: Channel, levels: Levels, masker: Masker, offset: int) -> None:
        self._reader = OutputReader(channel, levels, masker)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._unended = b""  # a line whose end has not come yet
        self.read = offset
        self.safe = offset

    @property
    def is_settled(self) -> bool:
        """Whether everything before `safe`, and nothing behind it, has become lines."""
        return self.safe == self.read - len(self._unended)

    def feed(self, data: bytes) -> list[Line | Message]:
        """What the lines that end in `data` give."""
        self.read += len(data)
        text = self._unended + data
        cut = text.rfind(b"\n") + 1
        if not cut and len(text) > LINE_LIMIT:
            cut = len(text)
        self._unended = text[cut:]
        return self._taken(text[:cut]) if cut else []

    def flush(self) -> list[Line | Message]:
        """The rest, at the end of the stream."""
        rest, self._unended = self._unended, b""
        found = self._taken(rest)
        found += self._reader.feed(self._decoder.decode(b"", final=True)) + self._reader.flush()
        self.safe = self.read
        return found

    def _taken(self, data: bytes) -> list[Line | Message]:
        found = self._reader.feed(self._decoder.decode(data))
        if self._reader.is_empty and not self._decoder.getstate()[0]:
            self.safe = self.read - len(self._unended)
        return found


class Pump:
    """Takes the output of one run of one script."""

    def __init__(
        self,
        recorder: Recorder,
        masker: Masker,
        attempt: Attempt,
        node: str,
        owner: tuple[str, tuple[int, str] | None],
        budget: VariableBudget,
        offsets: tuple[int, int] = (0, 0),
    ) -> None:
        """owner: the name output variables are told under, and the machine. offsets: already logged."""
        levels = Levels()
        self.told = Told()
        self._recorder = recorder
        self._attempt = attempt
        self._node = node
        self._step, self._machine = owner
        self._budget = budget
        self._sources = {
            Stream.STDOUT: _Source(Channel.STDOUT, levels, masker, offsets[0]),
            Stream.STDERR: _Source(Channel.STDERR, levels, masker, offsets[1]),
        }
        self._lines: list[LogLine] = []
        self._outputs: list[OutputValue] = []
        self._size = 0

    @property
    def offsets(self) -> tuple[int, int]:
        """What to attach from when the link was lost: everything read so far is held here."""
        return self._sources[Stream.STDOUT].read, self._sources[Stream.STDERR].read

    async def take(self, output: Output) -> None:
        """Reads a block; what can be logged is handed on."""
        self._read(self._sources[output.stream].feed(output.data))
        self._hand_on(force=self._size > HELD)
        await self._recorder.room()

    def finish(self) -> Told:
        """The end of both streams."""
        for source in self._sources.values():
            self._read(source.flush())
        self._hand_on(force=True)
        return self.told

    def _hand_on(self, *, force: bool = False) -> None:
        sources = self._sources.values()
        if not force and not all(source.is_settled for source in sources):
            return
        stdout, stderr = (source.safe for source in sources)
        self._recorder.write(
            Batch(tuple(self._lines), tuple(self._outputs), self._attempt, (stdout, stderr))
        )
        self._lines, self._outputs, self._size = [], [], 0

    def _read(self, items: Iterable[Line | Message]) -> None:
        for item in items:
            if isinstance(item, Message):
                self._obey(item)
                continue
            self._size += len(item.text)
            self.told.wrote_errors |= item.category in (Category.ERROR, Category.FATAL)
            self._lines.append(LogLine(self._node, item.category, item.text, spans=item.spans))

    def _obey(self, message: Message) -> None:
        given = message.properties
        match message.name.lower():
            case "setvariable":
                self._set_variable(message)
            case "createartifact":
                path = given.get("path", "")
                self.told.artifacts.append(Artifact(path, given.get("name", "") or path))
            case "progress":
                percentage = given.get("percentage", "")
                if percentage.isascii() and percentage.isdigit():
                    text = given.get("message", "")
                    self._recorder.progress(self._node, min(int(percentage), 100), text)
            case "resultmessage":
                self.told.failure = given.get("message", "")
            case name if name not in _IGNORED:
                self._note(Category.VERBOSE, f"The service message {message.name} is not known.")

    def _set_variable(self, message: Message) -> None:
        name, value = message.properties.get("name", ""), message.properties.get("value", "")
        if not name:
            return self._note(Category.WARNING, "An output variable without a name was ignored.")
        if refusal := self._budget.refusal(name, value):
            return self._note(Category.ERROR, refusal)
        if name.lower() == SKIP_REMAINING.lower():
            self.told.skip_rest = value.strip().lower() == "true"
        sensitive = message.properties.get("sensitive", "").lower() == "true"
        self._outputs.append(OutputValue(self._step, name, value, sensitive, self._machine))
        return None

    def _note(self, category: Category, text: str) -> None:
        self._lines.append(LogLine(self._node, category, text))
