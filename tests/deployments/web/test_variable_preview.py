"""The preview of variables: which value holds somewhere, and why."""

import pytest

from deployments.core.variables import VariableScope
from deployments.services.projects import update_project
from deployments.services.variables import VariableRow, create_library_set, save_variables
from tests.factories.deployments import SYSTEM

SECRET = "a very secret token"


@pytest.fixture
def url(project, home, space, dev):
    """A greeting for everywhere, for Development and from the library; and a secret used by another."""
    shared = create_library_set(actor=SYSTEM, space=space, name="Shared")
    rows = [VariableRow("Greeting", "from the library")]
    save_variables(actor=SYSTEM, variable_set=shared.variable_set, rows=rows)
    update_project(actor=SYSTEM, project=project, library_sets=[shared.pk])
    in_dev = VariableScope(environments=frozenset({dev.pk}))
    rows = [
        VariableRow("Greeting", "Hello"),
        VariableRow("Greeting", "Hi", scope=in_dev),
        VariableRow("Only here", "x", scope=in_dev),
        VariableRow("Token", SECRET, is_sensitive=True),
        VariableRow("Header", "Bearer #{Token}"),
        VariableRow("Broken", "#{Nothing}"),
    ]
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)
    return f"{home}/projects/shop/variables/preview"


def shown(answer):
    """{name: (value, rules that beat the others)}"""
    return {
        row.row.name: (row.row.value, [loser.rule for loser in row.losers])
        for row in answer.context["rows"]
    }


def test_a_place_decides_and_the_rule_is_told(browse, manager, url, dev):
    page = browse(manager)

    anywhere, in_dev = shown(page.get(url)), shown(page.get(f"{url}?environment={dev.slug}"))

    assert anywhere["Greeting"] == (
        "Hello",
        ["project values come before library sets", "its scope does not match"],
    )
    value, (general, library) = in_dev["Greeting"]
    assert value == "Hi"
    assert general == library == "the winner is more specific: it names the environment"
    assert anywhere["Only here"] == (None, ["its scope does not match"])


def test_what_cannot_be_filled_in_is_a_problem(browse, manager, url):
    rows = browse(manager).get(url).context["rows"]

    (broken,) = [row.row for row in rows if row.row.name == "Broken"]
    assert any("Nothing" in problem for problem in broken.problems)


@pytest.mark.promise("S2")
def test_secrets_stay_hidden_also_inside_other_values(browse, manager, url):
    answer = browse(manager).get(url)

    assert SECRET not in answer.text
    assert shown(answer)["Header"] == ("Bearer ********", [])


def test_unknown_places_count_as_left_open(browse, manager, url):
    assert shown(browse(manager).get(f"{url}?environment=moon&step=x"))["Greeting"][0] == "Hello"


def test_who_sees_no_variables_has_no_preview(browse, viewer, url):
    assert browse(viewer).get(url).status_code == 404


def test_the_api_explains_as_well(api, manager, url, project, dev):
    where = f"project={project.wire_id}&environment={dev.wire_id}"
    address = f"/api/{project.space.wire_id}/variables/preview?{where}"

    found = {row["Name"]: row for row in api(manager).get(address).json()["Variables"]}

    greeting = found["Greeting"]
    assert greeting["Value"] == "Hi"
    assert greeting["Winner"]["Scope"] == {"Environment": [dev.wire_id]}
    assert [(loser["Value"], loser["Source"]) for loser in greeting["Losers"]] == [
        ("Hello", "project"),
        ("from the library", "library"),
    ]
    assert found["Token"]["Winner"]["Value"] is None
