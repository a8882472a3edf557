"""The run protocol over a real sshd: detached scripts, offsets, stopping, lost links."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from deployments.transports.base import (
    AlreadyStarted,
    Exited,
    Launch,
    LinkLost,
    NeverStarted,
    OutcomeUnknown,
    Output,
    Session,
    Stream,
)
from deployments.transports.local import PATIENCE, LocalSession
from deployments.transports.ssh import Endpoint, SshSession
from octoplat.runtime.demo_target import facts_path, read_facts
from octoplat.settings.env import ROOT
from tests.ssh.servers import SshServer


def bash(text: str) -> Launch:
    return Launch(("bash", "@/script.sh"), {"script.sh": text.encode()})


async def told(events) -> tuple[bytes, bytes, int]:
    out = {Stream.STDOUT: b"", Stream.STDERR: b""}
    async with contextlib.aclosing(events):
        async for event in events:
            if isinstance(event, Exited):
                return out[Stream.STDOUT], out[Stream.STDERR], event.code
            out[event.stream] += event.data
    raise AssertionError("no end")


@pytest.fixture
def demo_target(tmp_path):
    """Another server than OpenSSH, which treats streams otherwise."""
    home = tmp_path / "demo"
    home.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "octoplat.runtime.demo_target"],
        cwd=ROOT,
        env={**os.environ, "OCTOPLAT_HOME": str(home)},
    )
    deadline = time.monotonic() + 20
    while not facts_path(home).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    known = read_facts(home)
    yield Endpoint(
        known.host,
        known.port,
        host_key="",
        fingerprint=known.host_key,
        username=known.username,
        private_key=known.private_key,
    )
    process.terminate()
    process.wait()


@pytest.fixture(params=["openssh", "demo target", "worker"])
async def session(request, tmp_path):
    """The same protocol over different ways."""
    found: Session
    match request.param:
        case "openssh":
            found = SshSession(request.getfixturevalue("sshd").endpoint())
        case "demo target":
            found = SshSession(request.getfixturevalue("demo_target"))
        case _:
            found = LocalSession(tmp_path / "work")
    yield found
    await found.close()


async def test_output_and_exit_code_come_back(session):
    assert await told(session.start("token-001", bash("echo out; echo err >&2; exit 3"))) == (
        b"out\n",
        b"err\n",
        3,
    )


async def test_a_token_starts_only_once(session):
    await told(session.start("token-001", bash("echo first")))

    with pytest.raises(AlreadyStarted):
        await told(session.start("token-001", bash("echo second")))

    assert (await told(session.attach("token-001")))[0] == b"first\n"


async def test_attaching_goes_on_at_the_byte(session):
    await told(session.start("token-001", bash("seq 1 30000; echo done >&2")))

    out, err, code = await told(session.attach("token-001", 70_001, 2))

    everything = b"".join(b"%d\n" % number for number in range(1, 30001))
    assert (out, err, code) == (everything[70_001:], b"ne\n", 0)


async def test_a_token_nobody_started_may_be_started(session):
    with pytest.raises(NeverStarted):
        await told(session.attach("token-001"))


async def test_a_script_outlives_the_one_who_started_it(session):
    events = session.start("token-001", bash("echo one; sleep 0.5; echo two"))
    first = await anext(events)
    await events.aclose()

    out, _, code = await told(session.attach("token-001", len(first.data)))

    assert (first, out, code) == (Output(Stream.STDOUT, b"one\n"), b"two\n", 0)


async def test_the_secret_files_are_gone_when_the_script_is(session):
    launch = Launch(("cat", "@/secret"), {"secret": b"hunter2"})

    assert (await told(session.start("token-001", launch)))[0] == b"hunter2"
    await asyncio.sleep(0.2)

    assert (await session.run("ls runs/token-001/files 2>&1; ls -ld runs")).text.count(
        "hunter2"
    ) == 0
    assert not (await session.run("cat runs/token-001/files/secret")).stdout
    assert (await session.run("ls -ld runs")).text.startswith("drwx------")


async def test_a_run_killed_from_outside_has_an_unknown_outcome(session):
    events = session.start("token-001", bash("echo $PPID; sleep 30"))
    bootstrap = int((await anext(events)).data)
    os.killpg(bootstrap, 9)

    with pytest.raises(OutcomeUnknown):
        await told(events)
    with pytest.raises(OutcomeUnknown):
        await told(session.attach("token-001"))


@pytest.mark.promise("R8")
async def test_stopping_ends_children_that_ignore_the_first_signal(session):
    script = bash(
        "trap '' TERM; (trap '' TERM; echo $BASHPID; while :; do sleep 0.1; done) & wait; wait"
    )
    events = session.start("token-001", script)
    child = int((await anext(events)).data)

    is_gone = await session.stop("token-001", grace=0.5)
    await events.aclose()

    assert is_gone
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


@pytest.mark.promise("R8")
async def test_a_script_may_end_itself_within_its_grace(session):
    script = bash("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done")
    events = session.start("token-001", script)
    await anext(events)

    assert await session.stop("token-001")
    await events.aclose()

    out, _, code = await told(session.attach("token-001"))
    assert (out, code) == (b"ready\nbye\n", 7)


async def test_what_was_stopped_before_its_start_can_never_start(session):
    assert await session.stop("token-001")

    with pytest.raises(AlreadyStarted):
        await told(session.start("token-001", bash("echo too late")))


async def test_forgotten_runs_are_removed(session):
    await told(session.start("token-001", bash("true")))
    session.forget("token-001")

    await told(session.start("token-002", bash("true")))

    assert (await session.run("ls runs")).text == "token-002"


async def test_a_sweep_takes_secrets_of_dead_runs_and_leaves_live_ones(session):
    events = session.start("token-live", bash("echo up; sleep 5"))
    await anext(events)
    await told(session.start("token-done", bash("echo done")))
    await session.run(
        "mkdir -p runs/token-dead/files && echo hunter2 >runs/token-dead/files/secret"
    )
    await session.run("touch -d '2 hours ago' runs/*")
    await session.run("mkdir runs/token-old && touch -d '8 days ago' runs/token-old")

    await session.sweep()

    runs = (await session.run("ls runs")).text.split()
    secrets = (await session.run("ls -d runs/*/files")).text.split()
    await session.stop("token-live")
    await events.aclose()
    assert runs == ["token-dead", "token-done", "token-live"]
    assert secrets == ["runs/token-live/files"]


async def test_a_flood_of_output_arrives_complete(session):
    out, _, code = await told(session.start("token-001", bash("seq 1 1000000")))

    assert (len(out), out[-8:], code) == (6_888_896, b"1000000\n", 0)


async def test_commands_take_a_stream_as_input(session):
    async def blocks():
        for _ in range(100):
            yield b"x" * 65_536

    answer = await session.run("wc -c", feed=blocks())

    assert answer.text == str(100 * 65_536)


@pytest.mark.promise("R6")
async def test_a_worker_that_ignores_hang_ups_leaves_a_script_alone_and_does_not_wait_for_it(
    tmp_path,
):
    usual = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        session = LocalSession(tmp_path / "work")
        await anext(session.start("token-001", bash("echo one; sleep 4; echo two")))
        async with asyncio.timeout(PATIENCE + 2):
            await session.close()
        later = LocalSession(tmp_path / "work")
        assert await told(later.attach("token-001")) == (b"one\ntwo\n", b"", 0)
        await later.close()
    finally:
        signal.signal(signal.SIGHUP, usual)


async def test_a_cut_link_is_noticed_and_the_script_goes_on(sshd: SshServer):
    session = SshSession(sshd.endpoint())
    events = session.start("token-001", bash("echo one; sleep 1; echo two"))
    first = await anext(events)

    sshd.cut_links()
    with pytest.raises(LinkLost):
        await told(events)
    rest = await told(session.attach("token-001", len(first.data)))
    await session.close()

    assert rest == (b"two\n", b"", 0)
