"""Targets over SSH: a pinned host key and nothing else is trusted. security-and-reliability.md 7.1."""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import asyncssh

from deployments.transports.base import (
    BLOCK,
    HostKeyChanged,
    LinkLost,
    Refused,
    Stream,
    TransportError,
    Unreachable,
)
from deployments.transports.shell import ShellSession

CONNECT_TIMEOUT = 15  # seconds, and as many again for signing in
KEEPALIVE = 15  # seconds; three unanswered ones end the connection
ATTEMPTS = 5
AT_ONCE = 8  # unauthenticated connections to one host; OpenSSH drops some from ten on

CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
)
RSA = ("rsa-sha2-512", "rsa-sha2-256")
HOST_KEY_KINDS: tuple[tuple[str, ...], ...] = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    RSA,
)

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class Endpoint:
    """Where a machine is and how to sign in. host_key: the pinned key, as "type base64"; where it is not
    known yet, the machine must show one with this fingerprint.

    private_key: a key in PEM or OpenSSH form; without one the password is used.
    """

    host: str
    port: int
    host_key: str
    username: str
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    fingerprint: str = ""


@dataclass(frozen=True)
class OfferedKey:
    """A host key a machine showed before anything was sent to it."""

    kind: str
    fingerprint: str
    key: str


class ConnectGate:
    """Lets at most `AT_ONCE` connections to one host be in their unauthenticated phase."""

    def __init__(self) -> None:
        self._gates: dict[tuple[str, int], asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(AT_ONCE)
        )

    def for_host(self, host: str, port: int) -> asyncio.Semaphore:
        return self._gates[host.lower(), port]


