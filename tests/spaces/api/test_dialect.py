"""The dialect's ground rules, on routes of `spaces`. api-dialect.md 1-5, security-and-reliability.md 5."""

import pytest

from spaces.api.users import UserViewSet
from tests.factories.spaces import make_administrator, make_space

ERROR_FIELDS = {
    "ErrorMessage",
    "Errors",
    "HelpText",
    "HelpLink",
    "ParsedHelpLinks",
    "Details",
    "FullException",
}


def is_error_body(response):
    body = response.json()
    return (
        set(body) == ERROR_FIELDS
        and body["ErrorMessage"]
        and isinstance(body["Errors"], list)
        and (response.status_code not in (400, 409) or body["Errors"])
    )


@pytest.mark.parametrize("path", ["/api", "/api/", "/API", "//api//"])
def test_anybody_may_read_the_root_document(api, path):
    response = api().get("/", PATH_INFO=path)

    body = response.json()
    assert response.status_code == 200
    assert body["ApiVersion"] == "3.0.0"
    assert body["Links"]["Projects"].startswith("/api/projects{/id}{?")
    assert body["Links"]["SpaceHome"] == "/api/{spaceId}"
    assert response["Content-Type"] == "application/json; charset=utf-8"


def test_a_space_has_its_own_links(api, manager, space):
    links = api(manager).get(f"/api/{space.wire_id}").json()["Links"]

    assert links["Projects"].startswith(f"/api/{space.wire_id}/projects{{/id}}")
    assert links["Events"].startswith("/api/events")


@pytest.mark.parametrize(
    "path",
    ["/api/users/me", "/api/spaces", "/api/Spaces-1", "/api/Spaces-1/teams", "/api/no/such/thing"],
)
def test_without_credentials_everything_else_is_401(api, path):
    response = api().get(path, headers={"Accept": "text/html"})

    assert response.status_code == 401
    assert is_error_body(response)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/no/such/thing", None, 404),
        ("GET", "/api/users/Users-999999", None, 404),
        ("GET", "/api/NoSuchSpace/teams", None, 404),
        ("DELETE", "/api/users", None, 405),
        ("POST", "/api/users/login", "{", 400),
        ("GET", "/api/spaces?take=x", None, 400),
        ("GET", "/api/spaces?partialName=%00", None, 400),
    ],
)
def test_every_error_has_the_same_form(api, manager, method, path, body, status):
    client = api(manager)
    response = client.generic(method, path, body or "", content_type="application/json")

    assert response.status_code == status
    assert is_error_body(response)


def test_a_body_that_is_no_json_is_415(api, manager):
    response = api(manager).post("/api/teams", "a=b", content_type="text/plain")

    assert response.status_code == 415
    assert is_error_body(response)


@pytest.mark.promise("S22")
def test_an_unhandled_error_tells_its_id_and_nothing_else(api, manager, monkeypatch, caplog):
    def broken(self):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(UserViewSet, "me", property(broken))

    response = api(manager).get("/api/users/me")

    assert response.status_code == 500
    assert is_error_body(response)
    assert "secret detail" not in response.content.decode()
    assert response["X-Request-Id"] in response.json()["ErrorMessage"]
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        '{"Name": NaN}',
        '{"Name": "a", "Name": "b"}',
        '{"Name": "\\ud800"}',
        "[" * 65 + "]" * 65,
        '{"Name": 1e400}',
        b'{"Name": "\xff"}',
        "not json",
    ],
)
def test_what_only_seems_to_be_json_is_refused(api, manager, body):
    response = api(manager).post("/api/teams", body, content_type="application/json")

    assert response.status_code == 400
    assert is_error_body(response)


def test_property_names_are_read_in_any_case(api, manager, space):
    body = {"name": "Bakers", "SPACEID": space.wire_id, "Unknown": 1}

    response = api(manager).send("POST", "/api/teams", body)

    assert response.status_code == 201, response.content
    assert response.json()["Name"] == "Bakers"
    assert response.json()["SpaceId"] == space.wire_id


@pytest.mark.parametrize("path", ["/api/users/me/", "/API/USERS/ME", "/api/Users/me"])
def test_case_and_a_trailing_slash_do_not_matter(api, manager, path):
    assert api(manager).get(path).status_code == 200


def test_a_post_may_stand_for_another_method(api, manager, space):
    client = api(manager)
    team = client.send("POST", "/api/teams", {"Name": "Bakers", "SpaceId": space.wire_id}).json()

    response = client.post(f"/api/teams/{team['Id']}", headers={"X-HTTP-Method-Override": "DELETE"})

    assert response.status_code == 200
    assert client.get(f"/api/teams/{team['Id']}").status_code == 404


class TestPages:
    @pytest.fixture
    def client(self, api, space):
        for name in "abcde":
            make_space(name=f"Unit {name}")
        return api(make_administrator())

    def test_a_page_says_how_many_there_are(self, client):
        page = client.get("/api/spaces?partialName=uNiT&skip=2&take=2").json()

        assert page["ItemType"] == "Space"
        assert page["TotalResults"] == 5
        assert page["ItemsPerPage"] == 2
        assert page["NumberOfPages"] == 3
        assert page["LastPageNumber"] == 2
        assert [item["Name"] for item in page["Items"]] == ["Unit c", "Unit d"]
        assert page["Links"]["Page.Next"].endswith("partialName=uNiT&skip=4&take=2")
        assert page["Links"]["Page.Previous"].endswith("skip=0&take=2")

    def test_the_last_page_has_no_next_one(self, client):
        links = client.get("/api/spaces?partialName=unit&skip=4&take=2").json()["Links"]

        assert "Page.Next" not in links

    def test_take_may_mean_all(self, client):
        page = client.get("/api/spaces?partialName=unit&skip=0&take=2147483647").json()

        assert len(page["Items"]) == 5
        assert page["NumberOfPages"] == 1

    @pytest.mark.parametrize("joint", [",", "%2C", "&ids="])
    def test_ids_come_in_one_list_or_repeated(self, client, joint):
        ids = [
            item["Id"] for item in client.get("/api/spaces?partialName=unit&take=2").json()["Items"]
        ]

        found = client.get(f"/api/spaces?ids={joint.join([*ids, 'Spaces-999999'])}").json()

        assert [item["Id"] for item in found["Items"]] == ids

    def test_no_ids_mean_no_filter(self, client):
        assert client.get("/api/spaces?ids=").json()["TotalResults"] == 6

    def test_all_is_a_bare_array(self, client):
        assert len(client.get("/api/spaces/all").json()) == 6

    @pytest.mark.parametrize("name", ["Unit a", "UNIT A", "unit%20a"])
    def test_one_is_found_by_name_too(self, client, name):
        assert client.get(f"/api/spaces/{name}").json()["Name"] == "Unit a"
