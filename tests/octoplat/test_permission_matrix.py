"""Every address of the API asks for a permission, and the reviewed list says which (P1)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from deployments.models import Environment
from deployments.services.space_defaults import furnish_space
from octoplat import api as routes_of_api
from spaces.api.root import NowhereViewSet
from spaces.models import Event, OidcIdentity
from spaces.permissions import SPACE_PERMISSIONS, Permission
from tests.deployments.api.world import make_world
from tests.factories.deployments import SYSTEM, make_environment, make_project, zip_bytes
from tests.factories.spaces import (
    assign,
    grant,
    make_api_key,
    make_invitation,
    make_role,
    make_team,
    make_user,
)
from tests.factories.standing import STANDING, enter
from tests.octoplat.expected import ANSWERS, BELOW_SPACE, LISTED, expected, needed, table

# Told apart by their own tests: rights at system level, or over people.
IDENTITY = ("users", "userroles", "teams", "scopeduserroles", "teammembership", "events", "spaces")

RUN = {"ProjectName": "Shop", "RunbookName": "Restart", "EnvironmentNames": ["Dev"]}
TRUST = {"Name": "New", "Issuer": "https://ci.example.org", "Subject": "repo:acme/shop"}
BODIES: dict[str, Any] = {
    "POST accounts": {"Name": "New", "AccountType": "UsernamePassword", "Username": "x"},
    "POST build-information": {
        "PackageId": "New",
        "Version": "1.0",
        "OctopusBuildInformation": {"BuildNumber": "1"},
    },
    "POST channels": {"Name": "New", "ProjectId": "Shop"},
    "POST channels/rule-test": {"version": "1.0", "versionRange": "[1.0,)"},
    "POST deployments": {"ReleaseId": "{releases}", "EnvironmentId": "Dev"},
    "POST deployments/create/tenanted/v1": {
        "ProjectName": "Shop",
        "ReleaseVersion": "1.0.0",
        "EnvironmentName": "Dev",
        "Tenants": ["Acme"],
    },
    "POST deployments/create/untenanted/v1": {
        "ProjectName": "Shop",
        "ReleaseVersion": "1.0.0",
        "EnvironmentNames": ["Dev"],
    },
    "POST environments": {"Name": "New"},
    "PUT environments/sortorder": ["{environments}"],
    "POST feeds": {"Name": "New", "FeedType": "NuGet", "FeedUri": "https://x.example.org"},
    "POST interruptions/{id}/submit": {"Result": "Proceed"},
    "POST libraryvariablesets": {"Name": "New"},
    "POST lifecycles": {"Name": "New"},
    "POST machinepolicies": {"Name": "New"},
    "POST machines": {
        "Name": "New",
        "EnvironmentIds": ["Dev"],
        "Roles": ["web"],
        "Endpoint": {"CommunicationStyle": "None"},
    },
    "POST projectgroups": {"Name": "New"},
    "POST projects": {"Name": "New", "ProjectGroupId": "{projectgroups}", "LifecycleId": "One"},
    "POST releases": {"ProjectId": "Shop", "Version": "9.0.0"},
    "POST releases/create/v1": {"ProjectName": "Shop", "ReleaseVersion": "9.0.0"},
    "POST releases/{id}/defects": {"Description": "It leaks."},
    "POST releases/{id}/deployments/previews": {"DeploymentPreviews": [{"EnvironmentId": "Dev"}]},
    "POST projects/{project}/runbooks": {"Name": "New"},
    "POST projects/{project}/runbookSnapshots": {"RunbookId": "{runbooks}"},
    "POST runbook-runs/create/v1": RUN,
    "POST runbook-runs/git/create/v1": RUN,
    "POST runbookRuns": {"RunbookId": "{runbooks}", "EnvironmentId": "Dev"},
    "POST runbookSnapshots": {"RunbookId": "{runbooks}"},
    "POST runbooks": {"Name": "New", "ProjectId": "Shop"},
    "POST runbooks/{id}/run": {"EnvironmentIds": ["Dev"]},
    "POST scopeduserroles": {"UserRoleId": "{userroles}", "TeamId": "{teams}"},
    "POST serviceaccounts/{account}/oidcidentities/create/v1": TRUST,
    "PUT serviceaccounts/{account}/oidcidentities/{id}/v1": TRUST,
    "POST spaces": {"Name": "New", "SpaceManagersTeamMembers": ["{users}"]},
    "POST tagsets": {"Name": "New"},
    "PUT tagsets/sortorder": [],
    "POST tasks": {"Name": "Health", "Arguments": {"MachineIds": ["{machines}"]}},
    "POST tasks/{id}/state": {"State": "Failed", "Reason": "It was not."},
    "POST teams": {"Name": "New"},
    "POST tenants": {"Name": "New"},
    "POST tenants/{id}/variables": {},
    "PUT tenants/{id}/commonvariables": {"Variables": []},
    "PUT tenants/{id}/projectvariables": {"Variables": []},
    "PUT tenants/{id}/variables": {},
    "POST userroles": {"Name": "New"},
    "POST users": {"Username": "new", "Password": "correct horse battery staple"},
    "POST users/invitations": {"AddToTeamIds": ["{teams}"]},
    "POST users/login": {"Username": "nobody", "Password": "guessed"},
    "POST users/{id}/apikeys": {"Purpose": "New"},
    "POST workerpools": {"Name": "New"},
    "PUT workerpools/sortorder": [],
}
NAMED = {"progression": "projects", "rerun": "tasks", "v2": "environments"}
QUERIES = {
    "machines/discover": "?host=shop.example.org",
    "packages/bulk": "?ids={packages}",
    "build-information/bulk": "?ids={build-information}",
    "packages/notes": "?packageIds={packages}",
    "variables/names": "?project=Shop",
    "variables/preview": "?project=Shop",
}


def walked(routes: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """(path, method) of every route."""
    for route in routes:
        path = before + str(route.pattern)
        if hasattr(route, "url_patterns"):
            yield from walked(route.url_patterns, path)
        elif getattr(route.callback, "cls", None) is not NowhereViewSet:
            for method in getattr(route.callback, "actions", None) or {"get": ""}:
                yield path.replace("<str:", "{").replace(">", "}"), method.upper()


ROUTES = set(walked(routes_of_api.routes))


@pytest.mark.promise("P1")
def test_every_route_is_listed_and_every_listed_one_is_there():
    unlisted = []
    for path, method in ROUTES:
        try:
            needed(path, method)
        except KeyError:
            unlisted.append(f"{method} {path}")
    listed = {(path, method) for path, methods in LISTED.items() for method in methods}

    assert unlisted == []
    assert sorted(listed - ROUTES) == []


@pytest.mark.promise("P1")
def test_without_credentials_everything_but_the_listed_few_is_refused(api, db):
    client = api()

    for path, method in sorted(ROUTES):
        answer = client.send(method, "/" + path.replace("{", "").replace("}", ""))
        if needed(path, method) == "anybody":
            assert answer.status_code != 401, f"{method} {path}"
        else:
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
            assert answer.json()["ErrorMessage"]


OF_SPACES = sorted(
    (path.removeprefix(BELOW_SPACE), method)
    for path, method in ROUTES
    if path.startswith(BELOW_SPACE) and path.split("/")[2] not in IDENTITY
)


@pytest.fixture
def world(space):
    furnish_space(SYSTEM, space)
    return make_world(space)


@pytest.fixture
def ids(world):
    """The id of one row of each kind."""
    rows = {kind: path.split("/")[1] for kind, path in world.paths.items() if "/" in path}
    make_environment(world.space, name="Later")
    return rows | {"variables": f"variableset-{world.project.wire_id}"}


def send(client, base, ids, path, method, document):
    """The request that the route is for, as far as ids, query and body go."""
    kind = path.partition("/{id}")[0].rpartition("/")[2]
    address = path.replace("{id}", ids.get(NAMED.get(kind, kind), "Nothing-1"))
    address = address.replace("{version}", "1.0.0").replace("{environment}", "Dev")
    address = address.replace("{project}", ids["projects"]).replace("{name}", "Snapshot 1")
    address = address.replace("{key_id}", ids.get("apikeys", ""))
    address = address.replace("{account}", ids.get("serviceaccounts", ""))
    query = QUERIES.get(path, "").format(**ids)
    if path == "packages/raw":
        headers = {"Content-Disposition": "attachment; filename=New.1.0.zip"}
        return client.post(f"{base}/{address}", zip_bytes(), "application/zip", headers=headers)
    if method == "PUT" and document is not None:
        return client.send(method, f"{base}/{address}", document)
    body = BODIES.get(f"{method} {path}")
    if body is not None:
        body = json.loads(_with_ids(json.dumps(body), ids))
    return client.send(method, f"{base}/{address}{query}", body)


def _with_ids(text: str, ids: dict[str, str]) -> str:
    for kind, row in ids.items():
        text = text.replace(f'"{{{kind}}}"', f'"{row}"')
    return text


@pytest.mark.promise("P3")
@pytest.mark.parametrize(("path", "method"), OF_SPACES, ids=lambda part: part)
def test_a_route_refuses_whoever_lacks_just_its_permission(
    api, manager, outsider, world, ids, path, method
):
    base = f"/api/{world.space.wire_id}"
    need = needed(f"{BELOW_SPACE}{path}", method)
    whole = api(manager)
    document = None
    if method == "PUT" and path.endswith("{id}"):
        document = send(whole, base, ids, path, "GET", None).json()

    foreign = send(api(outsider), base, ids, path, method, document)
    assert foreign.status_code == 404

    if need == "signed in":
        return
    permission = need.removeprefix("list ")
    user = make_user()
    others = [p for p in SPACE_PERMISSIONS if p.value != permission]
    assert len(others) == len(SPACE_PERMISSIONS) - 1, f"{permission} is no permission of spaces"
    grant(user, others, world.space)
    lacking = api(user)
    before = Event.objects.exclude(category="PermissionDenied").count()

    answer = send(lacking, base, ids, path, method, document)

    if need.startswith("list "):
        assert answer.status_code == 200
        assert is_empty(answer.json()), answer.json()
    else:
        assert answer.status_code in (403, 404), answer.content
        if answer.status_code == 403:
            assert permission in str(answer.json())
    assert Event.objects.exclude(category="PermissionDenied").count() == before


def is_empty(document: Any) -> bool:
    """Whether a list in any of its forms has nothing to show."""
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        return not any(lists) and not document.get("TotalResults")
    return document == []


# Each address once: below a space, when it is also there.
ONCE = sorted(
    (path, method)
    for path, method in ROUTES
    if path.startswith(BELOW_SPACE) or (path.replace("api/", BELOW_SPACE, 1), method) not in ROUTES
)


@pytest.fixture
def people(ids, world):
    """The ids of `ids`, and of one row of each kind that says who may do what."""
    member = make_user()
    team = make_team(world.space, member)
    assignment = assign(team, make_role(Permission.PROJECT_VIEW), world.space)
    account = make_user(is_service=True)
    identity = OidcIdentity.objects.create(user=account, name="Shop", issuer="x", subject="x")
    return ids | {
        "serviceaccounts": account.wire_id,
        "oidcidentities": identity.wire_id,
        "users": member.wire_id,
        "apikeys": make_api_key(member)[0].wire_id,
        "teams": team.wire_id,
        "userroles": assignment.role.wire_id,
        "scopeduserroles": assignment.wire_id,
        "invitations": make_invitation(team).wire_id,
        "spaces": world.space.wire_id,
        "events": Event.objects.filter(space=world.space).latest("pk").wire_id,
        "octopusservernodes": f"OctopusServerNodes-{settings.NODE}",
    }


@pytest.fixture
def whole(world):
    """Somebody who may do everything, in the space and at system level."""
    user = make_user()
    grant(user, "spacemanager", world.space)
    grant(user, "systemmanager", None)
    return user


@pytest.mark.slow
@pytest.mark.promise("P1")
@pytest.mark.promise("P3")
@pytest.mark.parametrize("name", STANDING)
def test_each_standing_actor_gets_what_the_lists_say(api, world, people, whole, name):
    who = STANDING[name]
    dev = Environment.objects.get(name="Dev")
    actor = enter(who, world.space, dev, make_project(world.space, name="Elsewhere"))
    client, reader = api(actor), api(whole)

    got = {
        (path, method): tried(client, world.space, people, path, method, reader)
        for path, method in ONCE
    }

    wrong = {route: status for route, status in got.items() if status != expected(who, *route)}
    assert not wrong, f"{name} got {wrong}; expected, for all actors:\n{table(wrong)}"


def tried(client, space, ids, path, method, reader):
    """The status of one request, whose effects are undone. reader: gets the documents that PUT sends."""
    base, rest = addressed(space, path)
    replaces = method == "PUT" and path.endswith("{id}")
    document = send(reader, base, ids, rest, "GET", None).json() if replaces else None
    with transaction.atomic():
        answer = send(client, base, ids, rest, method, document)
        if answer.streaming:
            list(answer)  # to its end, so that its file is closed
        transaction.set_rollback(True)
    return answer.status_code


def addressed(space, path):
    """Where an address begins, and what remains to be filled in."""
    if path.startswith(BELOW_SPACE):
        return f"/api/{space.wire_id}", path.removeprefix(BELOW_SPACE)
    base, slash, rest = path.partition("api/")
    return f"/{base}{slash}".rstrip("/"), rest.replace("{space}", space.wire_id)


def test_special_answers_are_about_routes_there_are():
    routes = {f"{method} {path}" for path, methods in LISTED.items() for method in methods}

    assert sorted(set(ANSWERS) - routes) == []
