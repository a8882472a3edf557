"""Child processes: each in a session of its own, ended with its starter and asked politely first."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from octoplat.runtime.accounts import Account

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """What to run. `stop_signal` asks it to end; after `grace` seconds it is killed with its group."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0


def start(program: Program, output: int | None = None) -> subprocess.Popen[bytes]:
    """Start it in its own session, so that Ctrl-C reaches only whoever started it.

    output: the file descriptor for what it prints; None: where ours goes.
    """
    account = program.account
    argv = account.command(program.argv, program.stop_signal) if account else program.argv
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env={**os.environ, **program.environment},
        cwd=program.folder,
        start_new_session=True,
        preexec_fn=_ending_with_parent(
            program.stop_signal
        ),  # one thread only: nothing can be locked
        **(account.popen() if account else {}),
    )


def stop(process: subprocess.Popen[bytes], program: Program) -> None:
    """Ask it to end and wait; kill its whole group when it does not end within its grace."""
    if process.poll() is None:
        process.send_signal(program.stop_signal)
    try:
        process.wait(program.grace)
    except subprocess.TimeoutExpired:
        kill_group(process.pid)
        process.wait()


def kill_group(leader: int) -> None:
    """Kill every process of the group, if any is left."""
    # PermissionError: macOS, when only dead ones are left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def end_with_parent(death_signal: signal.Signals) -> None:
    """Have the kernel send us this signal when our parent ends, however it ends. Linux only."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, death_signal.value, 0, 0, 0)


def _ending_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if _prctl is None:
        return None
    return lambda: end_with_parent(death_signal)
