"""The worker itself as a machine: steps that are tied to no target run here.

Scripts get a clean environment: this process's holds the way to the database (domain.md 7).
"""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from deployments.transports.base import BLOCK, Refused, Stream
from deployments.transports.children import start_program
from deployments.transports.shell import ShellSession

PATIENCE = 2  # seconds that a program has to end by itself
KEPT_ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER")


class LocalSession(ShellSession):
    """Programs as child processes, everything they keep below `root`."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self._channels: set[LocalChannel] = set()

    async def _open(self, command: str) -> "LocalChannel":
        environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        try:
            process, transport = await start_program(
                "/bin/sh", "-c", f"exec {command}", env=environment
            )
        except OSError as exc:
            raise Refused(f"The worker cannot start programs: {exc.strerror}.") from exc
        channel = LocalChannel(process, transport)
        self._let_go()
        self._channels.add(channel)
        return channel

    def _let_go(self) -> None:
        """Close what nobody reads any more."""
        over = {channel for channel in self._channels if channel.is_over}
        for channel in over:
            channel.close_pipes()
        self._channels -= over

    async def _disconnect(self) -> None:
        for channel in self._channels:
            channel.close()
        for channel in self._channels:
            await channel.end()

    @property
    def _is_open(self) -> bool:
        return True


class LocalChannel:
    """A child process."""

    def __init__(
        self, process: asyncio.subprocess.Process, transport: asyncio.SubprocessTransport
    ) -> None:
        self._process = process
        self._transport = transport
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("the process needs three pipes")
        self._stdin = process.stdin
        self._readers = {Stream.STDOUT: process.stdout, Stream.STDERR: process.stderr}

    @property
    def is_over(self) -> bool:
        """Whether the program has ended and was read to its end."""
        is_read = all(reader.at_eof() for reader in self._readers.values())
        return is_read and self._process.returncode is not None

    async def write(self, data: bytes) -> None:
        try:
            self._stdin.write(data)
            await self._stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return

    def end_input(self, last: bytes = b"") -> None:
        if last:
            self._stdin.write(last)
        self._stdin.close()

    async def read(self, stream: Stream) -> bytes:
        return await self._readers[stream].read(BLOCK)

    async def exit_code(self) -> int:
        return await self._process.wait()

    async def end(self) -> None:
        """Waits for the program. A worker that was started to ignore hang-ups (nohup) has programs that
        do the same: these are killed. What a program left behind may hold its pipes; ours are closed."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        self.close_pipes()

    def close_pipes(self) -> None:
        self._transport.close()

    def close(self) -> None:
        """Lets the program end: a script it started has a session of its own and goes on."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGHUP)  # send_signal() would reap it
