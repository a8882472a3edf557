"""What a run touches, as seams: machines, the recorder, packages, the clock."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from deployments.core.bindings import Bindings
from deployments.core.masking import Masker
from deployments.core.plan import PlannedMachine
from deployments.engine.control import Control
from deployments.engine.recording import History, Recorder
from deployments.engine.site import PackageSource
from deployments.transports.base import Session

Pause = Callable[[float], Awaitable[None]]


class Sessions(Protocol):
    """Ways to machines: one session for each, kept until the end. Both raise Refused when there can be
    none."""

    def target(self, machine: PlannedMachine) -> Session: ...

    def worker(self, pool: int | None) -> Session:
        """The worker of a pool, None for the default one."""

    async def close(self) -> None: ...


@dataclass
class World:
    """One run's surroundings. node: the name of the computer this worker is on. leftovers: the names of
    machines where processes may remain after a stop."""

    sessions: Sessions
    recorder: Recorder
    bindings: Bindings
    packages: PackageSource
    masker: Masker = field(default_factory=Masker)
    history: History = field(default_factory=History)
    control: Control = field(default_factory=Control)
    pause: Pause = asyncio.sleep
    node: str = ""
    leftovers: list[str] = field(default_factory=list)
    turns: dict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
