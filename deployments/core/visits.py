"""In which order a step visits its machines, and the log nodes that makes. Pure. domain.md 11.4, 20."""

from collections.abc import Iterator
from dataclasses import dataclass

from deployments.core.acquisition import acquired_before
from deployments.core.plan import (
    DEFAULT_PARALLELISM,
    Plan,
    PlannedAction,
    PlannedMachine,
    PlannedStep,
)

ROOT = ""
PACKAGES = "packages"


@dataclass(frozen=True)
class Visit:
    """One action in one place; machine None: the worker or the server, tied to no target."""

    action: PlannedAction
    machine: PlannedMachine | None
    node: str


Lane = tuple[Visit, ...]
"""Visits one after another, usually on one machine. The first failure ends it."""


@dataclass(frozen=True)
class Segment:
    """Lanes of which `window` are under way at once. guarded: after one failed, none starts."""

    lanes: tuple[Lane, ...]
    window: int
    guarded: bool


@dataclass(frozen=True)
class LogNode:
    """A part of the task's log, known before anything runs."""

    key: str
    parent: str | None
    name: str


def segments(step: PlannedStep, parallelism: int = DEFAULT_PARALLELISM) -> tuple[Segment, ...]:
    """The parts of a step, one after another.

    With a window each machine goes through all actions before its slot is freed. Without one, all
    machines go at once (`parallelism` of them), and an action without a machine is done once, between.
    """
    if step.step.window is not None and step.machines:
        lanes = (_lane(step, step.active, machine) for machine in step.machines)
        return (Segment(tuple(filter(None, lanes)), step.step.window, guarded=True),)
    return tuple(_segment(step, run, parallelism) for run in _runs(step.active))


def step_node(step: PlannedStep) -> str:
    return str(step.number)


def action_node(step: PlannedStep, action: PlannedAction) -> str:
    """A step's only action is the step itself, in the log."""
    return step_node(step) if len(step.actions) == 1 else action.number.replace(".", "/")


def attempt_node(node: str, number: int) -> str:
    return f"{node}/attempt-{number}"


def log_tree(plan: Plan, title: str) -> list[LogNode]:
    """Every node the plan will have, parents first: task, packages, steps, actions, machines."""
    nodes = [LogNode(ROOT, None, title)]
    packages_before = acquired_before(plan)
    for number, group in enumerate(plan.groups):
        if number == packages_before:
            nodes.append(LogNode(PACKAGES, ROOT, "Acquire packages"))
        for step in group:
            nodes.append(LogNode(step_node(step), ROOT, f"Step {step.number}: {step.step.name}"))
            nodes += _action_nodes(step)
    return nodes


def _action_nodes(step: PlannedStep) -> Iterator[LogNode]:
    top = step_node(step)
    if len(step.actions) > 1:
        for action in step.actions:
            yield LogNode(action_node(step, action), top, action.action.name)
    for segment in segments(step):
        for lane in segment.lanes:
            for visit in lane:
                if visit.machine:
                    yield LogNode(visit.node, action_node(step, visit.action), visit.machine.name)


def _segment(step: PlannedStep, run: tuple[PlannedAction, ...], parallelism: int) -> Segment:
    machines = {machine.id: machine for action in run for machine in action.machines}
    if not machines:
        return Segment((_lane(step, run, None),), 1, guarded=False)
    ordered = sorted(machines.values(), key=lambda machine: machine.name.lower())
    return Segment(
        tuple(_lane(step, run, machine) for machine in ordered), parallelism, guarded=False
    )


def _runs(actions: tuple[PlannedAction, ...]) -> list[tuple[PlannedAction, ...]]:
    """Neighbours that all have machines, or each action that has none by itself."""
    runs: list[list[PlannedAction]] = []
    for action in actions:
        if runs and action.machines and runs[-1][-1].machines:
            runs[-1].append(action)
        else:
            runs.append([action])
    return [tuple(run) for run in runs]


def _lane(
    step: PlannedStep, actions: tuple[PlannedAction, ...], machine: PlannedMachine | None
) -> Lane:
    """The actions this machine takes part in; those without machines are done for each."""
    return tuple(
        Visit(action, machine, _visit_node(step, action, machine))
        for action in actions
        if machine is None or not action.machines or machine in action.machines
    )


def _visit_node(step: PlannedStep, action: PlannedAction, machine: PlannedMachine | None) -> str:
    node = action_node(step, action)
    return f"{node}/machine-{machine.id}" if machine else node
