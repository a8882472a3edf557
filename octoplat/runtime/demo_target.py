"""`python -m octoplat.runtime.demo_target`: the machine that the demo deploys to.

An SSH server on loopback with one user, one key and one folder. It treats commands as OpenSSH does: the
shell runs them, input and output are streams, a lost connection ends nothing that was started.
"""

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import asyncssh

from deployments.transports.children import start_program
from octoplat.runtime.demo import DemoTarget
from octoplat.settings import env

logger = logging.getLogger(__name__)

USERNAME = "demo"
HOST = "127.0.0.1"
BLOCK = 65_536
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
LOST = (BrokenPipeError, ConnectionError, asyncssh.Error)


def facts_path(home: Path) -> Path:
    return home / "keys" / "demo-target.json"


def read_facts(home: Path) -> DemoTarget:
    """Where the demo target listens and what opens it. Raises OSError before its first start."""
    return DemoTarget(**json.loads(facts_path(home).read_text()))


async def serve(home: Path) -> asyncssh.SSHAcceptor:
    """Start listening. Address and keys stay the same over restarts, where the port is still free."""
    folder = home / "demo-target"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    host_key = _key(home / "keys" / "demo-target-host")
    client_path = home / "keys" / "demo-target-client"
    client_key = _key(client_path)
    account = _OneAccount(folder)
    options = {
        "server_host_keys": [host_key],
        "server_factory": lambda: _OneKey(client_key.convert_to_public()),
        "process_factory": account.run,
        "sftp_factory": account.sftp,
        "encoding": None,
        "agent_forwarding": False,
        "keepalive_interval": 15,
    }
    try:
        server = await asyncssh.listen(HOST, _last_port(home), **options)
    except OSError:
        server = await asyncssh.listen(HOST, 0, **options)
    _write_facts(
        home,
        DemoTarget(
            host=HOST,
            port=server.get_port(),
            username=USERNAME,
            host_key=host_key.get_fingerprint(),
            private_key=client_path.read_text(),
        ),
    )
    return server


class _OneKey(asyncssh.SSHServer):
    """Lets in one name with one key, and nothing else."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        self._key = key

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USERNAME and key == self._key

    def password_auth_supported(self) -> bool:
        return False

    def kbdint_auth_supported(self) -> bool:
        return False


class _OneAccount:
    """The user `demo`: a home folder, an empty environment, a shell."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shell = shutil.which("bash") or "/bin/sh"

    def sftp(self, channel: "asyncssh.SSHServerChannel[bytes]") -> asyncssh.SFTPServer:
        return _HomeFirst(channel, self._folder)

    async def run(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        """Run what the client asks for, as `shell -c`, and tell how it ended."""
        if process.command is None:
            process.stderr.write(b"The demo target runs commands only.\n")
            process.exit(1)
            return
        child, pipes = await start_program(
            self._shell, "-c", process.command, cwd=self._folder, env=self._environment()
        )
        try:
            await self._attend(process, child)
        finally:
            pipes.close()

    async def _attend(
        self, process: "asyncssh.SSHServerProcess[bytes]", child: asyncio.subprocess.Process
    ) -> None:
        assert child.stdout  # noqa: S101 - a pipe
        assert child.stderr  # noqa: S101 - a pipe
        feeding = asyncio.create_task(_feed(process, child))
        await asyncio.gather(
            _forward(child.stdout, process.stdout), _forward(child.stderr, process.stderr)
        )
        code = await child.wait()
        feeding.cancel()
        try:
            _tell_end(process, code)
        except LOST:
            logger.info("The client left before the command ended")

    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self._folder),
            "DEMO_TARGET": str(os.getpid()),
            "USER": USERNAME,
            "LOGNAME": USERNAME,
            "SHELL": self._shell,
            "PATH": PATH,
            "LANG": "C.UTF-8",
        }


class _HomeFirst(asyncssh.SFTPServer):
    """File transfer by the same paths that commands see: relative ones begin in the home folder."""

    def __init__(self, channel: "asyncssh.SSHServerChannel[bytes]", folder: Path) -> None:
        super().__init__(channel)
        self._folder = os.fsencode(folder)

    def map_path(self, path: bytes) -> bytes:
        return os.path.normpath(os.path.join(self._folder, path))


async def _feed(
    process: "asyncssh.SSHServerProcess[bytes]", child: asyncio.subprocess.Process
) -> None:
    """Input and signals, until the client ends its input or leaves."""
    assert child.stdin  # noqa: S101 - it is a pipe
    while True:
        try:
            block = await process.stdin.read(BLOCK)
            if not block:
                break
            child.stdin.write(block)
            await child.stdin.drain()
        except asyncssh.SignalReceived as received:
            _signal_group(child.pid, received.signal)
        except (asyncssh.BreakReceived, asyncssh.TerminalSizeChanged):
            continue
        except LOST:
            break
    child.stdin.close()


async def _forward(source: asyncio.StreamReader, target: "asyncssh.SSHWriter[bytes]") -> None:
    """Output, to its end even when nobody listens any more: the command shall not notice."""
    is_heard = True
    while block := await source.read(BLOCK):
        try:
            if is_heard:
                target.write(block)
                await target.drain()
        except LOST:
            is_heard = False


def _signal_group(leader: int, name: str) -> None:
    number = getattr(signal, f"SIG{name}", None)
    if number is None:
        return
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return


def _tell_end(process: "asyncssh.SSHServerProcess[bytes]", code: int) -> None:
    if code >= 0:
        process.exit(code)
    else:
        process.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))


def _key(path: Path) -> asyncssh.SSHKey:
    if path.exists():
        return asyncssh.read_private_key(str(path))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = asyncssh.generate_private_key("ssh-ed25519", comment="octoplat demo target")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.export_private_key())
    return key


def _last_port(home: Path) -> int:
    try:
        return read_facts(home).port
    except (OSError, ValueError, TypeError):
        return 0


def _write_facts(home: Path, facts: DemoTarget) -> None:
    path = facts_path(home)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(facts)))
    draft.replace(path)


async def main() -> None:
    """Until SIGTERM."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await serve(env.home())
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
