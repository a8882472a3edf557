"""Run conditions and states: domain.md 11.3, 19.1, 20."""

import pytest

from deployments.core.conditions import is_truthy, step_runs
from deployments.core.process import Condition
from deployments.core.states import (
    FINAL,
    IllegalMove,
    NodeStatus,
    TaskState,
    check_move,
    parent_status,
)


@pytest.mark.parametrize(
    ("condition", "failed", "expression", "runs"),
    [
        (Condition.SUCCESS, False, None, True),
        (Condition.SUCCESS, True, None, False),
        (Condition.FAILURE, False, None, False),
        (Condition.FAILURE, True, None, True),
        (Condition.ALWAYS, True, None, True),
        (Condition.VARIABLE, True, "True", True),
        (Condition.VARIABLE, False, " no ", False),
        (Condition.VARIABLE, False, None, False),
    ],
)
def test_when_a_step_runs(condition, failed, expression, runs):
    assert step_runs(condition, deployment_failed=failed, expression=expression) is runs


@pytest.mark.parametrize("text", ["", " ", "0", "no", "No", "FALSE", None])
def test_falsy_texts(text):
    assert not is_truthy(text)


def test_a_final_state_never_moves():
    for state in FINAL:
        with pytest.raises(IllegalMove):
            check_move(TaskState(state), TaskState.EXECUTING)


def test_a_late_success_cannot_overwrite_a_cancellation():
    with pytest.raises(IllegalMove):
        check_move(TaskState.CANCELLING, TaskState.SUCCESS)


@pytest.mark.parametrize(
    ("children", "parent"),
    [
        (["Success", "Failed"], "Failed"),
        (["Success", "SuccessWithWarning"], "SuccessWithWarning"),
        (["Skipped", "Skipped"], "Skipped"),
        (["Skipped", "Success"], "Success"),
        (["Canceled", "Success"], "Canceled"),
        ([], "Success"),
    ],
)
def test_a_parents_status_follows_its_children(children, parent):
    assert parent_status([NodeStatus(child) for child in children]) == NodeStatus(parent)
