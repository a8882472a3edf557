"""Who may do what where: refusals, queries, speed, keys. The oracle is in test_access_worlds.py."""

import pytest

from spaces import access
from spaces.access import allowed, anywhere, authorize, authorize_system, rights_of, visible_spaces
from spaces.actors import Actor
from spaces.errors import NotFound, PermissionRefused
from spaces.models import Team
from spaces.permissions import Permission
from spaces.scopes import Scope
from spaces.services.api_keys import Limits
from tests.factories.spaces import (
    actor_for,
    assign,
    grant,
    make_administrator,
    make_api_key,
    make_space,
    make_team,
    make_user,
)


@pytest.mark.promise("P1")
def test_a_user_without_teams_may_do_nothing(space):
    nobody = actor_for(make_user())

    assert not any(allowed(nobody, permission, space) for permission in Permission)
    assert not visible_spaces(nobody).exists()


@pytest.mark.promise("P3")
def test_what_one_may_see_but_not_do_is_refused_by_name(viewer, space):
    with pytest.raises(PermissionRefused, match=r"TeamCreate is missing for space Main") as caught:
        authorize(viewer, Permission.TEAM_CREATE, space)

    assert caught.value.permission == "TeamCreate"


@pytest.mark.promise("P3")
def test_what_one_may_not_see_reads_like_an_unknown_id(outsider, space):
    with pytest.raises(NotFound, match=f"^{access.UNKNOWN}$"):
        authorize(outsider, Permission.TEAM_CREATE, space)


def test_a_refusal_names_teams_that_could_to_those_who_see_teams(viewer, space):
    assign(make_team(space, name="Bakers"), Permission.TEAM_CREATE, space)

    with pytest.raises(PermissionRefused, match="Teams that have it: Bakers, Space Managers"):
        authorize(viewer, Permission.TEAM_CREATE, space)


def test_permissions_and_limits_of_two_roles_do_not_mix(space):
    user = make_user()
    grant(user, Permission.ENVIRONMENT_VIEW, space)
    grant(user, Permission.VARIABLE_EDIT, space, environments=[1])
    actor = actor_for(user)

    assert allowed(actor, Permission.VARIABLE_EDIT, space, environment=1)
    assert not allowed(actor, Permission.VARIABLE_EDIT, space, environment=2)


@pytest.mark.promise("P6")
def test_two_narrow_roles_do_not_make_a_wide_one(space):
    user = make_user()
    grant(user, Permission.DEPLOYMENT_CREATE, space, projects=[1], environments=[1])
    grant(user, Permission.DEPLOYMENT_CREATE, space, projects=[2], environments=[2])
    actor = actor_for(user)

    assert allowed(actor, Permission.DEPLOYMENT_CREATE, space, project=1, environment=1)
    assert not allowed(actor, Permission.DEPLOYMENT_CREATE, space, project=1, environment=2)


def test_saying_no_environment_is_not_saying_every_environment(space):
    user = make_user()
    grant(user, Permission.DEPLOYMENT_CREATE, space, environments=[1])
    actor = actor_for(user)

    assert not allowed(actor, Permission.DEPLOYMENT_CREATE, space)
    assert anywhere(actor, Permission.DEPLOYMENT_CREATE, space)


@pytest.mark.parametrize(
    ("permission", "untenanted"),
    [(Permission.DEPLOYMENT_CREATE, False), (Permission.RELEASE_VIEW, True)],
)
def test_a_role_limited_to_tenants_and_untenanted_work(space, permission, untenanted):
    user = make_user()
    grant(user, permission, space, tenants=[1])
    actor = actor_for(user)

    assert allowed(actor, permission, space, tenant=1)
    assert not allowed(actor, permission, space, tenant=2)
    assert allowed(actor, permission, space) is untenanted


def test_limits_that_a_permission_does_not_know_are_ignored(space):
    user = make_user()
    grant(user, Permission.LIFECYCLE_VIEW, space, projects=[1], environments=[1], tenants=[1])

    assert allowed(actor_for(user), Permission.LIFECYCLE_VIEW, space)


@pytest.mark.parametrize(
    ("groups", "projects", "reached"),
    [
        ([], [], {1, 2, 3, 4, 5}),
        ([], [1], {1}),
        ([20], [], {4, 5}),
        ([10], [5], {1, 2, 3, 5}),
        ([20], [4], {4, 5}),
    ],
)
def test_projects_and_groups_are_one_dimension(groups, projects, reached):
    """The table of domain.md 4.3: group 10 holds projects 1-3, group 20 holds 4 and 5."""
    scope = Scope.of(groups=groups, projects=projects)
    group_of = {1: 10, 2: 10, 3: 10, 4: 20, 5: 20}

    assert {pk for pk, group in group_of.items() if scope.has_project(pk, group)} == reached


