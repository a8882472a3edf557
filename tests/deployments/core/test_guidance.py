"""The decision table of guided failure. domain.md 18.2."""

import pytest

from deployments.core.guidance import MOST_RETRIES, FailurePoint, answers, is_guided


@pytest.mark.parametrize(
    ("point", "offered"),
    [
        (FailurePoint(), "Retry Ignore Fail"),
        (FailurePoint(has_machine=True), "Retry Ignore Exclude Fail"),
        (FailurePoint(is_required=True), "Retry Fail"),
        (FailurePoint(is_required=True, has_machine=True), "Retry Fail"),
        (FailurePoint(has_machine=True, retried=9), "Retry Ignore Exclude Fail"),
        (FailurePoint(has_machine=True, retried=10), "Ignore Exclude Fail"),
        (FailurePoint(is_required=True, retried=10), "Fail"),
    ],
)
def test_what_may_be_answered(point, offered):
    assert answers(point) == tuple(offered.split())


def test_retries_run_out_and_never_below_nothing():
    assert [FailurePoint(retried=n).retries_left for n in (0, 9, 10, 11)] == [MOST_RETRIES, 1, 0, 0]


@pytest.mark.parametrize(
    ("variable", "explicit", "mode", "environment", "guided"),
    [
        ("False", True, "On", True, False),
        ("true", False, "Off", False, True),
        ("", False, "On", True, False),
        (" ", True, "Off", False, True),
        (None, None, "On", False, True),
        (None, None, "Off", True, False),
        (None, None, "EnvironmentDefault", True, True),
        (None, None, "EnvironmentDefault", False, False),
    ],
)
def test_the_variable_wins_then_the_flag_then_the_project_then_the_environment(
    variable, explicit, mode, environment, guided
):
    found = is_guided(variable=variable, explicit=explicit, mode=mode, environment=environment)

    assert found == guided
