"""Users, keys, sessions, teams and roles over HTTP. api-dialect.md 2, 8.21, 8.22."""

import pytest

from spaces.models import ApiKey, Event, Team, User, UserRole
from spaces.permissions import Permission
from tests.factories.spaces import (
    PASSWORD,
    assign,
    grant,
    make_administrator,
    make_api_key,
    make_team,
    make_user,
)
from tests.factories.tenants import make_tenant
from tests.plugins.clients import ApiClient


def signed_in(client, username="vera"):
    body = {"username": username, "PASSWORD": PASSWORD}
    return client.send("POST", "/api/users/login", body)


class TestUsers:
    def test_everybody_reads_themselves(self, api, viewer):
        body = api(viewer).get("/api/users/me").json()

        assert body["Username"] == "viewer"
        assert body["IsRequestor"] is True
        assert body["Links"]["Spaces"] == f"/api/users/{body['Id']}/spaces"

    @pytest.mark.parametrize("header", ["X-Octopus-ApiKey", "x-octopus-apikey"])
    def test_a_key_comes_in_its_header(self, api, viewer, header):
        _, text = make_api_key(viewer.user)

        assert api().get("/api/users/me", headers={header: text}).status_code == 200

    def test_a_key_comes_as_bearer_too(self, api, viewer):
        _, text = make_api_key(viewer.user)

        headers = {"Authorization": f"Bearer {text}"}
        assert api().get("/api/users/me", headers=headers).status_code == 200

    @pytest.mark.promise("S4")
    def test_a_disabled_users_key_stops_at_the_next_request(self, api, viewer):
        client = api(viewer)
        assert client.get("/api/users/me").status_code == 200

        User.objects.filter(pk=viewer.user.pk).update(is_active=False)

        assert client.get("/api/users/me").status_code == 401

    def test_ones_spaces_are_a_bare_array(self, api, viewer, space, other_space):
        spaces = api(viewer).get("/api/users/me").json()["Links"]["Spaces"]

        assert [s["Id"] for s in api(viewer).get(spaces).json()] == [space.wire_id]

    def test_ones_permissions_say_where(self, api, space):
        user = make_user()
        grant(user, Permission.PROJECT_VIEW, space, projects=[7])

        body = api(user).get(f"/api/users/{user.wire_id}/permissions").json()

        place = body["SpacePermissions"]["ProjectView"][0]
        assert (place["SpaceId"], place["RestrictedToProjectIds"]) == (
            space.wire_id,
            ["Projects-7"],
        )

    def test_an_administrator_adds_changes_and_removes_a_user(self, api):
        client = api(make_administrator())

        made = client.send(
            "POST",
            "/api/users",
            {"Username": "ada", "DisplayName": "Ada", "Password": PASSWORD, "EmailAddress": None},
        ).json()
        address = made["Links"]["Self"]
        changed = client.send("PUT", address, made | {"DisplayName": "Ada L", "IsActive": False})

        assert "Password" not in made
        assert changed.json()["DisplayName"] == "Ada L"
        assert changed.json()["IsActive"] is False
        assert client.delete(address).status_code == 200
        assert client.get(address).status_code == 404

    @pytest.mark.promise("S20")
    def test_a_refused_write_is_audited(self, api, viewer, space):
        response = api(viewer).send("POST", "/api/users", {"Username": "x", "Password": PASSWORD})

        assert response.status_code == 403
        assert "UserEdit" in response.json()["ErrorMessage"]
        event = Event.objects.get(category="PermissionDenied")
        assert (event.user, event.details["permission"]) == (viewer.user, "UserEdit")


class TestKeys:
    def test_a_new_key_is_shown_once(self, api, viewer):
        client = api(viewer)
        keys = f"/api/users/{viewer.user.wire_id}/apikeys"

        made = client.send("POST", keys, {"Purpose": "CI"})
        shown = client.get(f"{keys}/{made.json()['Id']}").json()

        assert made.status_code == 201
        assert made.json()["ApiKey"].startswith("API-")
        assert made.json()["Expires"] is not None
        assert shown["ApiKey"]["HasValue"] is True
        assert made.json()["ApiKey"] not in client.get(keys).content.decode()

    def test_a_revoked_key_is_gone(self, api, viewer):
        client = api(viewer)
        keys = f"/api/users/{viewer.user.wire_id}/apikeys"
        made = client.send("POST", keys, {"Purpose": "CI", "Expires": None}).json()

        client.delete(f"{keys}/{made['Id']}")

        assert ApiClient(made["ApiKey"]).get("/api/users/me").status_code == 401

    @pytest.mark.promise("P8")
    def test_others_keys_are_out_of_reach(self, api, viewer, manager):
        keys = f"/api/users/{manager.user.wire_id}/apikeys"

        assert api(viewer).get(keys).status_code == 403
        assert api(viewer).send("POST", keys, {"Purpose": "x"}).status_code == 403
        assert ApiKey.objects.filter(user=manager.user).count() == 0


