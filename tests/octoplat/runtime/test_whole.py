"""All of octoplat as one command starts it, with real processes: what ends, ends; what dies, comes back."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from octoplat.settings.env import ROOT
from tests.plugins.stack import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def command(process: psutil.Process) -> str:
    """Its command line; "" when it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


class Whole:
    """`python -m octoplat.runtime run` with data of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.log = home / "console.log"
        environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "OCTOPLAT_HOME": str(home),
            "OCTOPLAT_PORT": str(self.port),
            "OCTOPLAT_WORKERS": "2",
            "DJANGO_SETTINGS_MODULE": "octoplat.settings.dev",
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "octoplat.runtime", "run"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        assert within(90, lambda: self.process.poll() is not None or "is ready" in self.console())
        assert self.process.poll() is None, self.console()

    def console(self) -> str:
        return self.log.read_text(errors="replace")

    def processes(self, *words: str) -> list[psutil.Process]:
        """Ours whose command line has all the words, parents first."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        return [p for p in found if all(word in command(p) for word in words)]

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            address = f"http://127.0.0.1:{self.port}/readyz"
            return bool(urllib.request.urlopen(address, timeout=5).status == 200)
        return False


def within(seconds: float, claim: Callable[[], bool]) -> bool:
    """Whether the claim becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            if claim():
                return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole")


@pytest.fixture
def whole(home: Path) -> Iterator[Whole]:
    """Running and ready. The tests share its data folder, as starts in a row do."""
    started = Whole(home)
    try:
        started.wait_until_ready()
        yield started
    finally:
        if started.process.poll() is None:
            started.process.send_signal(signal.SIGTERM)
            started.process.wait(60)


@pytest.mark.xdist_group("whole")
class TestWhole:
    def test_ctrl_c_leaves_no_process_and_no_lock(self, whole):
        processes = whole.processes()

        whole.process.send_signal(signal.SIGINT)

        assert whole.process.wait(60) == 0
        assert not psutil.wait_procs(processes, timeout=5)[1]
        assert not (whole.home / "supervisor.lock").exists()
        assert not (whole.home / "postgres" / "postmaster.pid").exists()
        assert not list((whole.home / "run").glob(".s.PGSQL*"))

    def test_killing_the_supervisor_ends_the_rest_and_the_next_start_works(self, whole):
        processes = whole.processes()

        whole.process.kill()
        whole.process.wait()

        assert not psutil.wait_procs(processes, timeout=40)[1]
        again = Whole(whole.home)
        again.wait_until_ready()
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(60) == 0

    def test_a_killed_database_web_server_and_node_come_back(self, whole):
        assert whole.answers()
        for words in (("bin/postgres",), ("gunicorn",), ("runtime.worker",)):
            whole.processes(*words)[0].kill()

        assert within(30, lambda: "worker ended with exit code -9" in whole.console())
        assert within(30, whole.answers)
        assert within(30, lambda: len(whole.processes("runtime.worker")) >= 6)

    @pytest.mark.promise("R1")
    def test_workers_that_hang_are_replaced(self, whole):
        """A worker killed while it waits keeps the queue's lock: django-q2 alone never recovers."""

        def nodes() -> list[psutil.Process]:
            return [p for p in whole.processes("runtime.worker") if len(p.children(True)) >= 5]

        assert within(20, lambda: bool(nodes()))
        node = nodes()[0]
        cluster = node.children()[0]
        for worker in cluster.children(recursive=True)[1:]:
            worker.kill()

        assert within(45, lambda: "takes no messages" in whole.console())
        assert within(20, lambda: [p.pid for p in node.children()][:1] not in ([], [cluster.pid]))

    def test_a_second_supervisor_for_the_same_data_is_refused(self, whole):
        answer = subprocess.run(
            [sys.executable, "-m", "octoplat.runtime", "run"],
            cwd=ROOT,
            env={**os.environ, "OCTOPLAT_HOME": str(whole.home), "OCTOPLAT_PORT": str(free_port())},
            capture_output=True,
            text=True,
            check=False,
        )

        assert answer.returncode == 1
        assert "runs already" in answer.stderr
        assert whole.answers()
