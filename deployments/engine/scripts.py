"""Running scripts detached: started once, followed, found again, stopped."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import PurePosixPath

from deployments.core import remote
from deployments.core.operations import SKIP_REMAINING
from deployments.core.states import Category
from deployments.engine.control import Signal
from deployments.engine.pump import Artifact, Pump, Told
from deployments.engine.site import LINK_BUDGET, Site, StepFailed
from deployments.transports.base import (
    AlreadyStarted,
    Exited,
    Launch,
    LinkLost,
    NeverStarted,
    OutcomeUnknown,
    Refused,
    Unreachable,
)

ARTIFACT_LIMIT = 100 * 1000**2  # bytes
ARTIFACTS = 1000  # of one script
RETRY_EVERY = 5.0  # seconds, when a machine is looked for

LOST = "worker lost during {step} on {place}, outcome unknown"


async def run_script(site: Site, key: str, launch: Launch) -> None:
    """Runs a script to its end; `key` tells it apart from others of the attempt.

    One that a former worker started is not started again but followed from where the log ends.
    Raises StepFailed: the exit code is not 0, or nobody knows it.
    """
    token = f"{site.attempt.token}-{key}"
    resumed, site.resumed_from = site.resumed_from, None
    pump = Pump(
        site.recorder,
        site.masker,
        site.attempt,
        site.node,
        (site.step_name, site.owner),
        site.budget,
        resumed or (0, 0),
    )
    try:
        if site.turn.locked():
            site.say("Waiting for another step on this machine.", Category.WAIT)
        async with site.turn:
            code = await _followed(site, token, launch, pump, is_resumed=resumed is not None)
    except asyncio.CancelledError:
        if site.control.signal not in (Signal.HAND_OVER, Signal.LOST):
            await _stop(site, token, pump)
        raise
    told = pump.finish()
    site.has_warnings |= told.wrote_errors
    site.ended_runs.append(token)
    await _collect(site, token, launch, told.artifacts)
    _judge(site, told, code)


def _told_before_to_skip(site: Site) -> bool:
    """Whether a former worker read that the rest is to be skipped, but could not note it any more."""
    return any(
        output.name.lower() == SKIP_REMAINING.lower() and output.value.strip().lower() == "true"
        for output in site.recorder.outputs
        if (output.step, output.machine) == (site.step_name, site.owner)
    )


def _judge(site: Site, told: Told, code: int) -> None:
    if told.skip_rest or _told_before_to_skip(site):
        site.facts = replace(site.facts, skip_rest=True)
    if code:
        reason = told.failure or f"The script ended with exit code {code}."
        raise StepFailed(site.masker.mask(reason), exit_code=code)


async def _followed(site: Site, token: str, launch: Launch, pump: Pump, *, is_resumed: bool) -> int:
    """The exit code. A lost link is looked for again; the script goes on meanwhile."""
    clock = asyncio.get_running_loop().time
    lost_since: float | None = None
    attach = is_resumed
    while True:
        await site.control.hold()
        before = pump.offsets
        events = (
            site.session.attach(token, *before) if attach else site.session.start(token, launch)
        )
        try:
            async with contextlib.aclosing(events) as told:
                async for event in told:
                    lost_since = None
                    if isinstance(event, Exited):
                        return event.code
                    await pump.take(event)
        except AlreadyStarted:
            attach = True
        except NeverStarted as exc:
            if pump.offsets != (0, 0):
                raise _unknown(site) from exc
            attach = False
        except OutcomeUnknown as exc:
            raise _unknown(site) from exc
        except LinkLost as exc:
            if pump.offsets != before or lost_since is None:
                lost_since = clock()
                site.say(f"{exc} Looking for it again.", Category.WARNING)
            attach = True
        except Refused as exc:
            raise StepFailed(str(exc), is_unknown=attach) from exc
        except Unreachable as exc:
            if not attach:
                raise StepFailed(str(exc)) from exc
            lost_since = clock() if lost_since is None else lost_since
        if lost_since is not None:
            if clock() - lost_since > LINK_BUDGET:
                raise _unknown(site)
            await asyncio.sleep(RETRY_EVERY)


async def _stop(site: Site, token: str, pump: Pump) -> None:
    """Ends the script's process group, keeps its last words, and says truthfully what is left."""
    try:
        is_gone = await site.session.stop(token)
        async with contextlib.aclosing(site.session.attach(token, *pump.offsets)) as told:
            async for event in told:
                if not isinstance(event, Exited):
                    await pump.take(event)
    except (NeverStarted, OutcomeUnknown):
        is_gone = True
    except (Unreachable, Refused):
        site.say("The target is unreachable; processes may remain on it.", Category.WARNING)
        site.leftovers.append(_place(site))
        pump.finish()
        return
    pump.finish()
    if is_gone:
        site.ended_runs.append(token)
        site.say("The script was stopped; none of its processes is left.")
    else:
        site.say("Some processes of the script could not be killed.", Category.WARNING)
        site.leftovers.append(_place(site))


def _unknown(site: Site) -> StepFailed:
    reason = LOST.format(step=site.step_name, place=_place(site))
    return StepFailed(reason, may_retry=False, is_unknown=True)


def _place(site: Site) -> str:
    return site.machine.name if site.machine else "the worker"


async def _collect(site: Site, token: str, launch: Launch, artifacts: list[Artifact]) -> None:
    """Files the script named are kept, also when it failed. What cannot be kept is a warning."""
    if len(artifacts) > ARTIFACTS:
        site.say(
            f"Only the first {ARTIFACTS} of {len(artifacts)} artifacts are kept.", Category.WARNING
        )
    folder = launch.folder or f"runs/{token}/work"
    for artifact in artifacts[:ARTIFACTS]:
        path = str(PurePosixPath(folder) / artifact.path)
        name = site.masker.mask(PurePosixPath(artifact.name).name)
        if ".." in PurePosixPath(artifact.path).parts:
            site.say(f"The artifact {name} lies outside; it is not kept.", Category.WARNING)
            continue
        size = await site.command(remote.size_of(path))
        if size.exit_code or not size.text.isdigit():
            site.say(f"The artifact {name} is not a plain file; it is not kept.", Category.WARNING)
        elif int(size.text) > ARTIFACT_LIMIT:
            site.say(
                f"The artifact {name} has {size.text} bytes, too many to keep.", Category.WARNING
            )
        else:
            await _keep(site, name, path)


async def _keep(site: Site, name: str, path: str) -> None:
    source = "/".join(filter(None, [site.step_name, site.machine.name if site.machine else ""]))
    content = await site.command(remote.read(path), f"The artifact {name} cannot be read.")

    async def blocks() -> AsyncIterator[bytes]:
        yield content.stdout

    await site.recorder.keep_artifact(site.node, name, source, blocks())
    site.say(f"The artifact {name} was kept.", Category.VERBOSE)
