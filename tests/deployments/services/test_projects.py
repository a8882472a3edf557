"""Projects and their groups. domain.md 9."""

import pytest

from deployments.core.states import TaskState
from deployments.core.variables import VariableScope
from deployments.models import Channel, Deployment, Project, ProjectGroup, Release, Variable
from deployments.services.processes import reveal_property, save_process
from deployments.services.projects import (
    clone_project,
    create_project,
    create_project_group,
    delete_project,
    delete_project_group,
    update_project,
    update_project_group,
)
from deployments.services.variables import VariableRow, create_library_set, save_variables
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from tests.factories.deployments import (
    SYSTEM,
    make_channel,
    make_deployment,
    make_project,
    make_project_group,
    make_release,
    script_step,
)
from tests.factories.spaces import actor_for, grant, make_user


def test_a_new_project_has_a_process_variables_and_a_default_channel(manager, space):
    project = create_project(actor=manager, space=space, name="Web Shop")

    assert project.slug == "web-shop"
    assert project.group.name == "Default Project Group"
    assert project.lifecycle.is_default
    assert project.process.version == 0
    assert project.variable_set.version == 0
    assert project.channels.get(is_default=True).name == "Default"


def test_projects_are_created_where_the_group_allows_it(space):
    mine, theirs = make_project_group(space), make_project_group(space)
    user = make_user()
    grant(user, "projectinitiator", space, groups=[mine.pk])
    actor = actor_for(user)

    project = create_project(actor=actor, space=space, name="Mine", group=mine)
    with pytest.raises(PermissionRefused):
        create_project(actor=actor, space=space, name="Theirs", group=theirs)
    with pytest.raises(PermissionRefused):
        update_project(actor=actor, project=project, group=theirs)


@pytest.mark.parametrize(
    "given",
    [
        {"name": ""},
        {"name": "SHOP"},
        {"slug": "Not A Slug"},
        {"tenanted_mode": "Sometimes"},
        {"guided_failure": "Perhaps"},
        {"library_sets": [99]},
        {"description": "x" * 1_000_001},
    ],
)
def test_bad_input_is_refused(manager, space, given):
    make_project(space, name="Shop")

    with pytest.raises(Invalid):
        create_project(actor=manager, space=space, **{"name": "Other"} | given)

    assert Project.objects.count() == 1


@pytest.mark.promise("P5")
def test_library_sets_of_another_space_do_not_exist(manager, space, other_space):
    foreign = create_library_set(actor=SYSTEM, space=other_space, name="Theirs")

    with pytest.raises(Invalid, match=f"LibraryVariableSets-{foreign.pk}"):
        create_project(actor=manager, space=space, name="Shop", library_sets=[foreign.pk])


def test_viewers_change_nothing_and_strangers_see_nothing(viewer, outsider, space):
    project = make_project(space, name="Shop")

    with pytest.raises(PermissionRefused, match="ProjectEdit"):
        update_project(actor=viewer, project=project, name="Mine")
    with pytest.raises(NotFound):
        update_project(actor=outsider, project=project, name="Mine")
    with pytest.raises(NotFound):
        delete_project(actor=outsider, project=project)

    project.refresh_from_db()
    assert project.name == "Shop"


def test_deleting_takes_releases_and_deployments_along(manager, space, dev):
    project = make_project(space)
    make_deployment(make_release(project), dev)

    delete_project(actor=manager, project=project)

    for model in (Project, Release, Deployment, Channel):
        assert not model.objects.exists()


def test_a_project_with_work_under_way_stays(manager, space, dev):
    project = make_project(space)
    make_deployment(make_release(project), dev, TaskState.EXECUTING)

    with pytest.raises(Conflict, match="is not finished"):
        delete_project(actor=manager, project=project)


@pytest.mark.promise("S3")
def test_a_clone_has_the_same_secrets_sealed_anew(manager, space):
    original = make_project(space, name="Original")
    step = script_step(sealed_properties={"Token": "swordfish"})
    save_process(actor=SYSTEM, project=original, steps=[step])
    channel = make_channel(original, name="Beta")
    save_variables(
        actor=SYSTEM,
        variable_set=original.variable_set,
        rows=[
            VariableRow("Key", "swordfish", is_sensitive=True),
            VariableRow("Colour", "blue", scope=VariableScope(channels=frozenset({channel.pk}))),
        ],
    )
    original.refresh_from_db()

    copy = clone_project(actor=manager, original=original, name="Copy")

    action = copy.process.parsed()[0].actions[0]
    sealed = original.process.parsed()[0].actions[0].sealed_properties
    assert action.sealed_properties != sealed
    assert reveal_property(copy.pk, space.pk, action, "Token") == "swordfish"
    assert Variable.objects.get(set__project=copy, name="Key").reveal("secret") == "swordfish"
    beta = copy.channels.get(name="Beta")
    assert Variable.objects.get(set__project=copy, name="Colour").scope == {"channels": [beta.pk]}


def test_copying_secrets_needs_the_right_to_edit_them(space):
    original = make_project(space)
    user = make_user()
    grant(user, "projectviewer", space)
    grant(user, "projectinitiator", space)

    with pytest.raises((PermissionRefused, NotFound)):
        clone_project(actor=actor_for(user), original=original, name="Copy")

    assert Project.objects.count() == 1


def test_groups_are_made_changed_and_deleted(manager, space):
    group = create_project_group(actor=manager, space=space, name="Shops")

    update_project_group(actor=manager, group=group, name="Web shops")
    delete_project_group(actor=manager, group=group)

    assert ProjectGroup.objects.get().name == "Default Project Group"


def test_a_group_with_projects_and_the_last_group_stay(manager, space):
    group = ProjectGroup.objects.get()
    with pytest.raises(Conflict, match="last"):
        delete_project_group(actor=manager, group=group)

    make_project(space, name="Shop")
    with pytest.raises(Conflict, match="the project Shop"):
        delete_project_group(actor=manager, group=group)
