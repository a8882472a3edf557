"""One action in one place: its condition, its attempts, and what they leave in the journal."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from deployments.core import templates
from deployments.core.bindings import Bound, Progress
from deployments.core.conditions import is_truthy
from deployments.core.guidance import UNGUIDED, FailurePoint, Guidance, answers
from deployments.core.operations import NO_FACTS, Facts, Work
from deployments.core.plan import Place, PlannedStep
from deployments.core.process import ACTION_CONDITION_EXPRESSION, Condition
from deployments.core.states import FINAL_NODES, Category, JournalState, NodeStatus
from deployments.core.visits import LogNode, Visit, attempt_node
from deployments.engine.control import Signal
from deployments.engine.performer import forget_ended_runs, perform
from deployments.engine.recording import (
    Attempt,
    Batch,
    LogLine,
    Past,
    Question,
    QuestionKind,
    Reply,
    Where,
)
from deployments.engine.scripts import LOST
from deployments.engine.site import MustWait, Site, StepFailed
from deployments.engine.world import World
from deployments.steps import ReadyAction, handler_for
from deployments.steps.base import BadAction
from deployments.transports.base import Refused, Session

BYPASS = "OctopusBypassDeploymentMutex"
ON_WORKER = frozenset({Place.WORKER, Place.ON_BEHALF, Place.SERVER})


@dataclass(frozen=True)
class Visited:
    """How a visit ended. status RUNNING: it waits for a person (keeps_turn: and keeps others waiting).

    guidance: what a person said about the failure it ended with, None where nobody was asked.
    has_failed: also when the failure was ignored, its target left out, or nobody has answered yet.
    """

    status: NodeStatus
    error: str = ""
    keeps_turn: bool = False
    guidance: Guidance | None = None
    has_failed: bool = False


@dataclass(frozen=True)
class _Failure:
    """The last attempt of a round: the action's own retries are used up. domain.md 18.2."""

    attempt: Attempt
    node: str
    reason: str


