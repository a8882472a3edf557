"""Keeps child processes running, shows what they print, and ends every one of them with itself.

One thread and one loop: signals, output and ended children all wake the same `select`.
"""

import ctypes
import fcntl
import os
import select
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TextIO

import psutil

from octoplat.runtime.processes import Program, kill_group, start

LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
_PR_SET_CHILD_SUBREAPER = 36


class Stopped(Exception):
    """Somebody asked us to stop while we waited for something."""


class StartFailed(Exception):
    """Something that must run could not be started; the text says what and why."""


@contextmanager
def only_instance(lock: Path) -> Iterator[None]:
    """Hold the installation while the block runs. Raises StartFailed when another one holds it.

    The kernel frees the lock however we end; the file is removed when we end well.
    """
    lock.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartFailed(f"octoplat runs already with the data in {lock.parent}.") from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


@dataclass
class Child:
    """A process that should run. `failures`: how often it ended early in a row.

    is_foundation: the others need it, so it is ended after them.
    """

    program: Program
    process: subprocess.Popen[bytes]
    started_at: float
    is_foundation: bool = False
    failures: int = 0
    restart_at: float | None = None

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None


class Supervisor:
    """Use as a context manager: on leaving, nothing that was started is left."""

    def __init__(self, console: TextIO = sys.stdout) -> None:
        self._console = console
        self._children: list[Child] = []
        self._processes: dict[int, subprocess.Popen[bytes]] = {}  # not collected yet
        self._output = selectors.DefaultSelector()
        self._terminal = select.poll()
        self._requests = 0  # to stop; the second one is impatient

    def __enter__(self) -> "Supervisor":
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._output.register(self._wake_read, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _ignore)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup sets it
            signal.signal(signal.SIGHUP, self._ask_to_stop)
        if os.isatty(0):
            self._terminal.register(0, 0)  # no event asked for: only a hang-up is told
        _adopt_orphans()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_all()
        signal.set_wakeup_fd(-1)

    def say(self, text: str) -> None:
        """A line of our own. A console that is gone is no reason to fail."""
        with suppress(OSError, ValueError):
            print(text, file=self._console, flush=True)

    def launch(self, program: Program, *, is_foundation: bool = False) -> Child:
        """Start it, and start it again whenever it ends."""
        child = Child(program, self._start(program), time.monotonic(), is_foundation)
        self._children.append(child)
        return child

    def run(self, program: Program, seconds: float) -> None:
        """Run it to its end. Raises StartFailed unless it succeeds in time, or Stopped."""
        process = self._start(program)
        try:
            self._until(lambda: process.poll() is not None, seconds, program.name)
        finally:
            kill_group(process.pid)
            process.wait()
            self._show_rest()
        if process.returncode != 0:
            raise StartFailed(f"{program.name} failed with exit code {process.returncode}.")

    def wait_until(self, is_ready: Callable[[], bool], child: Child, seconds: float) -> None:
        """Raises StartFailed when the child ends before that or takes longer, or Stopped."""

        def decided() -> bool:
            return not child.is_alive or is_ready()

        self._until(decided, seconds, child.program.name)
        if not child.is_alive:
            self._show_rest()
            code = child.process.returncode
            raise StartFailed(
                f"{child.program.name} ended with exit code {code} before it was ready."
            )

    def watch(self) -> None:
        """Until somebody asks to stop."""
        while not self._requests:
            self._turn(1.0)
            for child in self._children:
                self._look_after(child)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._requests += 1

    def _start(self, program: Program) -> subprocess.Popen[bytes]:
        read, write = os.pipe()
        process = start(program, write)
        os.close(write)
        os.set_blocking(read, False)
        self._output.register(read, selectors.EVENT_READ, _Lines(program.name))
        self._processes[process.pid] = process
        return process

    def _until(self, condition: Callable[[], bool], seconds: float, name: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if self._requests:
                raise Stopped
            if time.monotonic() > deadline:
                raise StartFailed(f"{name} was not ready after {seconds:.0f} seconds.")
            self._turn(0.1)

    def _look_after(self, child: Child) -> None:
        if child.is_alive:
            return
        now = time.monotonic()
        if child.restart_at is None:
            kill_group(child.process.pid)  # what its death left behind
            child.failures = 0 if now - child.started_at > STEADY_SECONDS else child.failures + 1
            pause = min(0.25 * 2**child.failures, LONGEST_PAUSE)
            child.restart_at = now + pause
            code = child.process.returncode
            self.say(f"{child.program.name} ended with exit code {code}; again in {pause:.1f} s")
        elif now >= child.restart_at:
            child.process, child.started_at = self._start(child.program), now
            child.restart_at = None

    def _turn(self, seconds: float) -> None:
        """Show what was printed and bury the dead, once; sleep until there is something to do."""
        if not self._requests and self._terminal.poll(0):
            self._requests = (
                1  # closed; SIGHUP goes to the session's first process, which may be make
            )
        for key, _ in self._output.select(seconds):
            if key.fd == self._wake_read:
                with suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
            else:
                self._show(key.fd, key.data)
        self._bury()

    def _show(self, fd: int, lines: "_Lines") -> bool:
        """Whether there was something."""
        try:
            block = os.read(fd, 65_536)
        except BlockingIOError:
            return False
        for line in lines.feed(block):
            self.say(f"{lines.name:<8} | {line}")
        if not block:
            self._output.unregister(fd)
            os.close(fd)
        return bool(block)

    def _show_rest(self) -> None:
        for key in list(self._output.get_map().values()):
            if isinstance(key.data, _Lines):
                while self._show(key.fd, key.data):
                    pass

    def _bury(self) -> None:
        """Collect what ended: our own, and grandchildren whose parents died before them."""
        for pid in _ended():
            if process := self._processes.pop(pid, None):
                process.poll()
            else:
                os.waitpid(pid, 0)

    def _stop_all(self) -> None:
        """Everything that uses the database first, then the database, then whatever is left over."""
        if any(child.is_alive for child in self._children):
            self.say("Stopping")
        impatient = self._requests + 1
        for is_foundation in (False, True):
            self._stop([c for c in self._children if c.is_foundation == is_foundation], impatient)
        self._show_rest()
        _end_descendants()

    def _stop(self, children: list[Child], impatient: int) -> None:
        """impatient: how many requests to stop mean that nothing is waited for."""
        for child in children:
            if child.is_alive:
                child.process.send_signal(child.program.stop_signal)
        deadline = time.monotonic() + max((child.program.grace for child in children), default=0)
        while any(child.is_alive for child in children):
            if time.monotonic() > deadline or self._requests >= impatient:
                break
            self._turn(0.1)
        for child in children:
            kill_group(child.process.pid)
            child.process.wait()


class _Lines:
    """Cuts a child's output into lines."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rest = b""

    def feed(self, block: bytes) -> Iterator[str]:
        """The lines that are complete now. An empty block is the end."""
        *lines, self._rest = (self._rest + block).split(b"\n")
        if not block and self._rest:
            lines.append(self._rest)
            self._rest = b""
        return (line.decode(errors="replace") for line in lines)


def _ignore(number: int, frame: FrameType | None) -> None:
    """A handler that does nothing still wakes `select`, where SIG_IGN would not."""


def _adopt_orphans() -> None:
    """Have the kernel give us, not init, the processes whose parents among ours die. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _ended() -> Iterator[int]:
    """Children that ended; each must be collected before the next is asked for. Linux only: elsewhere
    no orphans come to us, and our own are collected when their state is asked."""
    while sys.platform == "linux":
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None:
            return
        yield found.si_pid


def _end_descendants() -> None:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.kill()
            process.wait(5)
