"""SSH servers on loopback: OpenSSH's own sshd, and one inside the test process."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from deployments.transports.ssh import Endpoint

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
LogLevel ERROR
MaxSessions 20
MaxStartups 100:30:200
SetEnv HOME={folder}/home
"""


@dataclass
class SshServer:
    """A running server. home: where its sessions begin; restart and stop belong to the test."""

    port: int
    folder: Path
    host_key: str
    private_key: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def runs(self) -> list[str]:
        """Folders of runs that are on the machine."""
        folder = self.home / ".octoplat" / "runs"
        return sorted(os.listdir(folder)) if folder.is_dir() else []

    def endpoint(self, **given: object) -> Endpoint:
        known = {
            "host": "127.0.0.1",
            "port": self.port,
            "host_key": self.host_key,
            "username": pwd.getpwuid(os.getuid()).pw_name,
            "private_key": self.private_key,
        }
        return Endpoint(**{**known, **given})

    def cut_links(self) -> None:
        """Kills every connection, as a broken network would; the server goes on."""
        assert self.process
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        for pid in listed.stdout.split():
            for child in (*_children(int(pid)), int(pid)):
                with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                    if b"sshd" in Path(f"/proc/{child}/cmdline").read_bytes():
                        os.kill(child, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in listed.stdout.split()]


def new_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def private_text(key: asyncssh.SSHKey, passphrase: str | None = None) -> str:
    return key.export_private_key("openssh", passphrase).decode()


START_SECONDS = 60  # a busy machine takes its time


def public_text(key: asyncssh.SSHKey) -> str:
    return key.export_public_key("openssh").decode().strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_sshd(
    folder: Path, host_key: asyncssh.SSHKey, user_key: asyncssh.SSHKey, port: int
) -> SshServer:
    """A real sshd in `folder`, ready to be connected to."""
    (folder / "home").mkdir(exist_ok=True)
    (folder / "host_key").write_text(private_text(host_key))
    (folder / "host_key").chmod(0o600)
    (folder / "authorized_keys").write_text(public_text(user_key))
    (folder / "config").write_text(CONFIG.format(port=port, folder=folder))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd's own rule when it runs as root
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "config")])
    try:
        _await_port(port)
    except TimeoutError:
        process.kill()
        process.wait()
        raise
    text = " ".join(public_text(host_key).split()[:2])
    return SshServer(port, folder, text, private_text(user_key), process)


def stop(server: SshServer) -> None:
    if server.process:
        server.cut_links()
        server.process.terminate()
        server.process.wait()


def _await_port(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on {port}")


def require_sshd() -> None:
    """Skips where there is no sshd; in CI that is a failure."""
    if not Path(SSHD).exists():
        message = "OpenSSH's sshd is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[SshServer]:
    """A real sshd on a free port, with a key to sign in."""
    require_sshd()
    server = start_sshd(tmp_path, new_key(), new_key(), free_port())
    yield server
    stop(server)


class _PasswordServer(asyncssh.SSHServer):
    """Lets one password in, and counts what it was sent before."""

    def __init__(self, log: list[str]) -> None:
        self._log = log

    def begin_auth(self, username: str) -> bool:
        self._log.append(f"begin {username}")
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._log.append(f"password of {username}")
        return password == "swordfish"


@dataclass
class TestServer:
    """A server in this process that takes passwords; `log` tells what it saw."""

    __test__ = False
    port: int
    host_key: str
    log: list[str]

    def endpoint(self, **given: object) -> Endpoint:
        known = {
            "host": "127.0.0.1",
            "port": self.port,
            "host_key": self.host_key,
            "username": "deploy",
            "password": "swordfish",
        }
        return Endpoint(**{**known, **given})


async def _serve(process: "asyncssh.SSHServerProcess[bytes]") -> None:
    child = await asyncio.create_subprocess_shell(
        process.command or "true",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    stdout, stderr = await child.communicate(await process.stdin.read())
    process.stdout.write(stdout)
    process.stderr.write(stderr)
    process.exit(child.returncode or 0)


@pytest.fixture
async def ssh_server() -> AsyncIterator[TestServer]:
    """An SSH server in the test's own loop, for what needs no real machine behind it."""
    key, log = new_key(), []
    listener = await asyncssh.create_server(
        lambda: _PasswordServer(log),
        "127.0.0.1",
        0,
        server_host_keys=[key],
        process_factory=_serve,
        encoding=None,
    )
    yield TestServer(listener.get_port(), " ".join(public_text(key).split()[:2]), log)
    listener.close()
    await listener.wait_closed()
