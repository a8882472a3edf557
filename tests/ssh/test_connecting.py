"""Signing in: the host key first, then and only then the account. security-and-reliability.md 7.1."""

import asyncio

import pytest

from deployments.transports.base import HostKeyChanged, Refused, Unreachable
from deployments.transports.ssh import SshSession, connect, discover_host_keys, fingerprint
from tests.ssh.servers import (
    SshServer,
    TestServer,
    free_port,
    new_key,
    private_text,
    public_text,
)


async def no_pause(seconds: float) -> None:
    await asyncio.sleep(0)


async def test_a_password_opens_a_session(ssh_server: TestServer):
    session = SshSession(ssh_server.endpoint(), root="/tmp")

    answer = await session.run("echo hello")
    await session.close()

    assert answer.text == "hello"


async def test_a_key_with_a_passphrase_signs_in(sshd: SshServer):
    key = new_key()
    (sshd.folder / "authorized_keys").write_text(public_text(key))
    endpoint = sshd.endpoint(private_key=private_text(key, "open sesame"), passphrase="open sesame")

    connection = await connect(endpoint)
    connection.close()

    with pytest.raises(Refused, match="cannot be opened with its passphrase"):
        await connect(sshd.endpoint(private_key=endpoint.private_key, passphrase="wrong"))


async def test_a_changed_host_key_stops_before_anything_is_sent(ssh_server: TestServer):
    endpoint = ssh_server.endpoint(host_key=public_text(new_key()))

    with pytest.raises(HostKeyChanged) as changed:
        await connect(endpoint)

    assert ssh_server.log == []
    assert changed.value.offered == fingerprint(ssh_server.host_key)
    assert "Nothing was sent to it" in str(changed.value)


async def test_a_host_key_of_another_type_is_a_changed_key(ssh_server: TestServer):
    import asyncssh

    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256")

    with pytest.raises(HostKeyChanged):
        await connect(ssh_server.endpoint(host_key=public_text(other)))

    assert ssh_server.log == []


async def test_without_a_confirmed_key_no_connection_is_made(ssh_server: TestServer):
    with pytest.raises(HostKeyChanged, match="Nobody has confirmed"):
        await connect(ssh_server.endpoint(host_key=""))

    assert ssh_server.log == []


async def test_a_wrong_password_is_refused_and_not_tried_again(ssh_server: TestServer):
    session = SshSession(ssh_server.endpoint(password="guess"), pause=no_pause)

    with pytest.raises(Refused, match="does not let deploy in"):
        await session.run("true")

    assert ssh_server.log.count("password of deploy") == 1


async def test_a_machine_that_is_not_there_is_tried_again_and_then_unreachable(monkeypatch):
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    key = public_text(new_key())
    server = TestServer(free_port(), key, [])

    with pytest.raises(Unreachable, match="cannot be reached"):
        await SshSession(server.endpoint(), pause=pause, attempts=3).run("true")

    assert len(pauses) == 2


async def test_discovery_shows_the_key_and_signs_in_nowhere(ssh_server: TestServer):
    (offered,) = await discover_host_keys("127.0.0.1", ssh_server.port)

    assert offered.key == ssh_server.host_key
    assert offered.fingerprint == fingerprint(ssh_server.host_key)
    assert ssh_server.log == []