class Visiting:
    """Makes visits in one world. progress: what the deployment has come to, asked at each attempt.

    is_guided: a failure is not the last word, but a question to people.
    """

    def __init__(
        self, world: World, progress: Callable[[], Progress], *, is_guided: bool = False
    ) -> None:
        self._world = world
        self._progress = progress
        self._is_guided = is_guided

    def is_known(self, visit: Visit) -> bool:
        """Whether a former worker began it."""
        return self._past(visit) is not None

    async def visit(self, step: PlannedStep, visit: Visit) -> Visited:
        """Does the action there, or what is left of it. Raises LeaseLost."""
        past = self._past(visit)
        if past and past.state == JournalState.SUCCEEDED:
            return self._succeeded(visit)
        if past is None and not self._applies(step, visit):
            return self._ended(visit, Visited(NodeStatus.SKIPPED))
        failure = self._failed_before(visit, past)
        if failure is None:
            self._world.recorder.status(visit.node, NodeStatus.RUNNING)
        try:
            return self._ended(visit, await self._rounds(step, visit, past, failure))
        except MustWait as waiting:
            return Visited(
                NodeStatus.RUNNING,
                keeps_turn=waiting.keeps_turn,
                has_failed=waiting.after_failure,
            )
        except asyncio.CancelledError:
            if self._world.control.signal == Signal.CANCEL:
                self._world.recorder.status(visit.node, NodeStatus.CANCELED)
            raise

    def _past(self, visit: Visit) -> Past | None:
        return self._world.history.last(_where(visit))

    def _succeeded(self, visit: Visit) -> Visited:
        """The result of a visit that a former worker completed."""
        status = self._world.history.nodes.get(visit.node, NodeStatus.SUCCESS)
        warned = status == NodeStatus.WARNING
        return Visited(NodeStatus.WARNING if warned else NodeStatus.SUCCESS)

    def _failed_before(self, visit: Visit, past: Past | None) -> _Failure | None:
        """The failure a former worker ended a round with; None when an attempt is left to make."""
        if past is None or past.state not in (JournalState.FAILED, JournalState.UNKNOWN):
            return None
        number = past.attempt.number
        is_last = number - self._first_of_round(visit) >= _retries(visit)
        if past.state == JournalState.UNKNOWN or is_last or number in self._asked(visit):
            return _Failure(past.attempt, self._node_name(visit, number), past.error)
        return None

    def _asked(self, visit: Visit) -> Mapping[int, Reply | None]:
        """What people said about failures here before, by the numbers of the attempts."""
        return self._world.history.asked.get(_where(visit), {})

    def _first_of_round(self, visit: Visit) -> int:
        """The number of the first attempt since people last said Retry."""
        return (
            max(
                (number for number, reply in self._asked(visit).items() if _says_retry(reply)),
                default=0,
            )
            + 1
        )

    def _ended(self, visit: Visit, visited: Visited) -> Visited:
        if self._world.history.nodes.get(visit.node) not in FINAL_NODES:
            self._world.recorder.status(visit.node, visited.status)
        return visited

    def _applies(self, step: PlannedStep, visit: Visit) -> bool:
        """A child's own condition; its step's was judged when its group started. domain.md 11.3."""
        action = visit.action.action
        if action.condition != Condition.VARIABLE:
            return True
        expression = action.properties.get(ACTION_CONDITION_EXPRESSION, "")
        try:
            found = templates.evaluate(expression, self._bound(step, visit).variables)
        except (templates.SelfReference, templates.TemplateLimit) as exc:
            return self._is_untold(visit, str(exc))
        if found.error:
            return self._is_untold(visit, found.error)
        if is_truthy(found.value):
            return True
        self._say(visit.node, "Skipped: its condition is not true.")
        return False

    def _is_untold(self, visit: Visit, reason: str) -> bool:
        """A condition that cannot be evaluated counts as not true, with a warning. domain.md 11.3."""
        text = f"Skipped: its condition cannot be evaluated: {reason}"
        self._say(visit.node, text, Category.WARNING)
        return False

    async def _rounds(
        self, step: PlannedStep, visit: Visit, past: Past | None, failure: _Failure | None
    ) -> Visited:
        """Attempts, and what people say when they came to nothing. Raises MustWait.

        failure: what a former worker came to, which people may have answered meanwhile.
        """
        number, first = _next_number(past), self._first_of_round(visit)
        retried = sum(_says_retry(reply) for reply in self._asked(visit).values())
        while True:
            if failure is None:
                found = await self._round(step, visit, number, first, past)
                if isinstance(found, Visited):
                    return found
                failure = found
            if not self._is_guided or visit.action.action.action_type in UNGUIDED:
                return Visited(NodeStatus.FAILED, failure.reason, has_failed=True)
            guidance = await self._guidance(visit, failure, retried)
            if guidance != Guidance.RETRY:
                return _guided(guidance, failure.reason)
            number = first = failure.attempt.number + 1
            retried += 1
            failure = None

    async def _round(
        self, step: PlannedStep, visit: Visit, number: int, first: int, past: Past | None
    ) -> Visited | _Failure:
        """Attempts from `number` on until one succeeds, or the action's retries since attempt `first`
        are used up."""
        while True:
            node = self._node(visit, number)
            resumed = past if past and past.attempt.number == number else None
            attempt = resumed.attempt if resumed else await self._begin(step, visit, number)
            try:
                warned = await self._attempt(step, visit, attempt, node, resumed)
                return Visited(NodeStatus.WARNING if warned else NodeStatus.SUCCESS)
            except StepFailed as failure:
                if node != visit.node:
                    self._world.recorder.status(node, NodeStatus.FAILED)
                if number - first >= _retries(visit) or not failure.may_retry:
                    return _Failure(attempt, node, self._world.masker.mask(str(failure)))
            delay = backoff(number - first + 1)
            self._say(visit.node, f"Attempt {number} failed; trying again in {delay:.0f} s.")
            await self._world.pause(delay)
            number += 1

    async def _guidance(self, visit: Visit, failure: _Failure, retried: int) -> Guidance:
        """What a person says about the failure. Raises MustWait until somebody has."""
        machine = visit.machine
        point = FailurePoint(visit.action.action.is_required, machine is not None, retried)
        place = f" on {machine.name}" if machine else ""
        reply = await self._world.recorder.ask(
            Question(
                failure.attempt,
                failure.node,
                f"{visit.action.action.name} failed{place}",
                failure.reason,
                choices=answers(point),
                kind=QuestionKind.GUIDANCE,
            )
        )
        if reply is None:
            self._say(
                visit.node, "Waiting for a person to decide about the failure.", Category.WAIT
            )
            raise MustWait(keeps_turn=True, after_failure=True)
        self._tell_guidance(visit, reply)
        return Guidance(reply.result)

    def _tell_guidance(self, visit: Visit, reply: Reply) -> None:
        if self._world.history.nodes.get(visit.node) in FINAL_NODES:
            return
        who = reply.display_name or reply.username or "Somebody"
        notes = f": {reply.notes}" if reply.notes else "."
        self._say(visit.node, f"{who} answered {reply.result}{notes}", Category.HIGHLIGHT)

    def _node(self, visit: Visit, number: int) -> str:
        """The attempt's part of the log."""
        node = self._node_name(visit, number)
        if node != visit.node:
            self._world.recorder.add_nodes([LogNode(node, visit.node, f"Attempt {number}")])
            self._world.recorder.status(node, NodeStatus.RUNNING)
        return node

    def _node_name(self, visit: Visit, number: int) -> str:
        """Each attempt has a part of its own where several are planned, and each one after the first."""
        has_own = _retries(visit) or number > 1
        return attempt_node(visit.node, number) if has_own else visit.node

    async def _attempt(
        self, step: PlannedStep, visit: Visit, attempt: Attempt, node: str, resumed: Past | None
    ) -> bool:
        """One attempt, journalled. Returns whether it warned. Raises StepFailed, MustWait."""
        site: Site | None = None
        try:
            limit = None if _is_of_the_server(visit) else visit.action.action.timeout or None
            async with asyncio.timeout(limit) as timer:
                site = self._site(step, visit, attempt, node, resumed)
                await perform(
                    site, self._work(visit, site.bound), resumed.operation if resumed else 0
                )
        except TimeoutError as exc:
            if not timer.expired():
                raise
            failure = StepFailed(f"It timed out after {limit} s.")
            await self._fail(attempt, node, site, failure)
            raise failure from exc
        except StepFailed as failure:
            await self._fail(attempt, node, site, failure)
            raise
        await self._world.recorder.end(attempt, JournalState.SUCCEEDED)
        forget_ended_runs(site)
        if node != visit.node:
            status = NodeStatus.WARNING if site.has_warnings else NodeStatus.SUCCESS
            self._world.recorder.status(node, status)
        return site.has_warnings

    async def _begin(self, step: PlannedStep, visit: Visit, number: int) -> Attempt:
        on_worker = visit.action.place in ON_WORKER
        return await self._world.recorder.begin(
            step.step.id,
            visit.action.action.id,
            visit.machine.id if visit.machine else None,
            number,
            Facts(node=self._world.node) if on_worker else NO_FACTS,
        )

    async def _fail(
        self, attempt: Attempt, node: str, site: Site | None, failure: StepFailed
    ) -> None:
        reason = self._world.masker.mask(str(failure))
        self._say(node, reason, Category.FATAL)
        state = JournalState.UNKNOWN if failure.is_unknown else JournalState.FAILED
        await self._world.recorder.end(attempt, state, reason, failure.exit_code)
        if site:
            forget_ended_runs(site)

    def _site(
        self, step: PlannedStep, visit: Visit, attempt: Attempt, node: str, resumed: Past | None
    ) -> Site:
        facts = resumed.facts if resumed else NO_FACTS
        bound = self._bound(step, visit)
        bypass = templates.get_flag(bound.variables, BYPASS)
        machine = visit.machine if visit.action.place == Place.TARGET else None
        return Site(
            opener=partial(self._session, step, visit, resumed),
            recorder=self._world.recorder,
            attempt=attempt,
            node=node,
            step_name=visit.action.action.name,
            machine=visit.machine,
            bound=bound,
            masker=self._world.masker,
            control=self._world.control,
            packages=self._world.packages,
            turn=asyncio.Lock() if bypass or not machine else self._world.turns[machine.id],
            facts=facts,
            leftovers=self._world.leftovers,
            resumed_from=resumed.offsets if resumed else None,
        )

    def _session(self, step: PlannedStep, visit: Visit, resumed: Past | None) -> Session:
        try:
            if visit.action.place == Place.TARGET and visit.machine:
                return self._world.sessions.target(visit.machine)
            if resumed and resumed.facts.node != self._world.node:
                reason = LOST.format(step=step.step.name, place=resumed.facts.node)
                raise StepFailed(reason, may_retry=False, is_unknown=True)
            return self._world.sessions.worker(visit.action.action.worker_pool)
        except Refused as exc:
            raise StepFailed(str(exc)) from exc

    def _bound(self, step: PlannedStep, visit: Visit) -> Bound:
        return self._world.bindings.bind(self._progress(), step, visit.action, visit.machine)

    def _work(self, visit: Visit, bound: Bound) -> Work:
        """What the step wants done, its texts evaluated here. Raises StepFailed."""
        try:
            names = {
                *visit.action.action.properties,
                *self._world.bindings.secret_names(visit.action),
            }
            ready = ReadyAction(
                name=visit.action.action.name,
                properties={
                    name: templates.get(bound.variables, name).value or "" for name in names
                },
                packages=visit.action.packages,
                variables=bound.variables,
                references=visit.action.action.packages,
            )
            return handler_for(visit.action.action.action_type).work(ready)
        except (BadAction, templates.SelfReference, templates.TemplateLimit) as exc:
            raise StepFailed(str(exc), may_retry=False) from exc

    def _say(self, node: str, text: str, category: Category = Category.INFO) -> None:
        self._world.recorder.write(Batch((LogLine(node, category, text),)))