class SshSession(ShellSession):
    """One connection, opened at first use and again after it was lost."""

    def __init__(
        self,
        endpoint: Endpoint,
        gate: ConnectGate | None = None,
        *,
        root: str = "",
        attempts: int = ATTEMPTS,
        pause: Pause = asyncio.sleep,
    ) -> None:
        super().__init__(root)
        self._endpoint = endpoint
        self._gate = gate or ConnectGate()
        self._attempts = attempts
        self._pause = pause
        self._connection: asyncssh.SSHClientConnection | None = None
        self._connecting = asyncio.Lock()

    async def _open(self, command: str) -> "SshChannel":
        connection = await self._connected()
        try:
            process = await connection.create_process(command, encoding=None)
        except asyncssh.ChannelOpenError as exc:
            if connection.is_closed():
                raise LinkLost(f"The connection was lost: {exc.reason}.") from exc
            raise Refused(f"The machine opens no more channels: {exc.reason}.") from exc
        except (asyncssh.Error, OSError) as exc:
            raise LinkLost(f"The connection was lost: {exc}.") from exc
        return SshChannel(process)

    async def _connected(self) -> asyncssh.SSHClientConnection:
        async with self._connecting:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            return self._connection

    async def _connect(self) -> asyncssh.SSHClientConnection:
        for attempt in range(1, self._attempts + 1):
            try:
                async with self._gate.for_host(self._endpoint.host, self._endpoint.port):
                    return await connect(self._endpoint)
            except Unreachable:
                if attempt == self._attempts:
                    raise
                await self._pause(attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        raise AssertionError("at least one attempt")

    async def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            with contextlib.suppress(TimeoutError, asyncssh.Error, OSError):
                async with asyncio.timeout(5):
                    await self._connection.wait_closed()

    @property
    def _is_open(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()


class SshChannel:
    """A program on the other side."""

    def __init__(self, process: "asyncssh.SSHClientProcess[bytes]") -> None:
        self._process = process
        self._readers = {Stream.STDOUT: process.stdout, Stream.STDERR: process.stderr}

    async def write(self, data: bytes) -> None:
        try:
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        except BrokenPipeError:
            return
        except (asyncssh.Error, OSError) as exc:
            raise LinkLost(f"The connection was lost: {exc}.") from exc

    def end_input(self, last: bytes = b"") -> None:
        with contextlib.suppress(OSError, asyncssh.Error):
            if last:
                self._process.stdin.write(last)
            self._process.stdin.write_eof()

    async def read(self, stream: Stream) -> bytes:
        try:
            return await self._readers[stream].read(BLOCK)
        except (asyncssh.Error, OSError) as exc:
            raise LinkLost(f"The connection was lost: {exc}.") from exc

    async def exit_code(self) -> int:
        await self._process.wait_closed()
        status = self._process.exit_status
        return -1 if status is None else status

    def close(self) -> None:
        self._process.close()


async def connect(endpoint: Endpoint) -> asyncssh.SSHClientConnection:
    """A signed-in connection. The host key is judged before anything about the account is sent.

    Raises Unreachable, Refused, HostKeyChanged.
    """
    pinned = asyncssh.import_public_key(await pinned_key(endpoint))
    keys = [_private_key(endpoint)] if endpoint.private_key else []
    try:
        return await asyncssh.connect(
            endpoint.host,
            endpoint.port,
            username=endpoint.username,
            password=endpoint.password or None if not keys else None,
            client_keys=keys or None,
            known_hosts=([pinned], [], []),
            server_host_key_algs=_algorithms_of(pinned),
            encryption_algs=list(CIPHERS),
            config=[],
            agent_path=None,
            agent_forwarding=False,
            gss_host=None,
            x509_trusted_certs=None,
            preferred_auth="publickey" if keys else "password,keyboard-interactive",
            connect_timeout=CONNECT_TIMEOUT,
            login_timeout=CONNECT_TIMEOUT,
            keepalive_interval=KEEPALIVE,
            keepalive_count_max=3,
            compression_algs=None,
        )
    except (asyncssh.Error, OSError, TimeoutError) as exc:
        raise await _translated(exc, endpoint) from exc


async def discover_host_keys(host: str, port: int = 22) -> list[OfferedKey]:
    """The keys a machine shows, strongest kind first, for a person to compare. Nothing is sent.

    Raises Unreachable.
    """
    found: list[OfferedKey] = []
    failure: Exception | None = None
    for kinds in HOST_KEY_KINDS:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                key = await asyncssh.get_server_host_key(
                    host, port, server_host_key_algs=list(kinds), config=[]
                )
        except asyncssh.KeyExchangeFailed:
            continue  # a kind this machine does not have
        except (asyncssh.Error, OSError, TimeoutError) as exc:
            failure = exc
            break
        if key is not None:
            found.append(_offered(key))
    if not found:
        raise Unreachable(f"{host}:{port} shows no host key: {_words(failure)}.") from failure
    return found


async def pinned_key(endpoint: Endpoint) -> str:
    """The one key the machine must show. Raises HostKeyChanged when there is none, Unreachable."""
    if endpoint.host_key.strip():
        fingerprint(endpoint.host_key)
        return endpoint.host_key
    if not endpoint.fingerprint:
        raise HostKeyChanged(f"Nobody has confirmed the host key of {endpoint.host} yet.")
    offered = await discover_host_keys(endpoint.host, endpoint.port)
    for key in offered:
        if key.fingerprint == endpoint.fingerprint:
            return key.key
    raise HostKeyChanged(
        f"{endpoint.host}:{endpoint.port} shows {offered[0].fingerprint} instead of "
        f"{endpoint.fingerprint}, which was confirmed. Nothing was sent to it.",
        offered[0].fingerprint,
    )


def fingerprint(host_key: str) -> str:
    """The SHA256 fingerprint of a key written as "type base64". Raises Refused."""
    try:
        return asyncssh.import_public_key(host_key).get_fingerprint()
    except asyncssh.KeyImportError as exc:
        raise Refused(f"The stored host key cannot be read: {exc}.") from exc


def _private_key(endpoint: Endpoint) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(endpoint.private_key, endpoint.passphrase or None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as exc:
        raise Refused("The private key cannot be opened with its passphrase.") from exc


def _algorithms_of(key: asyncssh.SSHKey) -> Sequence[str]:
    """How a key of this type may sign; SHA-1 is not among them."""
    name = key.algorithm.decode()
    return list(RSA) if name == "ssh-rsa" else [name]


async def _translated(exc: Exception, endpoint: Endpoint) -> TransportError:
    place = f"{endpoint.host}:{endpoint.port}"
    match exc:
        case asyncssh.HostKeyNotVerifiable():
            return await _changed(endpoint)
        case asyncssh.KeyExchangeFailed() if "host key" in str(exc).lower():
            return await _changed(endpoint)
        case asyncssh.PermissionDenied():
            return Refused(f"{place} does not let {endpoint.username} in with this account.")
        case asyncssh.KeyExchangeFailed() | asyncssh.ProtocolError():
            return Refused(f"{place} does not speak SSH as octoplat does: {exc}.")
        case TimeoutError():
            return Unreachable(f"{place} did not answer within {CONNECT_TIMEOUT} s.")
        case _:
            return Unreachable(f"{place} cannot be reached: {_words(exc)}.")


async def _changed(endpoint: Endpoint) -> HostKeyChanged:
    try:
        offered = (await discover_host_keys(endpoint.host, endpoint.port))[0].fingerprint
    except Unreachable:
        offered = ""
    expected = endpoint.fingerprint or fingerprint(endpoint.host_key)
    shown = f" It now shows {offered}." if offered else ""
    return HostKeyChanged(
        f"The host key of {endpoint.host}:{endpoint.port} is not {expected}, "
        f"which was confirmed.{shown} Nothing was sent to it.",
        offered,
    )


def _offered(key: asyncssh.SSHKey) -> OfferedKey:
    text = key.export_public_key("openssh").decode().strip()
    return OfferedKey(
        kind=key.algorithm.decode(),
        fingerprint=key.get_fingerprint(),
        key=" ".join(text.split()[:2]),
    )


def _words(exc: Exception | None) -> str:
    return (getattr(exc, "strerror", None) or str(exc) or type(exc).__name__).rstrip(".")
