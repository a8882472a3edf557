"""Saving variables: merging, permissions, secrets. domain.md 4.4, 14."""

import pytest

from deployments.core.variables import VariableScope
from deployments.models import LibraryVariableSet, Variable
from deployments.queries.variable_access import VariableAccess
from deployments.services.variables import (
    VariableRow,
    create_library_set,
    delete_library_set,
    save_variables,
    update_library_set,
    variable_warnings,
)
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import Event
from spaces.permissions import Permission
from tests.factories.deployments import (
    SYSTEM,
    make_environment,
    make_project,
    make_target,
    script_step,
)
from tests.factories.spaces import actor_for, grant, make_user


@pytest.fixture
def project(space):
    return make_project(space, script_step())


def save(project, *rows, actor=SYSTEM, version=None):
    return save_variables(
        actor=actor, variable_set=project.variable_set, rows=rows, version=version
    )


def stored(project):
    return {row.name: row for row in Variable.objects.filter(set__project=project)}


def within(*environments):
    return VariableScope(environments=frozenset(env.pk for env in environments))


def row_of(variable, **changes):
    return VariableRow(
        **{
            "id": variable.pk,
            "name": variable.name,
            "value": None if variable.is_sensitive else variable.value,
            "is_sensitive": variable.is_sensitive,
            "type": variable.type,
            "scope": VariableScope.from_json(variable.scope),
        }
        | changes
    )


@pytest.fixture
def dev_editor(space, dev):
    """Edits variables of Development only."""
    user = make_user()
    grant(user, "projectviewer", space)
    grant(user, [Permission.VARIABLE_VIEW, Permission.VARIABLE_EDIT], space, environments=[dev.pk])
    return actor_for(user)


def test_values_are_added_changed_and_removed(manager, project):
    save(project, VariableRow("A", "1"), VariableRow("B", "2"), actor=manager)
    a = stored(project)["A"]

    saved = save(project, row_of(a, value="3"), VariableRow("C", "4"), actor=manager)

    assert {name: row.value for name, row in stored(project).items()} == {"A": "3", "C": "4"}
    assert stored(project)["A"].pk == a.pk
    assert saved.version == 2


def test_of_two_edits_of_one_version_the_second_is_refused(manager, project):
    save(project, VariableRow("A", "1"), actor=manager)

    with pytest.raises(Conflict, match="changed by manager"):
        save(project, actor=manager, version=0)

    assert "A" in stored(project)


def test_a_filtered_save_loses_nothing_that_was_hidden(project, dev, production, dev_editor):
    save(
        project,
        VariableRow("Everywhere", "1"),
        VariableRow("InProduction", "2", scope=within(production)),
        VariableRow("InDev", "3", scope=within(dev)),
    )
    seen = VariableAccess.of(dev_editor, project.variable_set).seen(
        project.variable_set.variables.all()
    )
    assert [row.name for row in seen] == ["InDev"]

    save(project, row_of(seen[0], value="changed"), actor=dev_editor)

    values = {name: row.value for name, row in stored(project).items()}
    assert values == {"Everywhere": "1", "InProduction": "2", "InDev": "changed"}


@pytest.mark.promise("P12")
def test_a_value_is_edited_only_where_all_it_reaches_is(project, dev, production, dev_editor):
    for scope in (VariableScope(), within(production), within(dev, production)):
        with pytest.raises(PermissionRefused, match="Wide"):
            save(project, VariableRow("Wide", "1", scope=scope), actor=dev_editor)

    save(project, VariableRow("Narrow", "1", scope=within(dev)), actor=dev_editor)
    assert list(stored(project)) == ["Narrow"]


def test_widening_a_value_is_judged_before_and_after(project, dev, production, dev_editor):
    save(project, VariableRow("Narrow", "1", scope=within(dev)))

    with pytest.raises(PermissionRefused):
        save(
            project,
            row_of(stored(project)["Narrow"], scope=within(dev, production)),
            actor=dev_editor,
        )


def test_a_value_of_a_machine_belongs_to_the_machines_environments(
    space, project, dev, production, dev_editor
):
    machine = make_target(space, dev, production)
    scope = VariableScope(machines=frozenset({machine.pk}))

    with pytest.raises(PermissionRefused):
        save(project, VariableRow("OnBoth", "1", scope=scope), actor=dev_editor)


