"""`/api/{space}/access-check`: the explanation as clients read it."""

import pytest

from spaces.permissions import SPACE_PERMISSIONS
from tests.deployments.conftest import dev, other_space, production, space
from tests.factories.deployments import make_project
from tests.factories.spaces import actor_for, assign, make_team, make_user

__all__ = ["dev", "other_space", "production", "space"]


@pytest.fixture
def baker(space, dev):
    user = make_user(username="baker", display_name="Bo Baker")
    assign(make_team(space, user, name="Bakers"), "deploymentcreator", space, environments=[dev.pk])
    return actor_for(user)


@pytest.fixture
def asked(space):
    return f"/api/{space.wire_id}/access-check"


def test_the_answer_says_yes_or_no_and_which_assignment_decides(api, baker, space, asked, dev):
    project = make_project(space, name="Shop")
    where = {"permission": "DeploymentCreate", "project": project.wire_id}

    yes = api(baker).get(asked, where | {"environment": dev.wire_id}).json()["Checks"][0]
    no = api(baker).get(asked, where).json()["Checks"][0]

    assert (yes["IsAllowed"], yes["Granting"][0]["TeamName"]) == (True, "Bakers")
    assert yes["Granting"][0]["EnvironmentIds"] == [dev.wire_id]
    assert (no["IsAllowed"], no["Nearest"][0]["MissedDimensions"]) == (False, ["Environment"])
    assert no["Nearest"][0]["Sentence"].endswith("it is for no environment in particular.")


def test_without_a_permission_all_are_told(api, baker, asked):
    answer = api(baker).get(asked).json()

    assert answer["UserId"] == baker.user.wire_id
    assert [check["Permission"] for check in answer["Checks"]] == list(SPACE_PERMISSIONS)


def test_at_system_level_there_is_no_space(api, viewer, asked):
    answer = api(viewer).get(asked, {"atSystemLevel": "true", "permission": "UserView"}).json()

    assert (answer["SpaceId"], answer["Checks"][0]["IsAllowed"]) == (None, True)


@pytest.mark.promise("P3")
def test_about_others_only_who_may_see_users_and_teams_may_ask(api, baker, viewer, asked):
    seen = api(viewer).get(asked, {"user": "baker"})
    refused = api(baker).get(asked, {"user": "viewer"})
    unknown = api(baker).get(asked, {"user": "nobody"})

    assert (seen.status_code, refused.status_code, unknown.status_code) == (200, 403, 403)
    assert refused.json()["ErrorMessage"] == unknown.json()["ErrorMessage"]


@pytest.mark.parametrize(
    "wrong", [{"permission": "Nothing"}, {"project": "Projects-9999"}, {"user": "nobody"}]
)
def test_what_does_not_exist_is_named(api, viewer, asked, wrong):
    answer = api(viewer).get(asked, wrong)

    assert answer.status_code == 400
    assert next(iter(wrong.values())) in " ".join(answer.json()["Errors"])


@pytest.mark.promise("P2")
def test_in_another_space_there_is_nothing_to_ask(api, outsider, asked):
    assert api(outsider).get(asked).status_code == 404


def test_all_checks_cost_no_more_queries_than_one(
    api, baker, space, asked, django_assert_num_queries
):
    client = api(baker)
    client.get(asked)
    for _ in range(3):
        assign(make_team(space, baker.user), "projectviewer", space)
    client.get(asked)  # the rights that changed are loaded once

    with django_assert_num_queries(4):
        client.get(asked)