def backoff(number: int) -> float:
    """Seconds before the attempt after `number`: 1, 2, 4 ... with jitter, so that targets spread."""
    return float(2 ** (number - 1)) * random.uniform(0.75, 1.25)  # noqa: S311


def _is_of_the_server(visit: Visit) -> bool:
    """Such steps have neither retries nor a time limit. domain.md 11.5."""
    return visit.action.place == Place.SERVER


def _retries(visit: Visit) -> int:
    return 0 if _is_of_the_server(visit) else visit.action.action.retries


def _where(visit: Visit) -> Where:
    return visit.action.action.id, visit.machine.id if visit.machine else None


def _says_retry(reply: Reply | None) -> bool:
    return reply is not None and reply.result == Guidance.RETRY


def _guided(guidance: Guidance, reason: str) -> Visited:
    """How a visit ends that a person has judged: only Fail makes it a failure that counts."""
    if guidance == Guidance.FAIL:
        return Visited(NodeStatus.FAILED, reason, guidance=guidance, has_failed=True)
    return Visited(NodeStatus.WARNING, guidance=guidance, has_failed=True)


def _next_number(past: Past | None) -> int:
    if past is None:
        return 1
    going_on = past.state == JournalState.STARTED
    return past.attempt.number if going_on else past.attempt.number + 1
