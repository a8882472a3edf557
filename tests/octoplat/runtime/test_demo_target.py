import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest

from octoplat.runtime import demo_target


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The installation's folder, while its demo target runs."""
    home = tmp_path_factory.mktemp("home")
    with running(home):
        yield home


@contextmanager
def running(home: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "octoplat.runtime.demo_target"],
        env={**os.environ, "OCTOPLAT_HOME": str(home), "OCTOPLAT_SECRET": "keep to yourself"},
    )
    try:
        while process.poll() is None and not listens(home):
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        assert process.wait(10) == 0


def listens(home: Path) -> bool:
    try:
        facts = demo_target.read_facts(home)
        socket.create_connection((facts.host, facts.port)).close()
    except OSError:
        return False
    return True


async def connect(home: Path, **changes: object) -> asyncssh.SSHClientConnection:
    facts = demo_target.read_facts(home)
    host_key = asyncssh.read_private_key(str(home / "keys" / "demo-target-host"))
    options = {
        "username": facts.username,
        "client_keys": [asyncssh.import_private_key(facts.private_key)],
        "known_hosts": ([host_key.convert_to_public()], [], []),
        "agent_path": None,
        "config": [],
    }
    return await asyncssh.connect(facts.host, facts.port, **options | changes)


async def test_a_command_gets_its_input_and_tells_output_and_exit_code(server):
    async with await connect(server) as connection:
        answer = await connection.run("cat; echo oops >&2; exit 7", input="hello", check=False)

    assert (answer.stdout, answer.stderr, answer.exit_status) == ("hello", "oops\n", 7)


async def test_commands_begin_in_their_own_folder_without_our_environment(server):
    async with await connect(server) as connection:
        answer = await connection.run("pwd; echo $HOME; env", check=True)

    home = str(server / "demo-target")
    assert str(answer.stdout).splitlines()[:2] == [home, home]
    assert "OCTOPLAT" not in str(answer.stdout)


async def test_large_output_arrives_whole(server):
    async with await connect(server) as connection:
        answer = await connection.run("head -c 5000000 /dev/zero", encoding=None, check=True)

    assert len(answer.stdout) == 5_000_000


async def test_a_signal_reaches_the_whole_group(server):
    async with await connect(server) as connection:
        process = await connection.create_process("sleep 60 & sleep 60; wait")
        await asyncio.sleep(0.2)
        process.send_signal("TERM")
        answer = await process.wait()

    assert answer.exit_signal is not None
    assert answer.exit_signal[0] == signal.SIGTERM.name.removeprefix("SIG")


async def test_what_was_detached_survives_the_connection(server):
    file = server / "demo-target" / "detached"
    async with await connect(server) as connection:
        await connection.run(
            "setsid sh -c 'sleep 0.5; echo yes > detached' >/dev/null 2>&1 </dev/null &"
        )

    for _ in range(100):
        if file.exists():
            break
        await asyncio.sleep(0.05)
    assert file.read_text() == "yes\n"


async def test_a_running_command_survives_a_lost_connection(server):
    file = server / "demo-target" / "lost"
    connection = await connect(server)
    await connection.create_process("echo started; sleep 0.5; echo more; echo yes > lost")
    await asyncio.sleep(0.2)
    connection.abort()
    await connection.wait_closed()

    for _ in range(100):
        if file.exists():
            break
        await asyncio.sleep(0.05)
    assert file.read_text() == "yes\n"


async def test_files_go_where_commands_find_them(server):
    async with await connect(server) as connection, connection.start_sftp_client() as sftp:
        async with sftp.open("note", "w") as file:
            await file.write("carried")
        answer = await connection.run("cat note", check=True)

    assert answer.stdout == "carried"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_keys": [asyncssh.generate_private_key("ssh-ed25519")]},
        {"username": "root"},
        {"client_keys": [], "password": "demo"},
    ],
    ids=["another key", "another name", "a password"],
)
async def test_nobody_else_gets_in(server, changes):
    with pytest.raises(asyncssh.PermissionDenied):
        await connect(server, **changes)
    await asyncio.sleep(0.1)  # asyncssh closes the refused connection behind our back


def test_address_and_keys_stay_the_same_over_a_restart(tmp_path):
    facts = []
    for _ in range(2):
        with running(tmp_path):
            facts.append(demo_target.read_facts(tmp_path))

    assert facts[0] == facts[1]
    assert demo_target.facts_path(tmp_path).stat().st_mode & 0o077 == 0
