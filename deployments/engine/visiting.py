"""One action in one place: its condition, its attempts, and what they leave in the journal."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from deployments.core import templates
from deployments.core.bindings import Bound, Progress
from deployments.core.operations import NO_FACTS, Facts, Work
from deployments.core.plan import Place, PlannedStep
from deployments.core.process import ACTION_CONDITION_EXPRESSION, Condition
from deployments.core.states import Category, JournalState, NodeStatus
from deployments.core.visits import LogNode, Visit, attempt_node
from deployments.engine.control import Signal
from deployments.engine.performer import forget_ended_runs, perform
from deployments.engine.recording import Attempt, Batch, LogLine, Past
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
    """How a visit ended. status RUNNING: it waits for a person (keeps_turn: and keeps others waiting)."""

    status: NodeStatus
    error: str = ""
    keeps_turn: bool = False


class Visiting:
    """Makes visits in one world. progress: what the deployment has come to, asked at each attempt."""

    def __init__(self, world: World, progress: Callable[[], Progress]) -> None:
        self._world = world
        self._progress = progress

    def is_known(self, visit: Visit) -> bool:
        """Whether a former worker began it."""
        return self._past(visit) is not None

    async def visit(self, step: PlannedStep, visit: Visit) -> Visited:
        """Does the action there, or what is left of it. Raises LeaseLost."""
        past = self._past(visit)
        if past and (settled := self._settled(visit, past)):
            return settled
        if past is None and not self._applies(step, visit):
            return self._ended(visit, Visited(NodeStatus.SKIPPED))
        self._world.recorder.status(visit.node, NodeStatus.RUNNING)
        try:
            return self._ended(visit, await self._attempts(step, visit, past))
        except MustWait as waiting:
            return Visited(NodeStatus.RUNNING, keeps_turn=waiting.keeps_turn)
        except asyncio.CancelledError:
            if self._world.control.signal == Signal.CANCEL:
                self._world.recorder.status(visit.node, NodeStatus.CANCELED)
            raise

    def _past(self, visit: Visit) -> Past | None:
        machine = visit.machine.id if visit.machine else None
        return self._world.history.last((visit.action.action.id, machine))

    def _settled(self, visit: Visit, past: Past) -> Visited | None:
        """The result of a visit that needs nothing more; None when something is left to do."""
        match past.state:
            case JournalState.SUCCEEDED:
                status = self._world.history.nodes.get(visit.node, NodeStatus.SUCCESS)
                return Visited(
                    NodeStatus.WARNING if status == NodeStatus.WARNING else NodeStatus.SUCCESS
                )
            case JournalState.UNKNOWN:
                return Visited(NodeStatus.FAILED, past.error)
            case JournalState.FAILED if past.attempt.number > visit.action.action.retries:
                return Visited(NodeStatus.FAILED, past.error)
        return None

    def _ended(self, visit: Visit, visited: Visited) -> Visited:
        self._world.recorder.status(visit.node, visited.status)
        return visited

    def _applies(self, step: PlannedStep, visit: Visit) -> bool:
        """A child's own condition; its step's was judged when its group started. domain.md 11.3."""
        action = visit.action.action
        if action.condition != Condition.VARIABLE:
            return True
        bound = self._bound(step, visit)
        expression = action.properties.get(ACTION_CONDITION_EXPRESSION, "")
        if templates.evaluate_truthy(expression, bound.variables):
            return True
        self._say(visit.node, "Skipped: its condition is not true.")
        return False

    async def _attempts(self, step: PlannedStep, visit: Visit, past: Past | None) -> Visited:
        number = _next_number(past)
        while True:
            node = self._node(visit, number)
            try:
                resumed = past if past and past.attempt.number == number else None
                warned = await self._attempt(step, visit, number, node, resumed)
                return Visited(NodeStatus.WARNING if warned else NodeStatus.SUCCESS)
            except StepFailed as failure:
                if node != visit.node:
                    self._world.recorder.status(node, NodeStatus.FAILED)
                if number > visit.action.action.retries or not failure.may_retry:
                    return Visited(NodeStatus.FAILED, str(failure))
            delay = backoff(number)
            self._say(visit.node, f"Attempt {number} failed; trying again in {delay:.0f} s.")
            await self._world.pause(delay)
            number += 1

    def _node(self, visit: Visit, number: int) -> str:
        """Each attempt has its own part of the log where there may be several."""
        if not visit.action.action.retries:
            return visit.node
        node = attempt_node(visit.node, number)
        self._world.recorder.add_nodes([LogNode(node, visit.node, f"Attempt {number}")])
        self._world.recorder.status(node, NodeStatus.RUNNING)
        return node

    async def _attempt(
        self, step: PlannedStep, visit: Visit, number: int, node: str, resumed: Past | None
    ) -> bool:
        """One attempt, journalled. Returns whether it warned. Raises StepFailed, MustWait."""
        attempt = resumed.attempt if resumed else await self._begin(step, visit, number)
        site: Site | None = None
        try:
            limit = visit.action.action.timeout or None
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


def _next_number(past: Past | None) -> int:
    if past is None:
        return 1
    going_on = past.state == JournalState.STARTED
    return past.attempt.number if going_on else past.attempt.number + 1
