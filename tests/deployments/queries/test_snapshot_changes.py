"""What has changed in a project since a release froze it."""

import pytest

from deployments.core.variables import VariableScope
from deployments.models import Variable
from deployments.queries.snapshot_changes import step_changes, variable_changes
from deployments.services.processes import save_process
from deployments.services.releases import update_variables
from deployments.services.variables import VariableRow, save_variables
from tests.factories.deployments import (
    SYSTEM,
    make_environment,
    make_project,
    make_release,
    script_step,
)
from tests.factories.spaces import actor_for, grant, make_user


@pytest.fixture
def release(space):
    """Made before Colour and Token changed, Old went and Fresh came."""
    project = make_project(space, script_step("One"), script_step("Two"))
    rows = [VariableRow("Colour", "red"), VariableRow("Same", "x"), VariableRow("Old", "o")]
    rows.append(VariableRow("Token", "canary-1", is_sensitive=True))
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)
    release = make_release(project)
    ids = dict(Variable.objects.values_list("name", "pk"))
    rows = [
        VariableRow("Colour", "blue", id=ids["Colour"]),
        VariableRow("Same", "x", id=ids["Same"]),
        VariableRow("Token", "canary-2", id=ids["Token"], is_sensitive=True),
        VariableRow("Fresh", "f"),
    ]
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)
    return release


def told(actor, release):
    return [
        (found.change.value, found.name, found.before, found.now)
        for found in variable_changes(actor, release)
    ]


@pytest.mark.promise("S2")
def test_every_change_is_told_and_secrets_are_not(release):
    assert told(SYSTEM, release) == [
        ("changed", "Colour", "red", "blue"),
        ("added", "Fresh", None, "f"),
        ("removed", "Old", "o", None),
        ("changed", "Token", "********", "********"),
    ]


def test_after_the_update_nothing_differs(release):
    update_variables(actor=SYSTEM, release=release)

    assert variable_changes(SYSTEM, release) == []


def test_changes_out_of_sight_are_not_told(space, release):
    here, there = make_environment(space), make_environment(space)
    scope = VariableScope(environments=frozenset({there.pk}))
    rows = [VariableRow("Hidden", "h", scope=scope)]
    save_variables(actor=SYSTEM, variable_set=release.project.variable_set, rows=rows)
    user = make_user()
    grant(user, "projectlead", space, environments=[here.pk])

    assert "Hidden" not in {found.name for found in variable_changes(actor_for(user), release)}


def test_steps_are_compared_by_what_they_are(release):
    one, two = release.project.process.parsed()
    save_process(actor=SYSTEM, project=release.project, steps=[two, script_step("Three")])
    release.project.process.refresh_from_db()

    found = {(change.value, name) for change, name in step_changes(SYSTEM, release)}

    assert found == {("removed", one.name), ("added", "Three")}
