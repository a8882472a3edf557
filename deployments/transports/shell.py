"""Sessions over anything that can run an sh program and stream its input and output."""

import asyncio
import contextlib
import io
import secrets
import shlex
import tarfile
from abc import ABC, abstractmethod
from typing import Protocol

from deployments.transports import programs
from deployments.transports.base import (
    GRACE,
    AlreadyStarted,
    Answer,
    Events,
    Exited,
    Feed,
    Launch,
    LinkLost,
    NeverStarted,
    OutcomeUnknown,
    Output,
    Refused,
    Stream,
    Unreachable,
)

FIXED_TIME = 1_600_000_000  # in archives: equal files give equal bytes; tar warns about 1970
LAST_WORDS = 10.0  # seconds for removing folders at the end
CANNOT_PREPARE = frozenset({95, 96})


class Channel(Protocol):
    """One running program. Every method raises LinkLost."""

    async def write(self, data: bytes) -> None:
        """Sends input, waiting while the other side is slow. Input nobody reads is dropped."""

    def end_input(self, last: bytes = b"") -> None:
        """No more input after `last`. Does not wait."""

    async def read(self, stream: Stream) -> bytes:
        """Some output, at most a block; b"" at its end."""

    async def exit_code(self) -> int: ...

    def close(self) -> None:
        """Stops listening. The program is not waited for."""


class ShellSession(ABC):
    """The run protocol of `programs` on top of channels; see `transports.base.Session`.

    root: octoplat's folder on the machine, "" for the default below the home folder.
    """

    def __init__(self, root: str = "") -> None:
        self.root = root
        self._forgotten: list[str] = []
        self._void: set[str] = set()
        self._lingering: dict[str, Channel] = {}
        self._leaving: list[Channel] = []

    @abstractmethod
    async def _open(self, command: str) -> Channel:
        """Starts an sh command line."""

    @abstractmethod
    async def _disconnect(self) -> None: ...

    @property
    @abstractmethod
    def _is_open(self) -> bool: ...

    async def run(self, command: str, *, feed: Feed = b"", limit: float = 60) -> Answer:
        channel = await self._program(programs.RUN, command)
        try:
            async with asyncio.timeout(limit):
                stdout, stderr, _ = await asyncio.gather(
                    _all(channel, Stream.STDOUT), _all(channel, Stream.STDERR), _send(channel, feed)
                )
                return Answer(await channel.exit_code(), stdout, stderr)
        except TimeoutError as exc:
            raise Refused(f"A command took longer than {limit:.0f} s on the machine.") from exc
        finally:
            channel.close()

    async def start(self, token: str, launch: Launch) -> Events:
        old, self._forgotten = self._forgotten, []
        files = archive(launch)
        mark = secrets.token_hex(8)
        channel = await self._program(
            programs.START,
            mark,
            token,
            launch.folder,
            programs.bootstrap(),
            str(len(files)),
            " ".join(old),
            *launch.command,
        )
        await channel.write(files)
        async with contextlib.aclosing(self._follow(channel, token, mark)) as events:
            async for event in events:
                yield event

    async def attach(self, token: str, stdout: int = 0, stderr: int = 0) -> Events:
        mark = secrets.token_hex(8)
        channel = await self._program(programs.ATTACH, mark, token, str(stdout), str(stderr))
        async with contextlib.aclosing(self._follow(channel, token, mark)) as events:
            async for event in events:
                yield event

    async def _follow(self, channel: Channel, token: str, mark: str) -> Events:
        """Both streams as they come; what may be a trailer is held back.

        The channel of a run that told its exit code lingers: the run may be forgotten through it.
        """
        held = dict.fromkeys(Stream, b"")
        reads = {asyncio.ensure_future(channel.read(stream)): stream for stream in Stream}
        try:
            while reads:
                done, _ = await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED)
                for read in done:
                    stream = reads.pop(read)
                    if not (data := read.result()):
                        continue
                    data, held[stream] = programs.cut_trailer(mark, held[stream] + data)
                    if programs.read_trailer(mark, held[stream]) is None:
                        reads[asyncio.ensure_future(channel.read(stream))] = stream
                    if data:
                        yield Output(stream, data)
            word = programs.read_trailer(mark, held[Stream.STDOUT])
            ending = await _ending(channel, word)
            self._lingering[token] = channel
            yield ending
        finally:
            for read in reads:
                read.cancel()
            if self._lingering.get(token) is not channel:
                channel.close()

    async def stop(self, token: str, grace: float = GRACE) -> bool:
        channel = await self._program(programs.STOP, token, str(round(grace)))
        try:
            channel.end_input()
            word = (await _all(channel, Stream.STDOUT)).decode(errors="replace").strip()
            code = await channel.exit_code()
        finally:
            channel.close()
        if word == "void":
            self._void.add(token)
        if not word:
            raise LinkLost(f"The processes could not be stopped (exit code {code}).")
        return word in {"gone", "void"}

    def forget(self, token: str) -> None:
        if token in self._void:
            return  # its folder keeps a late start from happening
        if channel := self._lingering.pop(token, None):
            channel.end_input(b"forget\n")
            self._leaving.append(channel)
        else:
            self._forgotten.append(token)

    async def sweep(self) -> None:
        channel = await self._program(programs.SWEEP)
        try:
            channel.end_input()
            await channel.exit_code()
        finally:
            channel.close()

    async def close(self) -> None:
        if self._is_open:
            try:
                async with asyncio.timeout(LAST_WORDS):
                    await self._remove_forgotten()
            except (TimeoutError, Unreachable):
                pass  # a later sweep removes what is left
        for channel in (*self._lingering.values(), *self._leaving):
            channel.close()
        await self._disconnect()

    async def _remove_forgotten(self) -> None:
        if self._forgotten:
            channel = await self._program(programs.CLEAN, *self._forgotten)
            channel.end_input()
            self._leaving.append(channel)
        for channel in self._leaving:
            await channel.exit_code()

    async def _program(self, program: str, *arguments: str) -> Channel:
        words = ["sh", "-c", program, "octoplat", self.root, *arguments]
        return await self._open(shlex.join(words))


def archive(launch: Launch) -> bytes:
    """The files of a run as an uncompressed tar, readable by their owner only."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for folder in ("files", "work"):
            tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o700))
        for name, content in {".stdin": launch.stdin, **launch.files}.items():
            path = name if name.startswith("work/") else f"files/{name}"
            entry = _entry(path, tarfile.REGTYPE, 0o600)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime = kind, mode, FIXED_TIME
    return entry


async def _send(channel: Channel, feed: Feed) -> None:
    if isinstance(feed, bytes):
        if feed:
            await channel.write(feed)
    else:
        async for block in feed:
            await channel.write(block)
    channel.end_input()


async def _all(channel: Channel, stream: Stream) -> bytes:
    blocks = []
    while block := await channel.read(stream):
        blocks.append(block)
    return b"".join(blocks)


async def _ending(channel: Channel, word: str | None) -> Exited:
    """What the trailer says. Raises AlreadyStarted, NeverStarted, OutcomeUnknown, Refused, LinkLost."""
    match word:
        case None:
            if await channel.exit_code() in CANNOT_PREPARE:
                raise Refused("The machine could not keep the files of the script.")
            raise LinkLost("The connection was lost while the script ran.")
        case "twice":
            raise AlreadyStarted
        case "absent":
            raise NeverStarted
        case "lost":
            raise OutcomeUnknown
    return Exited(int(word.removeprefix("exit:")))
