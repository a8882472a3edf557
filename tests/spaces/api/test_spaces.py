"""Spaces over HTTP, and finding the space of a request. api-dialect.md 3.4, 8.1."""

import pytest

from spaces.errors import NotFound
from spaces.models import Space
from spaces.queries.spaces import default_space
from tests.factories.spaces import actor_for, grant, make_administrator, make_user


def test_clients_find_a_space_by_part_of_its_name(api, viewer, space):
    page = api(viewer).get("/api/spaces?partialName=Main&skip=0&take=2147483647").json()

    assert page["TotalResults"] == 1
    found = page["Items"][0]
    assert (found["Id"], found["Name"], found["IsDefault"]) == (space.wire_id, "Main", True)
    assert found["Links"]["Web"] == f"/app#/spaces/{space.wire_id}"
    assert found["SpaceManagersTeams"] == [f"teams-spacemanagers-{space.wire_id}"]


@pytest.mark.promise("P2")
def test_other_spaces_are_left_out_and_unknown(api, viewer, other_space):
    client = api(viewer)

    assert client.get("/api/spaces/all").json()[0]["Name"] == "Main"
    for name in (other_space.wire_id, "Other", "other", "Spaces-999999"):
        for path in (f"/api/spaces/{name}", f"/api/{name}", f"/api/{name}/teams"):
            response = client.get(path)
            assert response.status_code == 404
            assert response.json()["ErrorMessage"] == "The resource you requested was not found."


@pytest.mark.parametrize("name", ["{id}", "main", "MAIN", "Main"])
def test_a_space_is_named_in_the_address_by_id_slug_or_name(api, viewer, space, name):
    name = name.format(id=space.wire_id)

    assert api(viewer).get(f"/api/{name}/events").status_code == 200


def test_an_administrator_creates_changes_and_deletes_a_space(api):
    client = api(make_administrator())
    boss = make_user()
    body = {"Name": "Shop", "SpaceManagersTeamMembers": [boss.wire_id], "SpaceManagersTeams": None}

    made = client.send("POST", "/api/spaces", body)
    address = made.json()["Links"]["Self"]
    refused = client.delete(address)
    stopped = client.send("PUT", address, made.json() | {"TaskQueueStopped": True})
    deleted = client.delete(address)

    assert made.status_code == 201, made.content
    assert made.json()["SpaceManagersTeamMembers"] == [boss.wire_id]
    assert refused.status_code == 409
    assert refused.json()["Errors"] == ["Stop the task queue of the space Shop first."]
    assert stopped.json()["TaskQueueStopped"] is True
    assert deleted.status_code == 200
    assert client.get(address).status_code == 404
    task = client.get(deleted.json()["Links"]["Self"])
    assert (task.status_code, task.json()["Name"]) == (200, "DeleteSpace")
    assert task.json() == deleted.json()
    assert task.json()["SpaceId"] is None
    assert api(boss).get(deleted.json()["Links"]["Self"]).status_code == 404
    assert client.post(deleted.json()["Links"]["Cancel"]).status_code == 409


def test_a_space_without_managers_is_400(api):
    response = api(make_administrator()).send("POST", "/api/spaces", {"Name": "Shop"})

    assert response.status_code == 400
    assert response.json()["Errors"] == ["A space needs at least one manager."]


@pytest.mark.promise("P8")
def test_a_viewer_changes_no_space(api, viewer, space):
    response = api(viewer).send("PUT", f"/api/spaces/{space.wire_id}", {"Name": "Mine"})

    assert response.status_code == 403
    assert Space.objects.get(pk=space.pk).name == "Main"


def test_listing_spaces_costs_the_same_however_many(api, django_assert_max_num_queries):
    administrator = make_administrator()
    client = api(administrator)
    for number in range(5):
        client.send(
            "POST",
            "/api/spaces",
            {"Name": f"Shop {number}", "SpaceManagersTeamMembers": [administrator.wire_id]},
        )

    with django_assert_max_num_queries(10):
        assert client.get("/api/spaces").json()["TotalResults"] == 5


def test_without_a_default_space_the_answer_says_how_to_name_one(api, other_space):
    user = make_user()
    grant(user, "projectviewer", other_space)

    with pytest.raises(NotFound, match=r"/api/\{space\}"):
        default_space(actor_for(user))
