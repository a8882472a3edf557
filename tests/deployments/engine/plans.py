"""Plans and worlds in a line, for tests of the executor."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deployments.core.bindings import Bindings, RunFacts, Thing
from deployments.core.masking import Masker
from deployments.core.plan import ChosenPackage, Plan, PlanInput, PlannedMachine, plan
from deployments.core.process import (
    MAX_PARALLELISM,
    TARGET_ROLES,
    Action,
    Condition,
    StartTrigger,
    Step,
)
from deployments.core.targeting import Machine, Selected
from deployments.core.variables import Definition
from deployments.engine.executor import Report, execute
from deployments.engine.recording import History, MemoryRecorder
from deployments.engine.site import PackageMissing, Prepared
from deployments.engine.world import World
from deployments.steps.manual import INSTRUCTIONS
from deployments.steps.script import BODY
from deployments.transports.base import Refused, Session
from deployments.transports.memory import MemorySession

WEB = "web"


def script(name: str, body: str = "", *, on: str = WEB, **given: Any) -> Step:
    """A step of one script action; on="" runs it on the worker. Keywords go to action or step."""
    properties = {BODY: body or f"run {name}", **given.pop("properties", {})}
    of_action = {
        key: given.pop(key) for key in ("retries", "timeout", "is_disabled") if key in given
    }
    action = Action(f"a-{name}", name, "Octopus.Script", properties=properties, **of_action)
    return step(name, action, on=on, **given)


def approval(name: str, **given: Any) -> Step:
    action = Action(f"a-{name}", name, "Octopus.Manual", properties={INSTRUCTIONS: "Look."})
    return step(name, action, on="", **given)


def step(
    name: str,
    *actions: Action,
    on: str = WEB,
    window: int | None = None,
    condition: Condition = Condition.SUCCESS,
    together: bool = False,
    properties: Mapping[str, str] | None = None,
) -> Step:
    known = {TARGET_ROLES: on} if on else {}
    if window is not None:
        known[MAX_PARALLELISM] = str(window)
    return Step(
        f"s-{name}",
        name,
        actions,
        condition=condition,
        start_trigger=StartTrigger.WITH_PREVIOUS if together else StartTrigger.AFTER_PREVIOUS,
        properties={**known, **(properties or {})},
    )


def planned(
    *steps: Step,
    machines: Sequence[str] = ("shop1",),
    packages: Mapping[tuple[str, str], ChosenPackage] | None = None,
) -> Plan:
    """Machines are numbered from 1 and have the role web."""
    found = tuple(
        Machine(number, name, frozenset({WEB}), frozenset({1}))
        for number, name in enumerate(machines, start=1)
    )
    return plan(PlanInput(steps, 1, Selected(found, ()), packages=packages or {}))


class MemorySessions:
    """Sessions by the names of machines; "worker" is the worker."""

    def __init__(self, sessions: Mapping[str, Session]) -> None:
        self.sessions = sessions

    def target(self, machine: PlannedMachine) -> Session:
        return self.sessions[machine.name]

    def worker(self, pool: int | None) -> Session:
        if "worker" not in self.sessions:
            raise Refused("The pool has no worker.")
        return self.sessions["worker"]

    async def close(self) -> None:
        for session in self.sessions.values():
            await session.close()


class NoPackages:
    async def original(self, package: ChosenPackage) -> Prepared:
        return await self.prepare(package)

    async def prepare(self, package: ChosenPackage) -> Prepared:
        raise PackageMissing(f"{package.package_id} is not here.")


@dataclass
class Stage:
    """A world in memory that can be run several times: each run is a new worker."""

    sessions: Mapping[str, Any] = field(default_factory=lambda: {"shop1": MemorySession()})
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    definitions: Sequence[Definition] = ()
    facts: RunFacts = field(
        default_factory=lambda: RunFacts(environment=Thing("Environments-1", "Test"))
    )
    pauses: list[float] = field(default_factory=list)
    packages: Any = field(default_factory=NoPackages)

    def world(self, plan: Plan) -> World:
        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            await asyncio.sleep(0)

        bindings = Bindings(self.facts, self.definitions, plan)
        return World(
            sessions=MemorySessions(self.sessions),
            recorder=self.recorder,
            bindings=bindings,
            packages=self.packages,
            masker=Masker(bindings.secrets()),
            history=self.recorder.history() if self.recorder.journal else History(),
            pause=pause,
            node="here",
        )

    async def run(self, plan: Plan) -> Report:
        return await execute(plan, self.world(plan))
