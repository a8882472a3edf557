"""Whether a step runs, decided when its group starts. domain.md 11.3."""

from deployments.core.process import Condition

FALSY = frozenset({"", "false", "no", "0"})


def is_truthy(text: str | None) -> bool:
    """Not empty and not False, No or 0, in any case and trimmed."""
    return (text or "").strip().lower() not in FALSY


def step_runs(condition: Condition, *, deployment_failed: bool, expression: str | None) -> bool:
    """expression: the evaluated text of a Variable condition, None where it did not resolve.

    A Variable condition runs regardless of earlier failures: authors say otherwise in the expression.
    """
    match condition:
        case Condition.SUCCESS:
            return not deployment_failed
        case Condition.FAILURE:
            return deployment_failed
        case Condition.ALWAYS:
            return True
        case Condition.VARIABLE:
            return is_truthy(expression)


def reason_not_run(condition: Condition) -> str:
    """Why a step with this condition was skipped, in words for the log."""
    return {
        Condition.SUCCESS: "an earlier step failed",
        Condition.FAILURE: "no earlier step failed",
        Condition.VARIABLE: "its condition is not true",
        Condition.ALWAYS: "it was not reached",
    }[condition]
