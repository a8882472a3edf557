"""What a run that goes on where another one failed need not do again. Pure. domain.md 17.9."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from deployments.core.plan import Plan, PlannedStep
from deployments.core.states import NodeStatus
from deployments.core.visits import Visit, action_node, segments, step_node

Where = tuple[str, int | None]
WHOLE = frozenset({NodeStatus.SUCCESS, NodeStatus.WARNING, NodeStatus.SKIPPED})


@dataclass(frozen=True)
class Carried:
    """What counts as done. visits: (action id, target). nodes: parts of the log that keep their status."""

    visits: frozenset[Where] = frozenset()
    nodes: frozenset[str] = frozenset()


def carried(
    plan: Plan, succeeded: Collection[Where], statuses: Mapping[str, NodeStatus]
) -> Carried:
    """Everything that succeeded up to the group of the first failure, that group included.

    What ran only because of the failure, or after it, is judged again. A failure that was ignored, and a
    target that was left out, get their chance again.
    """
    visits: set[Where] = set()
    nodes: set[str] = set()
    for group in plan.groups:
        found = [_of_step(step, succeeded, statuses) for step in group]
        for each, _ in found:
            visits |= each.visits
            nodes |= each.nodes
        if not all(is_whole for _, is_whole in found):
            break
    return Carried(frozenset(visits), frozenset(nodes))


def _of_step(
    step: PlannedStep, succeeded: Collection[Where], statuses: Mapping[str, NodeStatus]
) -> tuple[Carried, bool]:
    """What of a step is done, and whether that is all of it."""
    visits = [v for segment in segments(step) for lane in segment.lanes for v in lane]
    done = {visit.node: where(visit) for visit in visits if where(visit) in succeeded}
    is_whole = statuses.get(step_node(step)) in WHOLE and all(
        visit.node in done or statuses.get(visit.node) == NodeStatus.SKIPPED for visit in visits
    )
    if not is_whole:
        return Carried(frozenset(done.values()), frozenset(done)), False
    every = {step_node(step), *(action_node(step, a) for a in step.actions)}
    return Carried(frozenset(done.values()), frozenset(every | {v.node for v in visits})), True


def where(visit: Visit) -> Where:
    """The place of a visit, as the journal knows it."""
    return visit.action.action.id, visit.machine.id if visit.machine else None
