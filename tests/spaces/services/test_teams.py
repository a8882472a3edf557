"""Teams and assignments: everyday changes, and every way to gain more than one has. domain.md 4.2, P4."""

from typing import Any

import pytest

from spaces.access import allowed
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import Event, ScopedUserRole, ScopedUserRoleGrant, Team, UserRole
from spaces.permissions import Permission
from spaces.scopes import Scope, dimension_models
from spaces.services.roles import create_role, delete_role, update_role
from spaces.services.teams import (
    assign_role,
    change_assignment,
    create_team,
    delete_team,
    forget,
    remove_assignment,
    update_team,
)
from tests.factories.spaces import (
    actor_for,
    assign,
    grant,
    make_administrator,
    make_role,
    make_team,
    make_user,
)


@pytest.fixture(autouse=True)
def any_number_is_an_id(monkeypatch):
    """Rights are judged by numbers; only one test asks whether there is such a row."""
    monkeypatch.setattr("spaces.services.teams.dimension_models", {})


def builtin(name):
    return Team.objects.get(builtin=name)


@pytest.fixture
def system_manager(db):
    user = make_user()
    builtin("managers").members.add(user)
    return actor_for(user)


def test_a_manager_makes_a_team_and_gives_it_a_role(manager, space):
    friend = make_user()

    team = create_team(actor=manager, space=space, name=" Bakers ", members=[friend])
    assign_role(
        actor=manager,
        team=team,
        role=UserRole.objects.get(slug="projectviewer"),
        space=space,
        scope=Scope.of(projects=[7]),
    )

    assert team.name == "Bakers"
    assert allowed(actor_for(friend), Permission.PROJECT_VIEW, space, project=7)
    assert not allowed(actor_for(friend), Permission.PROJECT_VIEW, space, project=8)
    assert [e.category for e in Event.objects.order_by("id")] == ["Created", "Created"]


@pytest.mark.promise("P8")
def test_without_permission_no_team_appears(viewer, outsider, space):
    with pytest.raises(PermissionRefused):
        create_team(actor=viewer, space=space, name="Bakers")
    with pytest.raises(NotFound):
        create_team(actor=outsider, space=space, name="Bakers")

    assert not Team.objects.filter(name="Bakers").exists()
    assert not Event.objects.exists()


def test_names_are_unique_within_a_space_only(manager, space, other_space):
    make_team(other_space, name="Bakers")
    create_team(actor=manager, space=space, name="Bakers")

    with pytest.raises(Conflict, match="already in use"):
        create_team(actor=manager, space=space, name="bAKERS")


@pytest.mark.promise("P4")
def test_nobody_gives_a_role_they_do_not_hold_all_of(space):
    user = make_user()
    grant(user, [Permission.TEAM_VIEW, Permission.TEAM_EDIT], space)
    team = make_team(space)

    with pytest.raises(PermissionRefused, match="ProjectView"):
        assign_role(
            actor=actor_for(user), team=team, role=make_role(Permission.PROJECT_VIEW), space=space
        )

    assert not team.scoped_roles.exists()


@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    ("scope", "may"),
    [
        ({"projects": [1]}, True),
        ({"projects": [1, 2]}, True),
        ({"projects": [1, 3]}, False),
        ({"groups": [1]}, False),
        ({}, False),
        ({"projects": [1], "environments": [5]}, True),
    ],
)
def test_nobody_gives_a_right_further_than_their_own(space, scope, may):
    user = make_user()
    grant(user, Permission.TEAM_EDIT, space)
    grant(user, [Permission.TEAM_VIEW, Permission.RELEASE_VIEW], space, projects=[1, 2])
    team = make_team(space)
    role = make_role(Permission.RELEASE_VIEW)
    given = {"actor": actor_for(user), "team": team, "role": role, "space": space}

    if may:
        assign_role(**given, scope=Scope.of(**scope))
    else:
        with pytest.raises(PermissionRefused):
            assign_role(**given, scope=Scope.of(**scope))
    assert team.scoped_roles.exists() is may


@pytest.mark.promise("P4")
def test_a_space_manager_cannot_reach_system_level(manager, space):
    team = make_team(space)
    system = UserRole.objects.get(slug="systemmanager")
    smuggler = make_role(Permission.PROJECT_VIEW, system_permissions=["UserEdit"])

    with pytest.raises(Invalid, match="system permissions only"):
        assign_role(actor=manager, team=team, role=system, space=space)
    with pytest.raises(PermissionRefused, match="UserEdit"):
        assign_role(actor=manager, team=team, role=smuggler, space=space)
    assert not team.scoped_roles.exists()


@pytest.mark.promise("P4")
def test_joining_a_team_is_getting_all_it_holds(space):
    user = make_user()
    grant(user, [Permission.TEAM_VIEW, Permission.TEAM_EDIT], space)
    strong = make_team(space)
    assign(strong, "projectlead", space)

    with pytest.raises(PermissionRefused):
        update_team(actor=actor_for(user), team=strong, members=[user])
    assert not strong.members.exists()


def test_a_system_manager_may_give_roles_of_spaces(system_manager, space):
    team = make_team(None)

    assign_role(
        actor=system_manager,
        team=team,
        role=UserRole.objects.get(slug="projectviewer"),
        space=space,
    )

    assert team.scoped_roles.count() == 1


