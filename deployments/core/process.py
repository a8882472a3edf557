"""A deployment process as plain data: steps, their actions, and the packages these name.

The same shape is stored (`Process.steps`, snapshots), edited (pages, API) and planned. Rules:
domain.md 11; property names are the dialect's (api-dialect.md 8.7) because step templates and
clients carry them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

TARGET_ROLES = "Octopus.Action.TargetRoles"
MAX_PARALLELISM = "Octopus.Action.MaxParallelism"
CONDITION_EXPRESSION = "Octopus.Step.ConditionVariableExpression"
ACTION_CONDITION_EXPRESSION = "Octopus.Action.ConditionVariableExpression"
RUN_ON_SERVER = "Octopus.Action.RunOnServer"


class Condition(StrEnum):
    SUCCESS = "Success"
    FAILURE = "Failure"
    ALWAYS = "Always"
    VARIABLE = "Variable"


class StartTrigger(StrEnum):
    AFTER_PREVIOUS = "StartAfterPrevious"
    WITH_PREVIOUS = "StartWithPrevious"


class PackageRequirement(StrEnum):
    DECIDE = "LetOctopusDecide"
    BEFORE = "BeforePackageAcquisition"
    AFTER = "AfterPackageAcquisition"


@dataclass(frozen=True)
class PackageReference:
    """A package an action needs. `name` is empty for the primary one; `feed` is a feed's id."""

    id: str
    package_id: str
    feed: int | None = None
    name: str = ""
    acquisition_location: str = "Server"
    version: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    """What a step does. `environments`, `excluded_environments` and `channels` hold row ids.

    sensitive: property names whose values are sealed; they are not in `properties`.
    timeout: seconds from connection to clean-up; 0 = none. Retries are extra attempts (<= 3).
    """

    id: str
    name: str
    action_type: str
    slug: str = ""
    notes: str = ""
    is_disabled: bool = False
    is_required: bool = False
    condition: Condition = Condition.SUCCESS
    environments: tuple[int, ...] = ()
    excluded_environments: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    tenant_tags: tuple[str, ...] = ()
    worker_pool: int | None = None
    worker_pool_variable: str = ""
    container: Mapping[str, Any] = field(default_factory=dict)
    packages: tuple[PackageReference, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    sealed_properties: Mapping[str, str] = field(default_factory=dict)
    retries: int = 0
    timeout: int = 0

    @property
    def runs_on_server(self) -> bool:
        return self.properties.get(RUN_ON_SERVER, "").strip().lower() == "true"


@dataclass(frozen=True)
class Step:
    """One entry of the process: usually one action; more make it a rolling step."""

    id: str
    name: str
    actions: tuple[Action, ...]
    slug: str = ""
    condition: Condition = Condition.SUCCESS
    start_trigger: StartTrigger = StartTrigger.AFTER_PREVIOUS
    package_requirement: PackageRequirement = PackageRequirement.DECIDE
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def roles(self) -> tuple[str, ...]:
        """The target tags this step is aimed at, lower-case, in the given order."""
        given = self.properties.get(TARGET_ROLES, "").split(",")
        return tuple(dict.fromkeys(role.strip().lower() for role in given if role.strip()))

    @property
    def window(self) -> int | None:
        """How many machines of a rolling step are in flight at once; None = all."""
        text = self.properties.get(MAX_PARALLELISM, "").strip()
        return int(text) if text.isdigit() and int(text) > 0 else None

    @property
    def is_rolling(self) -> bool:
        return len(self.actions) > 1 or self.window is not None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data; `from_json` is its inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **data,
                "condition": Condition(data.get("condition", Condition.SUCCESS)),
                "start_trigger": StartTrigger(
                    data.get("start_trigger", StartTrigger.AFTER_PREVIOUS)
                ),
                "package_requirement": PackageRequirement(
                    data.get("package_requirement", PackageRequirement.DECIDE)
                ),
                "actions": tuple(_action_from_json(action) for action in data["actions"]),
            }
        )


def steps_from_json(data: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The steps of a stored process, in order."""
    return tuple(Step.from_json(step) for step in data)


def _action_from_json(data: Mapping[str, Any]) -> Action:
    return Action(
        **{
            **data,
            "condition": Condition(data.get("condition", Condition.SUCCESS)),
            "environments": tuple(data.get("environments", ())),
            "excluded_environments": tuple(data.get("excluded_environments", ())),
            "channels": tuple(data.get("channels", ())),
            "tenant_tags": tuple(data.get("tenant_tags", ())),
            "packages": tuple(PackageReference(**package) for package in data.get("packages", ())),
        }
    )


def groups(steps: Sequence[Step]) -> list[tuple[Step, ...]]:
    """Steps that start together. The first step always starts a group, wherever it was moved
    from; boundaries are those of the full process, before anything is skipped. domain.md 11.2."""
    grouped: list[list[Step]] = []
    for step in steps:
        if grouped and step.start_trigger == StartTrigger.WITH_PREVIOUS:
            grouped[-1].append(step)
        else:
            grouped.append([step])
    return [tuple(group) for group in grouped]
