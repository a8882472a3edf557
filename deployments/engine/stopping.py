"""Ends what a lost worker left running, when its task is cancelled before anybody took it over."""

import shlex

from deployments.core.plan import Plan
from deployments.core.states import Category, JournalState
from deployments.engine.executor import Report, canceled
from deployments.engine.recording import Batch, LogLine, Past
from deployments.engine.world import World
from deployments.transports.base import Session, TransportError


async def stop_begun(plan: Plan, world: World) -> Report:
    """Stops every script that was begun and whose result is not known, wherever it runs."""
    try:
        for past in _unfinished(world):
            await _stop(plan, past, world)
    finally:
        await world.sessions.close()
    return canceled(world)


def _unfinished(world: World) -> list[Past]:
    last = (attempts[-1] for attempts in world.history.attempts.values())
    return [past for past in last if past.state == JournalState.STARTED]


async def _stop(plan: Plan, past: Past, world: World) -> None:
    machines = {machine.id: machine for step in plan.steps for machine in step.machines}
    machine = machines.get(past.attempt.machine or 0)
    place = machine.name if machine else "the worker"
    try:
        session = (
            world.sessions.target(machine)
            if machine and not past.facts.node
            else world.sessions.worker(None)
        )
        is_gone = await _stop_runs(session, past.attempt.token)
    except TransportError as exc:
        is_gone = False
        _say(world, f"{place}: {exc}")
    if not is_gone:
        world.leftovers.append(place)


async def _stop_runs(session: Session, token: str) -> bool:
    """An attempt's scripts, each in a folder that begins with its token."""
    listed = await session.run(f"cd runs && ls -d {shlex.quote(token)}-* 2>/dev/null; true")
    stopped = [await session.stop(name) for name in listed.text.splitlines()]
    return all(stopped)


def _say(world: World, text: str) -> None:
    line = LogLine("", Category.WARNING, world.masker.mask(text))
    world.recorder.write(Batch((line,)))
