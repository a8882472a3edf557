"""The machines of a task as sessions: endpoints from rows, secrets opened when a session is made."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from deployments.core.plan import PlannedMachine
from deployments.models import Target
from deployments.transports.base import Refused, Session
from deployments.transports.local import LocalSession
from deployments.transports.ssh import ConnectGate, Endpoint, SshSession

WORKER = 0


class OnWorker:
    """A target whose steps run on the worker."""


Way = Endpoint | OnWorker | Refused


class TargetSessions:
    """See `world.Sessions`. ways: to the targets that may be asked for, by id.

    worker_root: where scripts on this worker keep their files; None: none may run here. default_pool:
    the only worker pool that this worker serves.
    """

    def __init__(
        self,
        ways: Mapping[int, Way],
        worker_root: Path | None = None,
        default_pool: int | None = None,
    ) -> None:
        self._ways = ways
        self._worker_root = worker_root
        self._default_pool = default_pool
        self._open: dict[int, Session] = {}
        self._gate = ConnectGate()

    def target(self, machine: PlannedMachine) -> Session:
        if machine.id not in self._open:
            match self._ways.get(machine.id):
                case None:
                    raise Refused(f"The target {machine.name} no longer exists.")
                case Refused() as refusal:
                    raise refusal
                case OnWorker():
                    return self.worker(None)
                case Endpoint() as endpoint:
                    self._open[machine.id] = SshSession(endpoint, self._gate)
        return self._open[machine.id]

    def worker(self, pool: int | None) -> Session:
        if pool not in (None, self._default_pool):
            raise Refused("The worker pool of this step has no worker.")
        if self._worker_root is None:
            raise Refused("Steps may not run on this server, and there is no other worker.")
        if WORKER not in self._open:
            self._open[WORKER] = LocalSession(self._worker_root)
        return self._open[WORKER]

    async def close(self) -> None:
        await asyncio.gather(*(session.close() for session in self._open.values()))


def ways_to(targets: Iterable[Target]) -> dict[int, Way]:
    """How to reach each target, its account's secrets opened. The targets need `account` loaded."""
    return {target.pk: way_to(target) for target in targets}


def way_to(target: Target) -> Way:
    if target.communication_style == Target.Style.LOCAL:
        return OnWorker()
    account = target.account
    if account is None:
        return Refused(f"The target {target.name} has no account to sign in with.")
    by_key = account.account_type == account.Type.SSH_KEY_PAIR
    return Endpoint(
        host=target.host,
        port=target.port,
        host_key=target.host_key,
        fingerprint=target.fingerprint,
        username=account.username,
        password="" if by_key else account.reveal("password"),
        private_key=account.reveal("private_key") if by_key else "",
        passphrase=account.reveal("passphrase") if by_key else "",
    )