@pytest.mark.promise("P4")
def test_a_system_manager_cannot_become_administrator(system_manager):
    with pytest.raises(PermissionRefused, match="AdministerSystem"):
        update_team(
            actor=system_manager, team=builtin("administrators"), members=[system_manager.user]
        )


@pytest.mark.promise("P2")
def test_a_team_of_one_space_gets_no_role_in_another(manager, space, other_space):
    team = make_team(other_space)

    with pytest.raises(NotFound):
        assign_role(actor=manager, team=team, role=make_role(Permission.TEAM_VIEW), space=space)


@pytest.mark.promise("P5")
def test_a_limit_names_only_what_is_in_the_space(manager, space, other_space, monkeypatch):
    monkeypatch.setattr("spaces.services.teams.dimension_models", dimension_models)
    environments: Any = dimension_models["environment"].objects
    foreign = environments.create(space=other_space, name="Test", slug="test")

    with pytest.raises(Invalid, match=f"{foreign.wire_id} does not exist"):
        assign_role(
            actor=manager,
            team=make_team(space),
            role=make_role(Permission.ENVIRONMENT_VIEW),
            space=space,
            scope=Scope.of(environments=[foreign.pk]),
        )


@pytest.mark.parametrize("name", ["everyone", "administrators", "managers"])
def test_builtin_teams_stay_what_they_are(db, name):
    administrator = actor_for(make_administrator())

    with pytest.raises(Conflict):
        update_team(actor=administrator, team=builtin(name), name="Others")
    with pytest.raises(Conflict):
        delete_team(actor=administrator, team=builtin(name))


def test_the_managers_team_of_a_space_keeps_its_role(manager, space):
    team = Team.objects.get(space=space, builtin=Team.SPACE_MANAGERS)

    with pytest.raises(Conflict):
        remove_assignment(actor=manager, assignment=team.scoped_roles.get())
    with pytest.raises(Conflict):
        assign_role(actor=manager, team=team, role=make_role(Permission.TEAM_VIEW), space=space)


@pytest.mark.promise("P10")
def test_the_last_administrator_stays_in(db):
    administrator = make_administrator()
    make = {"actor": actor_for(administrator), "team": builtin("administrators")}

    with pytest.raises(Conflict, match="must keep an active member"):
        update_team(**make, members=[make_user(is_service=True)])
    assert list(builtin("administrators").members.all()) == [administrator]


def test_djangos_admin_opens_for_administrators_alone(db):
    first, second = make_administrator(), make_user()

    update_team(actor=actor_for(first), team=builtin("administrators"), members=[second])

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_superuser, second.is_superuser) == (False, True)


def test_a_changed_role_changes_what_its_teams_may(db, space):
    administrator = actor_for(make_administrator())
    role = make_role(Permission.PROJECT_VIEW, Permission.RELEASE_VIEW)
    user = make_user()
    grant(user, role, space)

    update_role(
        actor=administrator, role=role, name="Less", space_permissions=["ProjectView", "TaskView"]
    )

    actor = actor_for(user)
    assert allowed(actor, Permission.TASK_VIEW, space)
    assert not allowed(actor, Permission.RELEASE_VIEW, space)
    with pytest.raises(Conflict, match="is held by"):
        delete_role(actor=administrator, role=role)


@pytest.mark.promise("P4")
def test_builtin_roles_never_change(db):
    administrator = actor_for(make_administrator())
    role = UserRole.objects.get(slug="projectviewer")

    with pytest.raises(Conflict):
        update_role(actor=administrator, role=role, name="Mine", space_permissions=["TeamEdit"])
    with pytest.raises(Conflict):
        delete_role(actor=administrator, role=role)


@pytest.mark.promise("P4")
def test_a_role_gets_no_system_permission_its_maker_lacks(system_manager):
    with pytest.raises(PermissionRefused, match="AdministerSystem"):
        create_role(actor=system_manager, name="Root", system_permissions=["AdministerSystem"])


def test_a_role_is_made_of_known_permissions(db):
    with pytest.raises(Invalid) as caught:
        create_role(
            actor=actor_for(make_administrator()),
            name="Odd",
            space_permissions=["Fly", "UserEdit"],
            system_permissions=["ProjectView"],
        )

    assert len(caught.value.reasons) == 3


def test_changing_an_assignment_keeps_guardians_rows_in_step(manager, space):
    team = make_team(space)
    row = assign(team, "projectviewer", space)

    change_assignment(
        actor=manager,
        assignment=row,
        role=UserRole.objects.get(slug="tenantmanager"),
        scope=Scope.of(tenants=[3]),
    )

    held = ScopedUserRoleGrant.objects.filter(content_object=row).values_list(
        "permission__codename", flat=True
    )
    assert sorted(held) == ["TenantCreate", "TenantDelete", "TenantEdit", "TenantView"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"projects": [1, 2]}, {"project_ids": [2]}),
        ({"projects": [1], "groups": [9]}, {"project_ids": None, "project_group_ids": [9]}),
        ({"projects": [1]}, None),
    ],
)
def test_a_limit_never_becomes_wider_when_its_object_goes(manager, space, before, after):
    row = assign(make_team(space), "projectviewer", space, **before)

    forget(manager, space, "project", 1)

    left = ScopedUserRole.objects.filter(pk=row.pk).values(*after or ["pk"]).first()
    assert left == after
