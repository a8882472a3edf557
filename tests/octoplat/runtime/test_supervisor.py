"""The supervisor with small programs of its own, in a process of its own: it owns that process's signals."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

PRELUDE = """
import sys, time
from pathlib import Path
from octoplat.runtime.processes import Program
from octoplat.runtime.supervisor import StartFailed, Stopped, Supervisor, only_instance

def python(name, code, grace=5.0):
    return Program(name, [sys.executable, "-u", "-c", code], grace=grace)

def sh(name, code, grace=5.0):
    return Program(name, ["sh", "-c", code], grace=grace)
"""


def hear_of_closed_terminals() -> None:
    """Whoever runs the tests under nohup must not change what they prove."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Run:
    """A script that uses the supervisor, and what it printed."""

    def __init__(self, script: str, stdin: int = subprocess.DEVNULL) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + script],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=hear_of_closed_terminals,
        )
        self.seen = ""

    def read_until(self, text: str) -> str:
        """Its output until a line has `text`, or until its end."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.seen += line
            if text in line:
                break
        return self.seen

    def end(self, *signals: signal.Signals) -> int:
        """Send them, and wait for the exit code."""
        for number in signals:
            self.process.send_signal(number)
            time.sleep(0.3)
        self.read_until("\0")
        return self.process.wait(20)

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def run() -> Iterator[type[Run]]:
    started: list[Run] = []

    class Remembered(Run):
        def __init__(self, script: str, stdin: int = subprocess.DEVNULL) -> None:
            super().__init__(script, stdin)
            started.append(self)

    yield Remembered
    for each in started:
        each.process.kill()
        each.process.wait()
        assert each.process.stdout
        each.process.stdout.close()


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=5)
    return not alive


WATCHING = """
with Supervisor() as supervisor:
    for program in programs:
        supervisor.launch(program)
    supervisor.watch()
"""


def test_output_carries_the_name_of_its_program(run):
    console = run("programs = [sh('web', 'echo one; echo two >&2; sleep 60')]" + WATCHING)

    assert "web      | one\n" in console.read_until("two")
    assert "web      | two\n" in console.seen
    assert console.end(signal.SIGINT) == 0


def test_a_program_that_ends_is_started_again_and_that_is_said(run):
    console = run("programs = [sh('web', 'echo here; exit 3')]" + WATCHING)

    console.read_until("ended with exit code 3; again in")
    console.read_until("here")

    assert console.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopping_ends_children_grandchildren_and_the_detached(run, number):
    console = run("programs = [sh('web', 'sleep 60 & setsid sleep 60 & echo up; wait')]" + WATCHING)
    console.read_until("up")
    processes = console.descendants()
    assert len(processes) >= 3

    assert console.end(number) == 0
    assert gone(processes)


def test_who_ignores_the_request_is_killed_after_its_grace(run):
    console = run(
        "programs = [sh('web', 'trap \"\" TERM; echo up; while :; do sleep 1; done', grace=0.5)]"
        + WATCHING
    )
    console.read_until("up")
    processes = console.descendants()

    assert console.end(signal.SIGINT) == 0
    assert gone(processes)


def test_a_second_ctrl_c_does_not_wait(run):
    console = run(
        "programs = [sh('web', 'trap \"\" TERM; echo up; while :; do sleep 1; done', grace=60)]"
        + WATCHING
    )
    console.read_until("up")
    began = time.monotonic()

    assert console.end(signal.SIGINT, signal.SIGINT) == 0
    assert time.monotonic() - began < 15


def test_the_foundation_is_ended_after_those_who_need_it(run):
    ending = "trap 'echo {} ends; exit' TERM; echo up; while :; do sleep 0.1; done"
    console = run(
        f"""
with Supervisor() as supervisor:
    supervisor.launch(sh('base', {ending.format("base")!r}), is_foundation=True)
    supervisor.launch(sh('web', {ending.format("web")!r}))
    supervisor.watch()
"""
    )
    console.read_until("base     | up")
    console.read_until("web      | up")

    assert console.end(signal.SIGINT) == 0
    assert console.seen.index("web ends") < console.seen.index("base ends")


def test_children_end_even_when_the_supervisor_is_killed(run):
    if sys.platform != "linux":
        return  # elsewhere the next start ends what is left
    console = run("programs = [sh('web', 'echo up; exec sleep 60')]" + WATCHING)
    console.read_until("up")
    processes = console.descendants()

    console.process.kill()

    assert gone(processes)


def test_a_failed_step_of_the_start_stops_it_and_is_told(run):
    console = run("""
with Supervisor() as supervisor:
    supervisor.launch(sh('web', 'sleep 60'))
    try:
        supervisor.run(sh('migrate', 'echo no table; exit 4'), 10)
    except StartFailed as failed:
        print(failed, flush=True)
""")

    assert console.end() == 0
    assert "migrate  | no table" in console.seen
    assert "migrate failed with exit code 4." in console.seen


def test_a_child_that_dies_before_it_is_ready_is_told(run):
    console = run("""
with Supervisor() as supervisor:
    child = supervisor.launch(sh('web', 'echo port taken; exit 1'))
    try:
        supervisor.wait_until(lambda: False, child, 10)
    except StartFailed as failed:
        print(failed, flush=True)
""")

    assert console.end() == 0
    assert "web      | port taken" in console.seen
    assert "web ended with exit code 1 before it was ready." in console.seen


def test_asking_to_stop_interrupts_the_start(run):
    console = run("""
with Supervisor() as supervisor:
    try:
        supervisor.run(sh('migrate', 'echo begun; sleep 60'), 60)
    except Stopped:
        print("stopped", flush=True)
""")
    console.read_until("begun")

    assert console.end(signal.SIGINT) == 0
    assert "stopped" in console.seen


def test_nohup_is_respected(run):
    console = run(
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "programs = [sh('web', 'echo up; sleep 60')]" + WATCHING
    )
    console.read_until("up")
    console.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)

    assert console.process.poll() is None
    assert console.end(signal.SIGINT) == 0


def test_a_closed_terminal_stops_it_even_without_a_signal(run):
    """Under `make`, the signal goes to make, which keeps it to itself."""
    terminal, stdin = pty.openpty()
    console = run("programs = [sh('web', 'echo up; sleep 60')]" + WATCHING, stdin)
    os.close(stdin)
    console.read_until("up")
    processes = console.descendants()

    os.close(terminal)

    assert console.end() == 0
    assert gone(processes)


def test_one_data_folder_has_one_supervisor(run, tmp_path: Path):
    holding = f"""
with only_instance(Path({str(tmp_path / "lock")!r})):
    print("held", flush=True)
    time.sleep(60)
"""
    first, second = run(holding), None
    first.read_until("held")

    second = run(holding)
    assert "runs already" in second.read_until("runs already")

    first.process.kill()
    first.process.wait()
    third = run(holding)
    assert "held" in third.read_until("held")


def test_orphans_are_collected(run):
    if sys.platform != "linux":
        return  # they go to init there
    console = run("programs = [sh('web', '(sleep 0.2 &) ; echo up; exec sleep 60')]" + WATCHING)
    console.read_until("up")
    time.sleep(1.5)

    states = [process.status() for process in console.descendants()]
    assert psutil.STATUS_ZOMBIE not in states
    assert os.path.exists(f"/proc/{console.process.pid}")
