"""What the engine asks of a machine, whatever the way there: SSH, this worker, memory.

Errors from outside are translated here into what the caller must decide: try again, or not.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

BLOCK = 64 * 1024  # bytes read at once
GRACE = 10.0  # seconds between TERM and KILL

Feed = bytes | AsyncIterator[bytes]


class TransportError(Exception):
    """The machine could not be used; the text is a sentence for people."""


class Unreachable(TransportError):
    """No connection could be made, so nothing was done. Trying again may help."""


class LinkLost(Unreachable):
    """The connection was lost while it was used: whether the last command was done is not known."""


class Refused(TransportError):
    """The machine answered and said no: credentials, shell, disk. Trying again does not help."""


class HostKeyChanged(Refused):
    """The machine showed another host key than the pinned one; nothing was sent to it.

    offered: the fingerprint it showed, "" where it could not be learnt.
    """

    def __init__(self, text: str, offered: str = "") -> None:
        super().__init__(text)
        self.offered = offered


class AlreadyStarted(Exception):
    """A run with this token was started before: attach to it instead."""


class NeverStarted(Exception):
    """No run with this token was ever started here, so it may be."""


class OutcomeUnknown(Exception):
    """The run was started, is gone, and left no exit code."""


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True)
class Output:
    """A block of what a run wrote, as it was."""

    stream: Stream
    data: bytes


@dataclass(frozen=True)
class Exited:
    """The last thing a run tells."""

    code: int


Events = AsyncGenerator[Output | Exited, None]


@dataclass(frozen=True)
class Answer:
    """What a short command gave."""

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def text(self) -> str:
        return self.stdout.decode(errors="replace").strip()


@dataclass(frozen=True)
class Launch:
    """A script to be started detached.

    command: the program and its arguments, seen by anybody on the machine, so never a secret; "@/name"
    is where `files` has "name". It runs in `folder`, by default a fresh one of its own. The files are
    readable by nobody else, and removed the moment the script ends.
    """

    command: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    folder: str = ""
    stdin: bytes = b""


class Session(Protocol):
    """An open way to one machine, used for all steps of a deployment.

    Commands are POSIX sh and run in octoplat's folder on the machine; relative paths start there.
    Every method raises Unreachable when no connection can be made, LinkLost when it is lost.
    """

    async def run(self, command: str, *, feed: Feed = b"", limit: float = 60) -> Answer:
        """Runs a short command to its end, with `feed` as its input. Nothing of it is kept.

        Raises Refused when it takes longer than `limit` seconds.
        """

    def start(self, token: str, launch: Launch) -> Events:
        """Starts a script in a session of its own and tells its output until it ends.

        The script goes on when the link or this process is lost. Raises AlreadyStarted.
        """

    def attach(self, token: str, stdout: int = 0, stderr: int = 0) -> Events:
        """Goes on telling the output of a run from these byte offsets.

        Raises NeverStarted or OutcomeUnknown.
        """

    async def stop(self, token: str, grace: float = GRACE) -> bool:
        """TERM to the run's whole process group, KILL after `grace` seconds. True: nothing is left."""

    def forget(self, token: str) -> None:
        """The run's folder is not needed any more; it is removed with the next command or at close."""

    async def sweep(self) -> None:
        """Removes what runs have left behind that nobody will ask about again."""

    async def close(self) -> None:
        """Removes what was forgotten, where the machine still answers, and ends the connection."""
