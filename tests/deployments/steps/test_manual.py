"""What a manual intervention asks for."""

import pytest

from deployments.core.operations import AskPerson
from deployments.steps import ReadyAction
from deployments.steps.base import BadAction
from deployments.steps.manual import BLOCK, INSTRUCTIONS, TEAMS, ManualStep


def test_the_teams_and_whether_others_wait_come_from_the_step():
    action = ReadyAction("Approve", {INSTRUCTIONS: "Look.", TEAMS: "Teams-3, 5", BLOCK: "True"})

    assert ManualStep().work(action).operations == (
        AskPerson("Approve", "Look.", teams=(3, 5), keeps_turn=True),
    )


def test_a_team_that_cannot_be_read_never_widens_who_may_answer():
    action = ReadyAction("Approve", {INSTRUCTIONS: "Look.", TEAMS: "Teams-3,everybody"})

    with pytest.raises(BadAction, match="'everybody' is not the id of a team"):
        ManualStep().work(action)


def test_a_variable_for_the_teams_is_judged_when_it_is_known():
    properties = {INSTRUCTIONS: "Look.", TEAMS: "#{Approvers}"}

    assert ManualStep().problems(properties) == []


def test_without_instructions_nobody_knows_what_to_approve():
    assert ManualStep().problems({}) == [
        "Instructions are missing: people must know what they approve."
    ]