class TestSessions:
    @pytest.fixture
    def client(self, db):
        make_user(username="vera")
        return ApiClient(enforce_csrf_checks=True)

    def test_a_password_opens_a_session(self, client):
        response = signed_in(client)

        assert response.json()["Username"] == "vera"
        assert client.get("/api/users/me").status_code == 200

    @pytest.mark.promise("S8")
    def test_a_write_with_a_cookie_needs_the_token(self, client):
        signed_in(client)
        me = client.get("/api/users/me").json()
        token = client.cookies["Octopus-Csrf-Token_octoplat"].value

        without = client.send("PUT", me["Links"]["Self"], me)
        wrong = client.send(
            "PUT", me["Links"]["Self"], me, headers={"X-Octopus-Csrf-Token": "x" * 32}
        )
        right = client.send("PUT", me["Links"]["Self"], me, headers={"X-Octopus-Csrf-Token": token})

        assert (without.status_code, wrong.status_code, right.status_code) == (403, 403, 200)
        assert client.session.session_key not in token

    @pytest.mark.promise("S7")
    def test_signing_in_changes_the_session_and_signing_out_ends_it(self, client):
        client.cookies["octoplat_session"] = "chosen-by-somebody-else"
        signed_in(client)
        session = client.cookies["octoplat_session"].value
        assert session != "chosen-by-somebody-else"

        client.post("/api/users/logout")
        client.cookies["octoplat_session"] = session

        assert client.get("/api/users/me").status_code == 401

    @pytest.mark.promise("S5")
    def test_a_wrong_password_is_401_and_the_sixth_is_429(self, client):
        wrong = {"Username": "vera", "Password": "wrong"}
        statuses = [client.send("POST", "/api/users/login", wrong).status_code for _ in range(5)]

        blocked = signed_in(client)

        assert statuses == [401] * 5
        assert blocked.status_code == 429
        assert int(blocked["Retry-After"]) > 0


class TestTeams:
    def test_a_manager_gives_a_team_a_role(self, api, manager, space):
        client = api(manager)
        friend, tenant = make_user(), make_tenant(space)
        team = client.send(
            "POST",
            "/api/teams",
            {"Name": "Bakers", "SpaceId": space.wire_id, "MemberUserIds": [friend.wire_id]},
        ).json()

        row = client.send(
            "POST",
            "/api/scopeduserroles",
            {
                "UserRoleId": "userroles-projectviewer",
                "TeamId": team["Id"],
                "SpaceId": space.wire_id,
                "ProjectIds": None,
                "TenantIds": [tenant.wire_id],
            },
        )

        assert row.status_code == 201, row.content
        assert row.json()["TenantIds"] == [tenant.wire_id]
        assert row.json()["ProjectIds"] == []
        listed = client.get(f"/api/teams/{team['Id']}/scopeduserroles").json()
        assert [item["Id"] for item in listed["Items"]] == [row.json()["Id"]]
        assert client.delete(row.json()["Links"]["Self"]).status_code == 200

    @pytest.mark.parametrize(
        "wire_id", ["teams-everyone", "TEAMS-Everyone", "teams-spacemanagers-{space}"]
    )
    def test_builtin_teams_have_readable_ids(self, api, manager, space, wire_id):
        wire_id = wire_id.format(space=space.wire_id)

        assert api(manager).get(f"/api/teams/{wire_id}").json()["CanBeDeleted"] is False

    @pytest.mark.promise("P2")
    def test_a_team_of_another_space_is_an_unknown_team(self, api, manager, other_space):
        foreign = make_team(other_space, name="Foreign")
        client = api(manager)

        for method in ("GET", "PUT", "DELETE"):
            hidden = client.send(method, f"/api/teams/{foreign.wire_id}", {"Name": "x"})
            unknown = client.send(method, "/api/teams/Teams-999999", {"Name": "x"})
            assert (hidden.status_code, hidden.json()) == (404, unknown.json())
        assert "Foreign" not in client.get("/api/teams/all").content.decode()
        assert Team.objects.filter(pk=foreign.pk, name="Foreign").exists()

    def test_a_spaces_address_shows_its_teams(self, api, manager, space, other_space):
        grant(manager.user, "projectviewer", other_space)
        make_team(other_space, name="Foreign")

        names = {t["Name"] for t in api(manager).get(f"/api/{space.wire_id}/teams/all").json()}

        assert "Space Managers" in names
        assert "Foreign" not in names

    def test_ones_memberships_are_a_bare_array(self, api, viewer):
        path = f"/api/teammembership?userId={viewer.user.wire_id}"

        assert [row["UserId"] for row in api(viewer).get(path).json()] == [viewer.user.wire_id]


