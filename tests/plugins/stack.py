"""All of octoplat as `make demo` starts it: database, web, workers, demo target, and the first release.

One for the whole run: tests that ask for it share an xdist group (`--dist loadgroup`), so that one worker
starts it and runs them all.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from octoplat.runtime.demo import Access, read_access
from octoplat.runtime.rest import RestClient

PATIENCE = 180  # seconds until the demo's ready line
ROOT = Path(__file__).resolve().parents[2]
GROUP = "stack"


@dataclass(frozen=True)
class Stack:
    """A running demo: its data folder, its supervisor, and how to sign in."""

    home: Path
    process: "subprocess.Popen[bytes]"
    access: Access
    log: Path

    @property
    def client(self) -> RestClient:
        return RestClient(self.access.url, self.access.api_key)

    @property
    def space(self) -> str:
        """The beginning of every path of the API in the demo's space."""
        return f"/api/{self.access.space}"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("octoplat")
    with running(home) as started:
        yield started


class running:
    """Starts the demo in `home` and stops it with Ctrl-C at the end."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._log = home / "console.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Stack:
        environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "OCTOPLAT_HOME": str(self._home),
            "OCTOPLAT_PORT": str(free_port()),
            "DJANGO_SETTINGS_MODULE": "octoplat.settings.dev",
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "octoplat.runtime", "demo"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Stack(self._home, self._process, self._wait_until_ready(), self._log)

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)

    def _wait_until_ready(self) -> Access:
        assert self._process is not None
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            if access := read_access(self._home / "demo.json"):
                return access
            time.sleep(0.1)
        self.__exit__()
        raise AssertionError(f"The demo did not get ready:\n{self._log.read_text()[-5000:]}")


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
