"""A machine that exists only in memory: for tests of the executor and for previews."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from deployments.transports.base import (
    GRACE,
    AlreadyStarted,
    Answer,
    Events,
    Exited,
    Feed,
    Launch,
    NeverStarted,
    OutcomeUnknown,
    Output,
    TransportError,
)


@dataclass
class MemorySession:
    """Answers as it was told to, and remembers what it was asked.

    Scripts are recognised by a text in their body. exit_codes: what they end with, one code or
    one for each time they are started. says: what they write. hangs: those that end only when stopped.
    answers: short commands by a text in them. fails_with: raised by whatever is asked.
    """

    exit_codes: Mapping[str, int | list[int]] = field(default_factory=dict)
    says: Mapping[str, list[Output]] = field(default_factory=dict)
    hangs: frozenset[str] = frozenset()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    fails_with: TransportError | None = None
    known: dict[str, "MemoryRun"] = field(default_factory=dict)

    launched: list[Launch] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    is_closed: bool = False

    @property
    def ran(self) -> list[str]:
        """The recognised scripts in the order they were started."""
        return [text for launch in self.launched if (text := self._recognised(launch))]

    async def run(self, command: str, *, feed: Feed = b"", limit: float = 60) -> Answer:
        self._fail()
        self.commands.append(command)
        if not isinstance(feed, bytes):
            async for _ in feed:
                pass
        await asyncio.sleep(0)
        return next((a for text, a in self.answers.items() if text in command), Answer(0))

    async def start(self, token: str, launch: Launch) -> Events:
        self._fail()
        if token in self.known:
            raise AlreadyStarted
        self.launched.append(launch)
        name = self._recognised(launch)
        run = MemoryRun(list(self.says.get(name, ())), self._code(name))
        self.known[token] = run
        if name in self.hangs:
            run.ended.clear()
        async for event in run.told():
            yield event

    async def attach(self, token: str, stdout: int = 0, stderr: int = 0) -> Events:
        self._fail()
        if token not in self.known:
            raise NeverStarted
        async for event in self.known[token].told(stdout, stderr):
            yield event

    async def stop(self, token: str, grace: float = GRACE) -> bool:
        self._fail()
        self.stopped.append(token)
        if run := self.known.get(token):
            run.exit_code = 143
            run.ended.set()
        return True

    def forget(self, token: str) -> None:
        self.forgotten.append(token)

    async def sweep(self) -> None:
        self._fail()

    async def close(self) -> None:
        self.is_closed = True

    def _fail(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with

    def _recognised(self, launch: Launch) -> str:
        bodies = [body for name, body in launch.files.items() if name.startswith("script.")]
        text = b"\n".join(bodies).decode(errors="replace")
        words = {*self.exit_codes, *self.says, *self.hangs}
        return next((word for word in sorted(words, key=len, reverse=True) if word in text), text)

    def _code(self, name: str) -> int:
        codes = self.exit_codes.get(name, 0)
        if isinstance(codes, int):
            return codes
        return codes.pop(0) if len(codes) > 1 else codes[0]


class MemoryRun:
    """A script that was started. exit_code None: it is gone without telling."""

    def __init__(self, says: list[Output], exit_code: int | None) -> None:
        self.says = says
        self.exit_code = exit_code
        self.ended = asyncio.Event()
        self.ended.set()

    async def told(self, stdout: int = 0, stderr: int = 0) -> Events:
        """Everything after these offsets, and the end."""
        skipped = {"stdout": stdout, "stderr": stderr}
        for output in self.says:
            cut = min(skipped[output.stream], len(output.data))
            skipped[output.stream] -= cut
            if rest := output.data[cut:]:
                yield Output(output.stream, rest)
        await self.ended.wait()
        if self.exit_code is None:
            raise OutcomeUnknown
        yield Exited(self.exit_code)