class TestRoles:
    def test_roles_list_their_permissions(self, api, viewer):
        body = api(viewer).get("/api/userroles/userroles-projectviewer").json()

        assert "ProjectView" in body["GrantedSpacePermissions"]
        assert body["CanBeDeleted"] is False
        assert "Projects" in body["SupportedRestrictions"]

    def test_an_administrator_makes_a_role(self, api):
        body = {"Name": "Approver", "GrantedSpacePermissions": ["InterruptionSubmit"]}

        made = api(make_administrator()).send("POST", "/api/userroles", body)

        assert made.status_code == 201
        assert UserRole.objects.get(name="Approver").space_permissions == ["InterruptionSubmit"]

    def test_every_permission_is_described(self, api, viewer):
        body = api(viewer).get("/api/permissions/all").json()

        assert len(body) == len(Permission)
        assert body["DeploymentCreate"]["SupportedRestrictions"] == [
            "ProjectGroups",
            "Projects",
            "Environments",
            "Tenants",
        ]


class TestEvents:
    def test_events_of_a_space_are_for_those_who_may_view_them(self, api, manager, space, outsider):
        client = api(manager)
        client.send("POST", "/api/teams", {"Name": "Bakers", "SpaceId": space.wire_id})

        seen = client.get(f"/api/{space.wire_id}/events").json()["Items"]

        assert [e["Message"] for e in seen] == ["Created team Bakers"]
        assert seen[0]["Username"] == "manager"
        assert seen[0]["IdentityEstablishedWith"].startswith("API key")
        assert api(outsider).get("/api/events").json()["TotalResults"] == 0

    def test_events_of_the_system_are_for_the_system(self, api, viewer):
        make_api_key(viewer.user)

        assert api(viewer).get("/api/events").json()["TotalResults"] == 0
        assert api(make_administrator()).get("/api/events").json()["TotalResults"] >= 2

    def test_a_limited_event_view_sees_only_its_projects(self, api, space):
        user = make_user()
        assign(make_team(space, user), Permission.EVENT_VIEW, space, projects=[7])
        for project in (7, 8, None):
            Event.objects.create(
                space=space,
                sequence=Event.objects.count() + 1,
                category="Noted",
                occurred="2026-01-01T00:00:00Z",
                username="system",
                message=str(project),
                project_id=project,
            )

        seen = api(user).get("/api/events").json()["Items"]

        assert [e["Message"] for e in seen] == ["7"]

    def test_events_are_filtered(self, api, manager, space):
        client = api(manager)
        for name in ("Bakers", "Brewers"):
            client.send("POST", "/api/teams", {"Name": name, "SpaceId": space.wire_id})
        wanted = Team.objects.get(name="Brewers").wire_id

        for query, count in (
            (f"regarding={wanted}", 1),
            ("eventCategories=Created", 2),
            ("eventCategories=Deleted", 0),
            ("eventGroups=Document", 2),
            (f"users={manager.user.wire_id}", 2),
            ("documentTypes=Team", 2),
            ("from=2100-01-01T00:00:00Z", 0),
            (f"spaces={space.wire_id}&includeSystem=false", 2),
        ):
            assert client.get(f"/api/events?{query}").json()["TotalResults"] == count, query

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
    def test_nobody_writes_events(self, api, method):
        response = api(make_administrator()).send(method, "/api/events", {})

        assert response.status_code == 405
