"""Every package is there and whole before anything that needs one is done anywhere. domain.md 17.6."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from deployments.core.guidance import FailurePoint, Guidance, answers
from deployments.core.operations import NO_FACTS
from deployments.core.plan import ChosenPackage
from deployments.core.states import FINAL_NODES, Category, JournalState, NodeStatus
from deployments.core.visits import PACKAGES
from deployments.engine.recording import Attempt, Batch, LogLine, Question, QuestionKind
from deployments.engine.site import PackageMissing
from deployments.engine.windows import in_window
from deployments.engine.world import World

WHERE = (PACKAGES, None)


@dataclass(frozen=True)
class Acquired:
    """status RUNNING: a person has to say what the failure means."""

    status: NodeStatus
    error: str = ""


async def acquire(
    world: World, packages: Sequence[ChosenPackage], parallelism: int, *, is_guided: bool
) -> Acquired:
    """Prepares the packages, `parallelism` at once, or tells what a former worker came to."""
    past = world.history.last(WHERE)
    if world.history.nodes.get(PACKAGES) in FINAL_NODES:
        return Acquired(NodeStatus.FAILED, past.error) if past and _failed(world) else DONE
    world.recorder.status(PACKAGES, NodeStatus.RUNNING)
    attempt, error = (past.attempt, past.error) if past else (None, "")
    while True:
        if attempt is None or not error:
            number = attempt.number + 1 if attempt else 1
            if not (error := await _prepare(world, packages, parallelism)):
                world.recorder.status(PACKAGES, NodeStatus.SUCCESS)
                return DONE
            attempt = await _journalled(world, number, error)
        guidance = await _guidance(world, attempt, error) if is_guided else Guidance.FAIL
        if guidance is None:
            return Acquired(NodeStatus.RUNNING, error)
        if guidance == Guidance.FAIL:
            world.recorder.status(PACKAGES, NodeStatus.FAILED)
            return Acquired(NodeStatus.FAILED, error)
        error = ""


DONE = Acquired(NodeStatus.SUCCESS)


def _failed(world: World) -> bool:
    return world.history.nodes.get(PACKAGES) == NodeStatus.FAILED


async def _prepare(world: World, packages: Sequence[ChosenPackage], parallelism: int) -> str:
    """Why a package cannot be had, "" when all can."""
    found = await in_window([partial(_one, world, each) for each in packages], parallelism)
    return next(filter(None, found), "")


async def _one(world: World, package: ChosenPackage) -> str:
    name = f"{package.package_id} {package.version}"
    try:
        prepared = await world.packages.prepare(package)
    except PackageMissing as exc:
        _say(world, str(exc), Category.FATAL)
        return str(exc)
    _say(world, f"{name}: {prepared.size:,} bytes, SHA-256 {package.sha256}")
    return ""


async def _journalled(world: World, number: int, error: str) -> Attempt:
    """The failure, for people to be asked about and for whoever takes the task over."""
    attempt = await world.recorder.begin("", *WHERE, number, NO_FACTS)
    await world.recorder.end(attempt, JournalState.FAILED, error)
    return attempt


async def _guidance(world: World, attempt: Attempt, error: str) -> Guidance | None:
    """What a person says about the failure; None until somebody has. Steps need their packages, so it
    can be tried again or fail."""
    point = FailurePoint(is_required=True, retried=attempt.number - 1)
    reply = await world.recorder.ask(
        Question(
            attempt,
            PACKAGES,
            "Packages could not be acquired",
            error,
            choices=answers(point),
            kind=QuestionKind.GUIDANCE,
        )
    )
    return Guidance(reply.result) if reply else None


def _say(world: World, text: str, category: Category = Category.INFO) -> None:
    world.recorder.write(Batch((LogLine(PACKAGES, category, text),)))
