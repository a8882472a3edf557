"""Every document has what the reference lists, under the names and in the types it lists them."""

import re

import pytest
from django.urls import resolve

from tests.deployments.api.reference import LINKS, PROPERTIES
from tests.deployments.api.world import make_world

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00")


@pytest.fixture
def world(space):
    return make_world(space)


@pytest.fixture
def shown(api, manager, world):
    client = api(manager)

    def get(kind):
        answer = client.get(f"/api/{world.space.wire_id}/{world.paths[kind]}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return get


def found(document, path):
    """The value at a dotted path. Raises KeyError or IndexError when a part is missing."""
    for part in path.split("."):
        name, is_list = part.removesuffix("[]"), part.endswith("[]")
        document = document[name][0] if is_list else document[name]
    return document


@pytest.mark.parametrize("kind", PROPERTIES)
def test_no_property_of_the_reference_is_missing(shown, kind):
    document = shown(kind)

    missing = []
    for path in PROPERTIES[kind].split():
        try:
            found(document, path)
        except (KeyError, IndexError, TypeError):
            missing.append(path)
    assert missing == []


@pytest.mark.parametrize("kind", LINKS)
def test_the_links_that_clients_follow_are_there_and_lead_somewhere(shown, kind):
    links = shown(kind)["Links"]

    assert set(LINKS[kind].split()) <= links.keys()
    for name, address in links.items():
        if not address.startswith("/app"):
            plain = re.sub(r"\{/[^}]*\}|\{\?[^}]*\}", "", address).partition("?")[0]
            view = resolve(plain).func
            assert view.cls.__name__ != "NowhereViewSet", f"{name}: {address}"


@pytest.mark.parametrize("kind", PROPERTIES)
def test_lists_are_never_null_and_moments_have_an_offset(shown, kind):
    for path, value in leaves(shown(kind)):
        name = path.rpartition(".")[2]
        if name.endswith(("Ids", "Roles", "Phases", "Items", "Steps", "Rules", "Packages")):
            assert value is not None, path
        if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
            assert TIMESTAMP.fullmatch(value), f"{path}: {value}"


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def test_property_maps_hold_texts_only(shown):
    step = shown("deploymentprocesses")["Steps"][0]

    for properties in (step["Properties"], step["Actions"][0]["Properties"]):
        assert all(isinstance(value, str) for value in properties.values())


@pytest.mark.promise("S2")
def test_secrets_are_shown_as_there_or_not(shown):
    assert shown("accounts")["Password"] == {"HasValue": True, "NewValue": None, "Hint": None}
    assert shown("accounts")["Token"]["HasValue"] is False


def test_a_log_has_one_root_whose_parts_have_lines_in_order(shown):
    details = shown("tasks/details")

    [root] = details["ActivityLogs"]
    assert [child["Name"] for child in root["Children"]] == ["Step 1"]
    assert [line["Number"] for line in root["Children"][0]["LogElements"]] == [2, 3]
    assert details["Progress"]["ProgressPercentage"] == 100


def test_the_raw_log_is_text(api, manager, world):
    answer = api(manager).get(f"/api/tasks/{world.deployment.task.wire_id}/raw")

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Length"]
    text = b"".join(answer.streaming_content).decode()
    assert "line 1" in text
    assert "== Success: Step 1 ==" in text


def test_an_artifact_is_downloaded_as_a_file(api, manager, world):
    path = f"/api/{world.space.wire_id}/{world.paths['artifacts']}/content"

    answer = api(manager).get(path)

    assert b"".join(answer.streaming_content) == b"report"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report.txt"'
