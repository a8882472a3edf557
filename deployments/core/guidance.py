"""Guided failure: when people are asked about a failure, what they may answer, what that means. Pure.

Rules: domain.md 18.2.
"""

from dataclasses import dataclass
from enum import StrEnum

from deployments.core.conditions import is_truthy

SWITCH = "Octopus.UseGuidedFailure"
MOST_RETRIES = 10
UNGUIDED = frozenset({"Octopus.Manual"})  # an Abort is an answer already


class Guidance(StrEnum):
    """What a person may say about a failure; the values are the API's words (api-dialect.md 8.18)."""

    RETRY = "Retry"
    IGNORE = "Ignore"
    EXCLUDE = "Exclude"
    FAIL = "Fail"


class GuidanceMode(StrEnum):
    """A project's or runbook's default; the values are the API's words."""

    ENVIRONMENT = "EnvironmentDefault"
    OFF = "Off"
    ON = "On"


@dataclass(frozen=True)
class FailurePoint:
    """An action that failed in one place, after its own retries.

    is_required: nobody may go on without it. has_machine: it failed on a target. retried: how often
    people had it tried again.
    """

    is_required: bool = False
    has_machine: bool = False
    retried: int = 0

    @property
    def retries_left(self) -> int:
        return max(0, MOST_RETRIES - self.retried)


def answers(point: FailurePoint) -> tuple[Guidance, ...]:
    """What may be answered here. Fail always may; nothing is ever decided by itself."""
    may = {
        Guidance.RETRY: point.retries_left > 0,
        Guidance.IGNORE: not point.is_required,
        Guidance.EXCLUDE: not point.is_required and point.has_machine,
        Guidance.FAIL: True,
    }
    return tuple(guidance for guidance, is_offered in may.items() if is_offered)


def is_guided(*, variable: str | None, explicit: bool | None, mode: str, environment: bool) -> bool:
    """Whether people are asked: the variable `SWITCH` wins over the deployment's own flag, that over the
    project's or runbook's mode, that over the environment's flag.

    variable: its evaluated text, None or blank where it has none. explicit: None = as configured.
    """
    if variable and variable.strip():
        return is_truthy(variable)
    if explicit is not None:
        return explicit
    if mode == GuidanceMode.ENVIRONMENT:
        return environment
    return mode == GuidanceMode.ON
