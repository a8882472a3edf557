"""No two things can look alike, and no name turns the text around it (S29)."""

import pytest

from tests.octoplat.test_permission_matrix import BODIES, ids, people, send, whole, world

__all__ = ["ids", "people", "whole", "world"]

NAMED = sorted(
    route.removeprefix("POST ")
    for route, body in BODIES.items()
    if route.startswith("POST ") and "/" not in route and "Name" in body
    if route not in ("POST tasks", "POST deployments")
)
SYSTEM = {"spaces", "userroles", "teams"}


@pytest.fixture
def named(api, world, people, whole, monkeypatch):
    """`named(kind, name)`: the answer to making a thing of this kind and name."""

    def make(kind: str, name: str):
        body = {**BODIES[f"POST {kind}"], "Name": name}
        monkeypatch.setitem(BODIES, f"POST {kind}", body)
        base = "/api" if kind in SYSTEM else f"/api/{world.space.wire_id}"
        return send(api(whole), base, people, kind, "POST", None)

    return make


@pytest.mark.promise("S29")
@pytest.mark.parametrize("kind", NAMED)
@pytest.mark.parametrize("name", ["Re\u202elease", "Re\u2066lease", "Re\x07lease", "\u3000"])
def test_a_name_that_deceives_is_refused(named, kind, name):
    answer = named(kind, name)

    assert answer.status_code == 400, answer.content
    assert answer.json()["Errors"]


@pytest.mark.promise("S29")
@pytest.mark.parametrize("kind", NAMED)
def test_names_that_look_alike_are_the_same_name(named, kind):
    assert named(kind, "Straße").status_code == 201

    answers = [named(kind, name).status_code for name in ("STRASSE", "ｓｔｒａßｅ", " straße ")]

    assert set(answers) <= {400, 409}
