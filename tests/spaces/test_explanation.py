"""Why somebody may, or may not: the assignments that decide it, in sentences. ui.md 7(j)."""

import pytest

from spaces.errors import PermissionRefused
from spaces.explanation import Question, explain, may_ask_about_others, refuse_to_tell, who_may
from spaces.models import Team
from spaces.permissions import Permission as P
from spaces.queries.holdings import grants_of
from spaces.queries.scope_names import names_for
from tests.deployments.conftest import dev, other_space, production, space
from tests.factories.deployments import SYSTEM, make_environment, make_project
from tests.factories.spaces import actor_for, assign, grant, make_team, make_user

__all__ = ["dev", "other_space", "production", "space"]


@pytest.fixture
def baker():
    return make_user(username="baker", display_name="Bo Baker")


def sentences(explanation, reader):
    judged = [*explanation.granting, *explanation.nearest]
    names = names_for(reader, [one.holding.row for one in judged])
    return [one.sentence(names, explanation.question) for one in judged]


@pytest.mark.promise("U1")
def test_it_names_the_assignment_that_grants(space, dev, baker):
    team = make_team(space, baker, name="Bakers")
    assign(team, "deploymentcreator", space, environments=[dev.pk])
    project = make_project(space)

    found = explain(baker, Question(P.DEPLOYMENT_CREATE, space, project=project, environment=dev))

    assert found.is_allowed
    assert sentences(found, SYSTEM) == [
        "Team Bakers holds Deployment creator in environment Development."
    ]


@pytest.mark.promise("U1")
def test_it_names_the_dimension_that_fails_in_the_nearest_one(space, dev, production, baker):
    shop, web = make_project(space, name="Shop"), make_project(space, name="Web")
    near = make_team(space, baker, name="Near")
    far = make_team(space, baker, name="Far")
    assign(far, "deploymentcreator", space, environments=[dev.pk], projects=[web.pk])
    assign(near, "deploymentcreator", space, environments=[dev.pk])

    found = explain(
        baker, Question(P.DEPLOYMENT_CREATE, space, project=shop, environment=production)
    )

    assert not found.is_allowed
    assert found.summary == "Bo Baker holds DeploymentCreate, but not here."
    assert sentences(found, SYSTEM) == [
        "Team Near holds Deployment creator in environment Development; "
        "environment Production is not among them.",
        "Team Far holds Deployment creator in project Web; environment Development; "
        "project Shop is not among them; environment Production is not among them.",
    ]


def test_without_any_role_it_says_so(space, baker):
    found = explain(baker, Question(P.PROJECT_EDIT, space))

    assert found.summary == "No team of Bo Baker holds a role with ProjectEdit in this space."


def test_limits_that_the_permission_does_not_know_are_not_told(space, dev, baker):
    grant(baker, P.PROCESS_EDIT, space, environments=[dev.pk])

    found = explain(baker, Question(P.PROCESS_EDIT, space))

    assert found.is_allowed
    assert sentences(found, SYSTEM)[0].endswith("in everything.")


def test_names_that_the_reader_may_not_see_are_not_told(space, outsider, baker):
    secret = make_project(space, name="Secret")
    grant(baker, P.PROJECT_VIEW, space, projects=[secret.pk])

    found = explain(baker, Question(P.PROJECT_VIEW, space, project=secret))

    assert "Secret" not in sentences(found, outsider)[0]


def test_system_level_is_a_question_of_its_own(space, baker):
    grant(baker, "projectviewer", space)

    assert explain(baker, Question(P.TEAM_VIEW, None)).is_allowed
    assert not explain(baker, Question(P.USER_EDIT, None)).is_allowed


def test_who_is_disabled_may_do_nothing(space, baker):
    grant(baker, "spacemanager", space)
    baker.is_active = False
    baker.save()

    found = explain(baker, Question(P.PROJECT_VIEW, space))

    assert (found.is_allowed, found.summary) == (
        False,
        "Bo Baker is disabled and may do nothing.",
    )


def test_things_of_another_space_are_never_allowed(space, other_space, baker):
    grant(baker, "spacemanager", space)
    project = make_project(other_space)

    assert not explain(baker, Question(P.PROJECT_EDIT, space, project=project)).is_allowed


def test_who_may_lists_exactly_those_to_whom_explain_says_yes(space, dev, production, viewer):
    users = [make_user() for _ in range(4)]
    grant(users[0], "deploymentcreator", space)
    grant(users[1], "deploymentcreator", space, environments=[dev.pk])
    grant(users[2], "deploymentcreator", space, environments=[production.pk])
    question = Question(P.DEPLOYMENT_CREATE, space, project=make_project(space), environment=dev)

    found = list(who_may(question))

    assert found == [u for u in [*users, viewer.user] if explain(u, question).is_allowed]


def test_a_role_of_everyone_is_everybodys(space, baker):
    assign(Team.objects.get(builtin=Team.EVERYONE), "projectviewer", space)

    assert explain(baker, Question(P.PROJECT_VIEW, space)).is_allowed
    assert baker in who_may(Question(P.PROJECT_VIEW, space))
    assert [g.space_id for g in grants_of([baker])[baker.pk]] == [space.pk]


@pytest.mark.promise("P3")
def test_everybody_asks_about_themselves_and_only_some_about_others(space, viewer, outsider, baker):
    refuse_to_tell(actor_for(baker), baker, space)
    refuse_to_tell(viewer, baker, space)

    assert not may_ask_about_others(outsider, space)
    with pytest.raises(PermissionRefused, match="TeamView"):
        refuse_to_tell(outsider, baker, space)
    with pytest.raises(PermissionRefused, match="UserView"):
        refuse_to_tell(actor_for(baker), viewer.user, space)


def test_one_explanation_costs_a_constant_number_of_queries(
    space, dev, baker, django_assert_num_queries
):
    for _ in range(5):
        grant(baker, "deploymentcreator", space, environments=[make_environment(space).pk])

    with django_assert_num_queries(1):
        explain(baker, Question(P.DEPLOYMENT_CREATE, space, environment=dev))
