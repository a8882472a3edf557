"""Variables by hand: edited in a grid, each with its scope, secrets write-only."""

import pytest

from deployments.core.variables import VariableScope
from deployments.models import Variable
from deployments.services.variables import VariableRow, save_variables
from tests.factories.deployments import SYSTEM
from tests.factories.spaces import actor_for, grant, make_user

SECRET = "a very secret token"


@pytest.fixture
def rows(project, dev, production):
    """Greeting in two environments, and a secret."""
    save_variables(
        actor=SYSTEM,
        variable_set=project.variable_set,
        rows=[
            VariableRow("Greeting", "Hi", scope=VariableScope(environments=frozenset({dev.pk}))),
            VariableRow(
                "Greeting", "Hello", scope=VariableScope(environments=frozenset({production.pk}))
            ),
            VariableRow("Token", SECRET, is_sensitive=True),
        ],
    )
    return list(Variable.objects.filter(set=project.variable_set).order_by("name", "id"))


@pytest.fixture
def url(project, home):
    return f"{home}/projects/shop/variables"


def values(project):
    return {(row.name, row.value) for row in Variable.objects.filter(set=project.variable_set)}


def test_the_grid_changes_adds_and_removes_in_one_go(browse, manager, project, rows, url):
    hi, hello, token = rows
    given = {
        f"value-{hi.pk}": "Hey",
        f"remove-{hello.pk}": "on",
        f"value-{token.pk}": "",
        "new-name-0": "Colour",
        "new-value-0": "blue",
    }

    answer = browse(manager).post(url, given)

    token.refresh_from_db()
    assert answer.status_code == 302
    assert values(project) == {("Greeting", "Hey"), ("Token", ""), ("Colour", "blue")}
    assert token.reveal("secret") == SECRET


@pytest.mark.promise("S2")
def test_secrets_are_never_shown(browse, manager, rows, url):
    page = browse(manager)

    for address in (url, f"{url}/{rows[2].pk}"):
        text = page.get(address).text
        assert SECRET not in text
        assert "Set - type to replace" in text


def test_what_the_filter_hides_is_saved_unchanged(browse, manager, project, rows, url):
    browse(manager).post(f"{url}?q=token", {"new-name-0": "Colour", "new-value-0": "blue"})

    assert ("Greeting", "Hi") in values(project)
    assert ("Greeting", "Hello") in values(project)


def test_a_value_gets_a_scope_and_a_question(browse, manager, project, dev, url):
    given = {
        "name": "Tenant",
        "value": "Acme",
        "environments": dev.pk,
        "roles": "Web",
        "is_prompted": "on",
        "prompt_label": "Which tenant?",
        "prompt_control": "Select",
        "prompt_options": "a|Acme",
        "is_required": "on",
    }

    browse(manager).post(f"{url}/new", given)

    row = Variable.objects.get(name="Tenant")
    assert row.scope == {"environments": [dev.pk], "roles": ["web"]}
    assert row.prompt == {
        "label": "Which tenant?",
        "description": "",
        "control": "Select",
        "options": "a|Acme",
        "required": True,
    }


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(browse, manager, project, rows, url):
    before = values(project)

    answer = browse(manager).post(url, {"version": "0", f"value-{rows[0].pk}": "Mine"})

    assert answer.status_code == 409
    assert "Mine" in answer.text
    assert values(project) == before


def test_out_of_sight_values_are_not_touched(browse, space, project, rows, dev, url):
    user = make_user()
    grant(user, "projectlead", space, environments=[dev.pk])
    grant(user, "projectviewer", space, environments=[dev.pk])
    page = browse(actor_for(user))

    shown = page.get(url).text
    page.post(url, {f"value-{rows[0].pk}": "Hey", f"remove-{rows[1].pk}": "on"})

    assert "Hello" not in shown
    assert ("Greeting", "Hello") in values(project)


def test_a_viewer_changes_nothing(browse, viewer, project, rows, url):
    before = values(project)
    page = browse(viewer)

    answers = [
        page.post(url, {f"value-{rows[0].pk}": "Mine"}),
        page.post(f"{url}/new", {"name": "Mine", "value": "1"}),
        page.post(f"{url}/{rows[0].pk}/remove"),
    ]

    assert {answer.status_code for answer in answers} <= {403, 404}
    assert values(project) == before