def test_the_id_of_a_hidden_value_makes_a_new_one(project, dev, production, dev_editor):
    save(project, VariableRow("Hidden", "1", scope=within(production)))
    hidden = stored(project)["Hidden"]

    save(
        project,
        VariableRow("Mine", "2", id=hidden.pk, scope=within(dev)),
        actor=dev_editor,
    )

    hidden.refresh_from_db()
    assert hidden.value == "1"
    assert stored(project)["Mine"].pk != hidden.pk


@pytest.mark.promise("S2")
def test_a_secret_is_kept_replaced_and_lost_when_it_becomes_plain(manager, project):
    save(project, VariableRow("Key", "canary-9", is_sensitive=True), actor=manager)
    key = stored(project)["Key"]
    assert (key.value, key.type, key.reveal("secret")) == ("", "Sensitive", "canary-9")
    assert not any("canary-9" in str(event) for event in Event.objects.values())

    save(project, row_of(key), actor=manager)
    assert stored(project)["Key"].reveal("secret") == "canary-9"

    save(project, row_of(key, value="new"), actor=manager)
    assert stored(project)["Key"].reveal("secret") == "new"

    save(project, row_of(key, is_sensitive=False, type="String", value=None), actor=manager)
    assert (stored(project)["Key"].value, stored(project)["Key"].secret) == ("", "")


@pytest.mark.promise("P5")
def test_scopes_name_only_what_is_there(manager, project, other_space):
    foreign = make_environment(other_space)
    for scope in (
        within(foreign),
        VariableScope(machines=frozenset({999})),
        VariableScope(channels=frozenset({999})),
        VariableScope(actions=frozenset({"nothing"})),
    ):
        with pytest.raises(Invalid, match="There is no"):
            save(project, VariableRow("A", "1", scope=scope), actor=manager)


@pytest.mark.parametrize(
    "row",
    [
        VariableRow(" ", "1"),
        VariableRow("x" * 401, "1"),
        VariableRow("A", "\0"),
        VariableRow("A", "x" * 1_000_001),
        VariableRow("A", "1", type="Nonsense"),
    ],
)
def test_bad_rows_are_refused(manager, project, row):
    with pytest.raises(Invalid):
        save(project, row, actor=manager)

    assert stored(project) == {}


def test_strangers_and_viewers_change_nothing(outsider, viewer, project):
    with pytest.raises(NotFound):
        save(project, VariableRow("A", "1"), actor=outsider)
    with pytest.raises((NotFound, PermissionRefused)):
        save(project, VariableRow("A", "1"), actor=viewer)

    assert stored(project) == {}


def test_equal_scopes_and_short_secrets_deserve_a_warning(manager, project):
    save(
        project,
        VariableRow("Twice", "1"),
        VariableRow("Twice", "2"),
        VariableRow("Pin", "123", is_sensitive=True),
        actor=manager,
    )

    warnings = variable_warnings(project.variable_set.variables.all())

    assert len(warnings) == 2
    assert "123" not in " ".join(warnings)


def test_ten_thousand_values_are_saved_at_once(manager, project, django_assert_max_num_queries):
    rows = [VariableRow(f"V{number}", "x") for number in range(10_000)]

    with django_assert_max_num_queries(60):
        save(project, *rows, actor=manager)

    assert Variable.objects.count() == 10_000


def test_library_sets_are_made_changed_and_deleted(manager, space):
    library = create_library_set(actor=manager, space=space, name="Shared")

    update_library_set(actor=manager, library_set=library, name="Common")
    save_variables(actor=manager, variable_set=library.variable_set, rows=[VariableRow("A", "1")])
    delete_library_set(actor=manager, library_set=library)

    assert not LibraryVariableSet.objects.exists()
    assert not Variable.objects.exists()


def test_a_library_set_knows_no_steps_or_channels(manager, space):
    library = create_library_set(actor=manager, space=space, name="Shared")
    scope = VariableScope(actions=frozenset({"x"}))

    with pytest.raises(Invalid, match="library set"):
        save_variables(
            actor=manager,
            variable_set=library.variable_set,
            rows=[VariableRow("A", "1", scope=scope)],
        )


def test_an_included_library_set_stays(manager, space):
    library = create_library_set(actor=manager, space=space, name="Shared")
    make_project(space, name="Shop", library_sets=[library.pk])

    with pytest.raises(Conflict, match="the project Shop"):
        delete_library_set(actor=manager, library_set=library)