def test_everybody_holds_what_everyone_holds(space):
    assign(Team.objects.get(builtin="everyone"), Permission.PROJECT_VIEW, space)

    assert allowed(actor_for(make_user()), Permission.PROJECT_VIEW, space)


def test_a_disabled_user_holds_nothing(space):
    user = make_user(is_active=False)
    grant(user, "spacemanager", space)

    assert not allowed(actor_for(user), Permission.PROJECT_VIEW, space)


def test_octoplat_itself_may_do_everything_and_a_stranger_nothing(space):
    authorize(Actor.system("test"), Permission.PROJECT_DELETE, space)

    with pytest.raises(LookupError):
        allowed(Actor(user=None, identity="Anonymous"), Permission.PROJECT_VIEW, space)


def test_an_administrator_has_no_right_in_a_space(space):
    administrator = actor_for(make_administrator())

    authorize_system(administrator, Permission.SPACE_EDIT)
    assert not any(allowed(administrator, permission, space) for permission in Permission)


def test_a_space_role_carries_its_system_permissions_to_system_level(viewer, space):
    authorize_system(viewer, Permission.USER_VIEW)

    with pytest.raises(PermissionRefused, match="SpaceCreate"):
        authorize_system(viewer, Permission.SPACE_CREATE)


@pytest.mark.promise("P2")
def test_a_row_of_another_space_named_as_place_is_unknown(manager, space, other_space):
    assert not allowed(manager, Permission.TEAM_EDIT, other_space)


def test_private_spaces_hide_from_system_managers(space):
    hidden = make_space(is_private=True)
    user = make_user()
    Team.objects.get(builtin="managers").members.add(user)

    assert space in visible_spaces(actor_for(user))
    assert hidden not in visible_spaces(actor_for(user))
    assert hidden in visible_spaces(actor_for(make_administrator()))


def test_rights_are_loaded_once_and_shared_until_they_change(
    manager, space, django_assert_num_queries
):
    with django_assert_num_queries(3):  # the stamp, whether the user is active, the rows
        authorize(manager, Permission.PROJECT_VIEW, space)
    with django_assert_num_queries(0):
        authorize(manager, Permission.TEAM_EDIT, space)
    with django_assert_num_queries(1):  # another request: the stamp says that nothing changed
        authorize(actor_for(manager.user), Permission.PROJECT_VIEW, space)


def test_a_changed_right_holds_for_the_next_request(viewer, space):
    assert not allowed(viewer, Permission.PROJECT_EDIT, space)

    grant(viewer.user, Permission.PROJECT_EDIT, space)

    assert allowed(actor_for(viewer.user), Permission.PROJECT_EDIT, space)


@pytest.mark.promise("P11")
def test_a_key_narrows_its_user(manager, space, other_space):
    grant(manager.user, "spacemanager", other_space)
    key, _ = make_api_key(
        manager.user,
        limits=Limits(space_ids=[space.pk], permissions=["ReleaseView", "DeploymentCreate"]),
    )
    with_key = actor_for(manager.user, api_key=key)

    assert allowed(with_key, Permission.RELEASE_VIEW, space)
    assert not allowed(with_key, Permission.RELEASE_CREATE, space)
    assert not allowed(with_key, Permission.RELEASE_VIEW, other_space)
    assert not rights_of(with_key).system


@pytest.mark.promise("P11")
def test_a_key_for_some_places_stays_there(space):
    user = make_user()
    grant(user, Permission.DEPLOYMENT_CREATE, space, groups=[10])
    key, _ = make_api_key(user, limits=Limits(project_ids=[1], environment_ids=[7]))
    with_key = actor_for(user, api_key=key)
    project = {"project": 1, "environment": 7}

    assert not allowed(with_key, Permission.DEPLOYMENT_CREATE, space, **project)  # not in group 10
    assert anywhere(with_key, Permission.DEPLOYMENT_CREATE, space)


def test_a_read_only_key_only_looks(manager, space):
    key, _ = make_api_key(manager.user, limits=Limits(read_only=True))
    with_key = actor_for(manager.user, api_key=key)

    assert allowed(with_key, Permission.PROJECT_VIEW, space)
    assert not allowed(with_key, Permission.PROJECT_EDIT, space)
