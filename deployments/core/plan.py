"""What a deployment will do: PlanInput -> Plan, as pure data. Preview and execution share it.

Rules: domain.md 11 and 17.4-17.5. What depends on the run itself (conditions, output variables,
failures) is decided later by `conditions` and the executor; everything else is fixed here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from deployments.core.process import Action, Step, groups, steps_from_json
from deployments.core.tags import carries
from deployments.core.targeting import Machine, Selected, in_roles

DEFAULT_PARALLELISM = 10


class Place(StrEnum):
    """Where an action runs. ON_BEHALF: on the worker, once for each target."""

    TARGET = "target"
    ON_BEHALF = "on-behalf"
    WORKER = "worker"
    SERVER = "server"


# Kinds that octoplat itself performs; they need no machine and no worker.
SERVER_KINDS = frozenset(
    {"Octopus.Manual", "Octopus.Email", "Octopus.HealthCheck", "Octopus.DeployRelease"}
)


@dataclass(frozen=True)
class ChosenPackage:
    """The version a release froze for one package reference of one action."""

    package_id: str
    version: str
    feed: int | None = None
    extension: str = ".zip"
    sha256: str = ""
    size: int = 0


@dataclass(frozen=True)
class PlanInput:
    """Everything planning asks for; built by `queries.plan_inputs`.

    machines: selected for the deployment as a whole, before roles are looked at.
    skipped: ids of actions the deployer chose to skip.
    packages: by (action id, reference name).
    """

    steps: tuple[Step, ...]
    environment: int
    machines: Selected
    channel: int | None = None
    tenant: int | None = None
    tenant_tags: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    packages: Mapping[tuple[str, str], ChosenPackage] = field(default_factory=dict)
    allow_no_targets: bool = False


@dataclass(frozen=True)
class PlannedMachine:
    """A target in a plan."""

    id: int
    name: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlannedAction:
    """An action with the machines it will visit; `skipped` holds the reason when it will not run.

    packages: the frozen version for each reference name ("" = primary).
    """

    action: Action
    number: str
    place: Place
    machines: tuple[PlannedMachine, ...] = ()
    packages: Mapping[str, ChosenPackage] = field(default_factory=dict)
    skipped: str = ""


@dataclass(frozen=True)
class PlannedStep:
    """A step with its actions. `skipped` is set when all of its actions are out.

    machines: those any of its actions visits, in name order: the rolling window moves over these.
    """

    step: Step
    number: int
    actions: tuple[PlannedAction, ...]
    skipped: str = ""

    @property
    def machines(self) -> tuple[PlannedMachine, ...]:
        visited = {m.id: m for action in self.actions for m in action.machines}
        return tuple(sorted(visited.values(), key=lambda m: m.name.lower()))

    @property
    def active(self) -> tuple[PlannedAction, ...]:
        return tuple(action for action in self.actions if not action.skipped)


@dataclass(frozen=True)
class Plan:
    """Groups of steps that start together, in order.

    left_out: (machine name, reason). problems: why this plan may not start, each a sentence.
    is_guided: people are asked about failures.
    """

    groups: tuple[tuple[PlannedStep, ...], ...]
    left_out: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    is_guided: bool = False

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        return tuple(step for group in self.groups for step in group)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data; `from_json` is its inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            groups=tuple(tuple(_step_from_json(s) for s in group) for group in data["groups"]),
            left_out=tuple((name, why) for name, why in data["left_out"]),
            problems=tuple(data["problems"]),
            is_guided=data.get("is_guided", False),
        )


def plan(given: PlanInput) -> Plan:
    """The whole deployment, step by step, with a reason for everything that is left out."""
    numbered = {step.id: number for number, step in enumerate(given.steps, start=1)}
    planned = tuple(
        tuple(_planned_step(step, numbered[step.id], given) for step in group)
        for group in groups(given.steps)
    )
    return Plan(
        groups=planned,
        left_out=tuple((machine.name, why) for machine, why in given.machines.left_out),
        problems=tuple(_problems(given)),
    )


def _problems(given: PlanInput) -> list[str]:
    if given.machines.machines or given.allow_no_targets:
        return []
    if not given.machines.left_out:
        return ["There are no deployment targets in this environment."]
    reasons = "; ".join(f"{machine.name}: {why}" for machine, why in given.machines.left_out)
    return [f"No deployment target can be reached: {reasons}."]


def _planned_step(step: Step, number: int, given: PlanInput) -> PlannedStep:
    alone = len(step.actions) == 1
    actions = tuple(
        _planned_action(step, action, str(number) if alone else f"{number}.{index}", given)
        for index, action in enumerate(step.actions, start=1)
    )
    out = [action.skipped for action in actions]
    return PlannedStep(step, number, actions, skipped=out[0] if all(out) and out else "")


def _planned_action(step: Step, action: Action, number: str, given: PlanInput) -> PlannedAction:
    place = place_of(step, action)
    machines: tuple[Machine, ...] = ()
    reason = _reason_out(action, given)
    if place in (Place.TARGET, Place.ON_BEHALF):
        machines = in_roles(given.machines.machines, step.roles)
        if not machines and not reason:
            reason = f"no target has the role {' or '.join(step.roles) or '(none given)'}"
    return PlannedAction(
        action=action,
        number=number,
        place=place,
        machines=() if reason else tuple(_planned_machine(machine) for machine in machines),
        packages={
            name: chosen for (owner, name), chosen in given.packages.items() if owner == action.id
        },
        skipped=reason,
    )


def place_of(step: Step, action: Action) -> Place:
    """Where the action runs. domain.md 11.4."""
    if action.action_type in SERVER_KINDS:
        return Place.SERVER
    if action.runs_on_server:
        return Place.ON_BEHALF if step.roles else Place.WORKER
    return Place.TARGET if step.roles or action.action_type != "Octopus.Script" else Place.WORKER


def _reason_out(action: Action, given: PlanInput) -> str:
    """Why this action is out, or "". Order as people would ask. domain.md 11.1."""
    if action.is_disabled:
        return "it is disabled"
    if given.environment in action.excluded_environments:
        return "it is excluded from this environment"
    if action.environments and given.environment not in action.environments:
        return "it is limited to other environments"
    if action.channels and given.channel not in action.channels:
        return "it is limited to other channels"
    if action.tenant_tags and not carries(action.tenant_tags, given.tenant_tags):
        return "it is limited to other tenants"
    if action.id in given.skipped:
        return "it was skipped by the person who deployed"
    return ""


def _planned_machine(machine: Machine) -> PlannedMachine:
    return PlannedMachine(machine.id, machine.name, tuple(sorted(machine.roles)))


def _step_from_json(data: Mapping[str, Any]) -> PlannedStep:
    step = steps_from_json([data["step"]])[0]
    by_id = {action.id: action for action in step.actions}
    actions = tuple(
        PlannedAction(
            action=by_id[item["action"]["id"]],
            number=item["number"],
            place=Place(item["place"]),
            machines=tuple(
                PlannedMachine(m["id"], m["name"], tuple(m["roles"])) for m in item["machines"]
            ),
            packages={name: ChosenPackage(**chosen) for name, chosen in item["packages"].items()},
            skipped=item["skipped"],
        )
        for item in data["actions"]
    )
    return PlannedStep(step, data["number"], actions, data["skipped"])


def fingerprint_parts(planned: Plan) -> Sequence[str]:
    """What a person saw in the preview, in a stable order: two plans with equal parts are the same
    to them (ui.md U14)."""
    return [
        f"{action.number}|{action.action.name}|{action.skipped}|"
        f"{','.join(m.name for m in action.machines)}|"
        f"{','.join(f'{p.package_id}@{p.version}' for p in action.packages.values())}"
        for step in planned.steps
        for action in step.actions
    ]
