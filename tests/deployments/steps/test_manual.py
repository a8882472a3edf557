"""What a manual intervention asks for."""

from datetime import timedelta

import pytest

from deployments.core.approvals import Terms
from deployments.core.operations import AskPerson
from deployments.steps import ReadyAction
from deployments.steps.base import BadAction
from deployments.steps.manual import (
    BLOCK,
    EACH_TEAM,
    EXPIRES_AFTER,
    FOUR_EYES,
    INSTRUCTIONS,
    MINIMUM,
    TEAMS,
    WHEN_EXPIRED,
    ManualStep,
)


def test_the_teams_and_whether_others_wait_come_from_the_step():
    action = ReadyAction("Approve", {INSTRUCTIONS: "Look.", TEAMS: "Teams-3, 5", BLOCK: "True"})

    assert ManualStep().work(action).operations == (
        AskPerson("Approve", "Look.", teams=("Teams-3", "Teams-5"), keeps_turn=True),
    )


def test_a_team_that_cannot_be_read_never_widens_who_may_answer():
    action = ReadyAction("Approve", {INSTRUCTIONS: "Look.", TEAMS: "Teams-3,everybody"})

    with pytest.raises(BadAction, match="'everybody' is not the id of a team"):
        ManualStep().work(action)


def test_a_variable_for_the_teams_is_judged_when_it_is_known():
    properties = {INSTRUCTIONS: "Look.", TEAMS: "#{Approvers}"}

    assert ManualStep().problems(properties) == []


def test_built_in_teams_go_by_their_names():
    teams = "teams-everyone,Teams-SpaceManagers-Spaces-1"
    action = ReadyAction("Approve", {INSTRUCTIONS: "Look.", TEAMS: teams})

    (question,) = ManualStep().work(action).operations

    assert question.teams == ("teams-everyone", "Teams-SpaceManagers-Spaces-1")


def test_how_many_people_and_who_come_from_the_step():
    properties = {
        INSTRUCTIONS: "Look.",
        MINIMUM: "2",
        EACH_TEAM: "True",
        FOUR_EYES: "true",
        EXPIRES_AFTER: "90",
        WHEN_EXPIRED: "Proceed",
    }

    (question,) = ManualStep().work(ReadyAction("Approve", properties)).operations

    assert question.terms == Terms(2, True, True, timedelta(minutes=90), "Proceed")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        (MINIMUM, "0", "from 1 to 20"),
        (MINIMUM, "#{Reviewers}", "from 1 to 20"),
        (EXPIRES_AFTER, "soon", "After how many minutes"),
        (FOUR_EYES, "#{Strict}", "is True or False"),
        (WHEN_EXPIRED, "Retry", "Proceed or Abort"),
    ],
)
def test_terms_that_cannot_be_read_never_make_it_easier(name, text, problem):
    properties = {INSTRUCTIONS: "Look.", name: text}

    with pytest.raises(BadAction, match=problem):
        ManualStep().work(ReadyAction("Approve", properties))

    assert bool(ManualStep().problems(properties)) == ("#{" not in text)


def test_without_instructions_nobody_knows_what_to_approve():
    assert ManualStep().problems({}) == [
        "Instructions are missing: people must know what they approve."
    ]
