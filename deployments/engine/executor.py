"""Carries out a plan: one asyncio loop over data. domain.md 11.

Knows no rows and no SSH: machines are sessions, what happens goes to the recorder, and each decision
is a function of `core` that is asked with values. Started again with the history of a lost worker it
goes through the same plan and does only what is not done.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from deployments.core import templates
from deployments.core.acquisition import acquired_before, wanted_packages
from deployments.core.bindings import Bound, Progress, Standing
from deployments.core.conditions import reason_not_run, step_runs
from deployments.core.guidance import Guidance
from deployments.core.plan import DEFAULT_PARALLELISM, Plan, PlannedAction, PlannedStep
from deployments.core.process import CONDITION_EXPRESSION, Condition
from deployments.core.states import FINAL_NODES, Category, NodeStatus, TaskState, parent_status
from deployments.core.visits import (
    ROOT,
    Lane,
    Segment,
    Visit,
    action_node,
    segments,
    step_node,
)
from deployments.engine.acquiring import acquire
from deployments.engine.control import LeaseLost, Signal
from deployments.engine.recording import Batch, LogLine
from deployments.engine.visiting import Visited, Visiting
from deployments.engine.windows import in_window
from deployments.engine.world import World

MAX_PARALLELISM = "Octopus.Action.MaxParallelism"
ACQUIRE_PARALLELISM = "Octopus.Acquire.MaxParallelism"
DONE = frozenset({NodeStatus.SUCCESS, NodeStatus.WARNING})
STOPS = frozenset({NodeStatus.FAILED, NodeStatus.RUNNING})  # nothing comes after these, for now
CODES = {
    NodeStatus.RUNNING: "Running",
    NodeStatus.SUCCESS: "Succeeded",
    NodeStatus.WARNING: "Succeeded",
    NodeStatus.FAILED: "Failed",
    NodeStatus.SKIPPED: "Skipped",
    NodeStatus.CANCELED: "Canceled",
}


class Unfinished(StrEnum):
    """Why a run stopped before its plan was done, with nothing lost: another run goes on."""

    WAITING = "waiting for a person"
    HANDED_OVER = "handed over"


@dataclass(frozen=True)
class Report:
    """How a run ended.

    machines: those on which everything that applied succeeded. keeps_turn: while it waits, other tasks
    of its concurrency tag wait too. has_failures: also when they were ignored.
    """

    ended: TaskState | Unfinished
    error: str = ""
    has_warnings: bool = False
    machines: tuple[int, ...] = ()
    keeps_turn: bool = False
    has_failures: bool = False


async def execute(plan: Plan, world: World) -> Report:
    """Carries out the plan, or what is left of it. Raises LeaseLost.

    Cancelled, it first ends what runs on machines; handed over, it leaves scripts running.
    """
    run = _Run(plan, world)
    work = asyncio.ensure_future(run.all())
    ear = asyncio.ensure_future(world.control.stopped())
    try:
        await asyncio.wait({work, ear}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            await asyncio.wait({work})
        return run.stopped(await ear) if work.cancelled() else work.result()
    finally:
        ear.cancel()
        await world.sessions.close()


def canceled(world: World) -> Report:
    """The report of a cancelled run, truthful about what may be left (R8)."""
    world.recorder.end_nodes(NodeStatus.CANCELED)
    places = ", ".join(sorted(set(world.leftovers)))
    error = f"target unreachable, processes may remain on {places}" if places else ""
    return Report(TaskState.CANCELED, error=error)


class _Run:
    """A plan under way."""

    def __init__(self, plan: Plan, world: World) -> None:
        self._plan = plan
        self._world = world
        self._visiting = Visiting(world, self._progress, is_guided=plan.is_guided)
        self._steps: dict[str, Standing] = {}
        self._actions: dict[str, Standing] = {}
        self._error = ""  # the first failure of a group that has ended
        self._failures: list[str] = []
        self._warned = False
        self._keeps_turn = False
        self._has_failures = False
        self._excluded = set(world.history.excluded)
        self._machines: dict[int, set[NodeStatus]] = defaultdict(set)

    async def all(self) -> Report:
        self._set(ROOT, NodeStatus.RUNNING)
        packages_before = acquired_before(self._plan)
        for number, group in enumerate(self._plan.groups):
            if number == packages_before and await self._acquire_packages() == NodeStatus.RUNNING:
                return self._report(Unfinished.WAITING)
            at_once = self._number(MAX_PARALLELISM) or DEFAULT_PARALLELISM
            results = await in_window([partial(self._step, step) for step in group], at_once)
            if NodeStatus.RUNNING in results:
                return self._report(Unfinished.WAITING)
            self._error = self._error or next(iter(self._failures), "")
        state = TaskState.FAILED if self._failures else TaskState.SUCCESS
        self._set(ROOT, self._root_status())
        return self._report(state)

    def stopped(self, signal: Signal) -> Report:
        """The report of a run that was told to stop. Raises LeaseLost."""
        match signal:
            case Signal.CANCEL:
                return canceled(self._world)
            case Signal.HAND_OVER:
                return self._report(Unfinished.HANDED_OVER)
            case Signal.LOST:
                raise LeaseLost

    def _report(self, ended: TaskState | Unfinished) -> Report:
        complete = (pk for pk, found in self._machines.items() if found <= DONE and found)
        return Report(
            ended,
            error=next(iter(self._failures), ""),
            has_warnings=self._warned,
            machines=tuple(sorted(complete)),
            keeps_turn=self._keeps_turn,
            has_failures=self._has_failures,
        )

    def _root_status(self) -> NodeStatus:
        if self._failures:
            return NodeStatus.FAILED
        return NodeStatus.WARNING if self._warned else NodeStatus.SUCCESS

    def _progress(self) -> Progress:
        return Progress(
            outputs=tuple(self._world.recorder.outputs),
            steps=self._steps,
            actions=self._actions,
            error=self._error,
        )

    async def _acquire_packages(self) -> NodeStatus:
        found = await acquire(
            self._world,
            wanted_packages(self._plan),
            self._number(ACQUIRE_PARALLELISM) or DEFAULT_PARALLELISM,
            is_guided=self._plan.is_guided,
        )
        self._has_failures |= bool(found.error)
        if found.status == NodeStatus.FAILED:
            self._failures.append(found.error)
            self._error = self._error or found.error
        self._keeps_turn |= found.status == NodeStatus.RUNNING
        return found.status

    # --- steps ------------------------------------------------------------------------------------

    async def _step(self, step: PlannedStep) -> NodeStatus:
        """One step on all its machines. RUNNING: it waits for a person."""
        node = step_node(step)
        if reason := self._reason_to_skip(step):
            return self._skip(step, reason)
        self._set(node, NodeStatus.RUNNING)
        self._steps[step.step.name] = Standing("Running")
        visited: dict[str, list[Visited]] = {action.action.id: [] for action in step.actions}
        for segment in segments(step, self._parallelism(step)):
            if _is_over(visited):
                self._leave_out(segment.lanes)
                continue
            await self._segment(step, segment, visited)
        status = self._conclude(step, visited)
        if status != NodeStatus.RUNNING:
            self._set(node, status)
        return status

    def _reason_to_skip(self, step: PlannedStep) -> str:
        """Why the step does not run, "" when it does. What was decided before stays decided."""
        if step.skipped:
            return step.skipped
        condition = step.step.condition
        before = self._world.history.nodes.get(step_node(step), NodeStatus.PENDING)
        if before != NodeStatus.PENDING:
            return reason_not_run(condition) if before == NodeStatus.SKIPPED else ""
        expression = None
        if condition == Condition.VARIABLE:
            expression = self._expression(step)
        failed = bool(self._error)
        runs = step_runs(condition, deployment_failed=failed, expression=expression)
        return "" if runs else reason_not_run(condition)

    def _expression(self, step: PlannedStep) -> str | None:
        text = step.step.properties.get(CONDITION_EXPRESSION, "")
        try:
            found = templates.evaluate(text, self._bound(step).variables)
        except (templates.SelfReference, templates.TemplateLimit) as exc:
            self._warn(step_node(step), f"The condition cannot be evaluated: {exc}")
            return None
        if found.error:
            self._warn(step_node(step), f"The condition cannot be evaluated: {found.error}")
            return None
        return found.value

    def _skip(self, step: PlannedStep, reason: str) -> NodeStatus:
        self._say(step_node(step), f"Skipped: {reason}.")
        self._steps[step.step.name] = Standing("Skipped")
        for action in step.actions:
            self._actions[action.action.name] = Standing("Skipped")
            self._set(action_node(step, action), NodeStatus.SKIPPED)
        for segment in segments(step):
            self._leave_out(segment.lanes)
        self._set(step_node(step), NodeStatus.SKIPPED)
        return NodeStatus.SKIPPED

    def _parallelism(self, step: PlannedStep) -> int:
        """How many machines at once where the step has no window of its own, which wins."""
        window, limit = step.step.window, self._number(MAX_PARALLELISM)
        if window and limit and window > limit:
            text = f"The window of {window} is larger than {MAX_PARALLELISM}, {limit}; it is used."
            self._warn(step_node(step), text)
        return self._number(MAX_PARALLELISM, step) or DEFAULT_PARALLELISM

    def _number(self, name: str, step: PlannedStep | None = None) -> int:
        """A variable that holds a positive number; 0 where it does not."""
        bound = self._world.bindings.bind(self._progress(), step)
        return max(0, templates.get_int(bound.variables, name) or 0)

    def _bound(self, step: PlannedStep) -> Bound:
        return self._world.bindings.bind(self._progress(), step)

    # --- machines ---------------------------------------------------------------------------------

    async def _segment(
        self, step: PlannedStep, segment: Segment, visited: dict[str, list[Visited]]
    ) -> None:
        """The lanes of a segment in its window; those a former worker began go first, whatever
        happened since."""
        begun = [lane for lane in segment.lanes if any(map(self._visiting.is_known, lane))]
        lanes = begun + [lane for lane in segment.lanes if lane not in begun]
        stopped = False

        async def go(lane: Lane) -> NodeStatus:
            nonlocal stopped
            last = await self._lane(step, lane, visited)
            stopped |= last.has_failed and last.status in STOPS
            return last.status

        def may_start(index: int) -> bool:
            return index < len(begun) or not (segment.guarded and stopped)

        results = await in_window(
            [partial(go, lane) for lane in lanes],
            max(segment.window, len(begun)),
            may_start,
            frees_slot=lambda status: status != NodeStatus.RUNNING,
        )
        if NodeStatus.RUNNING not in results:
            untouched = [
                lane for lane, status in zip(lanes, results, strict=True) if status is None
            ]
            self._leave_out(untouched, "not started, because another target failed")

    async def _lane(
        self, step: PlannedStep, lane: Lane, visited: dict[str, list[Visited]]
    ) -> Visited:
        for number, visit in enumerate(lane):
            if visit.action.skipped:
                continue
            if self._is_excluded(visit):
                self._leave_out([(visit,)], "its target was left out after a failure")
                continue
            result = await self._visiting.visit(step, visit)
            visited[visit.action.action.id].append(result)
            self._note(visit, result)
            if result.status == NodeStatus.FAILED:
                self._leave_out([lane[number + 1 :]])
            if result.status in STOPS:
                return result
        return Visited(NodeStatus.SUCCESS)

    def _is_excluded(self, visit: Visit) -> bool:
        """Whether its target has left the deployment; what was begun there before keeps its result."""
        is_out = visit.machine is not None and visit.machine.id in self._excluded
        return is_out and not self._visiting.is_known(visit)

    def _note(self, visit: Visit, result: Visited) -> None:
        """What a visit means for the deployment as a whole."""
        self._has_failures |= result.has_failed
        self._keeps_turn |= result.keeps_turn
        self._warned |= result.status == NodeStatus.WARNING
        if visit.machine and result.status != NodeStatus.SKIPPED:
            status = NodeStatus.FAILED if result.has_failed else result.status
            self._machines[visit.machine.id].add(status)
        if visit.machine and result.guidance == Guidance.EXCLUDE:
            self._excluded.add(visit.machine.id)
        if result.status == NodeStatus.FAILED:
            place = f" on {visit.machine.name}" if visit.machine else ""
            self._failures.append(f"{visit.action.action.name}{place}: {result.error}")

    def _leave_out(self, lanes: "list[Lane] | tuple[Lane, ...]", reason: str = "") -> None:
        for lane in lanes:
            for visit in lane:
                if reason:
                    self._say(visit.node, f"Skipped: {reason}.")
                self._set(visit.node, NodeStatus.SKIPPED)

    def _conclude(self, step: PlannedStep, visited: dict[str, list[Visited]]) -> NodeStatus:
        """The step's status from those of its actions, each from its visits."""
        found = []
        for action in step.actions:
            status = self._action_status(step, action, visited[action.action.id])
            found.append(status)
            error = next((v.error for v in visited[action.action.id] if v.error), "")
            if status in CODES:
                self._actions[action.action.name] = Standing(CODES[status], error)
        status = NodeStatus.RUNNING if NodeStatus.RUNNING in found else parent_status(found)
        error = next((v.error for results in visited.values() for v in results if v.error), "")
        self._steps[step.step.name] = Standing(CODES[status], error)
        return status

    def _action_status(
        self, step: PlannedStep, action: PlannedAction, results: list[Visited]
    ) -> NodeStatus:
        statuses = [result.status for result in results]
        node = action_node(step, action)
        if action.skipped and not self._is_final(node) and node != step_node(step):
            self._say(node, f"Skipped: {action.skipped}.")
        if NodeStatus.RUNNING in statuses:
            status = NodeStatus.RUNNING
        else:
            status = parent_status(statuses) if statuses else NodeStatus.SKIPPED
        if node != step_node(step):
            self._set(node, status)
        return status

    # --- telling ----------------------------------------------------------------------------------

    def _is_final(self, node: str) -> bool:
        """Whether a former worker has said the last word about this part of the log."""
        return self._world.history.nodes.get(node) in FINAL_NODES

    def _set(self, node: str, status: NodeStatus) -> None:
        if not self._is_final(node):
            self._world.recorder.status(node, status)

    def _say(self, node: str, text: str, category: Category = Category.INFO) -> None:
        if not self._is_final(node):
            self._world.recorder.write(Batch((LogLine(node, category, text),)))

    def _warn(self, node: str, text: str) -> None:
        self._warned = True
        self._say(node, text, Category.WARNING)


def _is_over(visited: dict[str, list[Visited]]) -> bool:
    """Whether something failed or waits, so that what comes after does not start."""
    return any(result.status in STOPS for results in visited.values() for result in results)
