"""Creating, replacing and deleting each kind: it works, without permission nothing changes, and from
another space there is nothing. api-dialect.md 6."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from deployments.models import (
    Account,
    Channel,
    Environment,
    Feed,
    LibraryVariableSet,
    Lifecycle,
    MachinePolicy,
    Project,
    ProjectGroup,
    Target,
    WorkerPool,
)
from tests.factories.deployments import make_account, make_environment, make_project


@dataclass(frozen=True)
class Kind:
    """How one kind is created and changed; texts in braces are ids of `things`."""

    path: str
    model: type
    body: dict[str, Any]
    change: dict[str, Any] = field(default_factory=lambda: {"Name": "Renamed"})


ENDPOINT = {
    "CommunicationStyle": "Ssh",
    "AccountId": "{account}",
    "Host": "shop.example.org",
    "Port": 22,
    "Fingerprint": "",
}
KINDS = [
    Kind("environments", Environment, {"Name": "Staging"}, {"UseGuidedFailure": True}),
    Kind(
        "lifecycles",
        Lifecycle,
        {"Name": "Slow", "Phases": [{"Name": "P", "OptionalDeploymentTargets": ["{environment}"]}]},
        {"Phases": []},
    ),
    Kind("projectgroups", ProjectGroup, {"Name": "Shops"}),
    Kind(
        "projects",
        Project,
        {"Name": "Shop", "ProjectGroupId": "{group}", "LifecycleId": "{lifecycle}"},
        {"IsDisabled": True},
    ),
    Kind("channels", Channel, {"Name": "Beta", "ProjectId": "{project}"}),
    Kind(
        "machines",
        Target,
        {
            "Name": "web-9",
            "EnvironmentIds": ["{environment}"],
            "Roles": ["web"],
            "Endpoint": ENDPOINT,
        },
        {"Roles": ["web", "db"]},
    ),
    Kind("machinepolicies", MachinePolicy, {"Name": "Lazy"}),
    Kind(
        "accounts",
        Account,
        {
            "Name": "Deploy",
            "AccountType": "UsernamePassword",
            "Username": "deploy",
            "Password": {"HasValue": True, "NewValue": "swordfish"},
        },
        {"Username": "other"},
    ),
    Kind(
        "feeds",
        Feed,
        {"Name": "NuGet", "FeedType": "NuGet", "FeedUri": "https://nuget.example.org/v3"},
    ),
    Kind("workerpools", WorkerPool, {"Name": "Linux"}),
    Kind("libraryvariablesets", LibraryVariableSet, {"Name": "Shared"}),
]
IDS = [kind.path for kind in KINDS]


@pytest.fixture
def things(space):
    project = make_project(space, name="Existing")
    return {
        "account": make_account(space).wire_id,
        "environment": make_environment(space, name="Existing").wire_id,
        "group": project.group.wire_id,
        "lifecycle": project.lifecycle.wire_id,
        "project": project.wire_id,
    }


def filled(value, things):
    if isinstance(value, dict):
        return {key: filled(inner, things) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, things) for inner in value]
    return value.format(**things) if isinstance(value, str) else value


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_a_row_is_created_replaced_and_deleted(api, manager, space, things, kind):
    client, base = api(manager), f"/api/{space.wire_id}/{kind.path}"
    body = filled(kind.body, things)

    created = client.send("POST", base, body)
    assert created.status_code == 201, created.json()
    document = created.json()
    assert document["SpaceId"] == space.wire_id
    assert document["Slug"]
    address = f"{base}/{document['Id']}"
    assert client.get(address).json() == document
    assert client.get(f"{base}/{document['Slug']}").json()["Id"] == document["Id"]

    replaced = client.send("PUT", address, {**document, **kind.change})
    assert replaced.status_code == 200, replaced.json()
    for name, value in kind.change.items():
        assert replaced.json()[name] == value

    deleted = client.delete(address)
    assert (deleted.status_code, deleted.json()) == (200, {})
    assert client.get(address).status_code == 404


@pytest.mark.promise("P8")
@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_without_permission_nothing_is_created(api, viewer, outsider, space, things, kind):
    before = kind.model.objects.count()
    base = f"/api/{space.wire_id}/{kind.path}"
    body = filled(kind.body, things)

    # what a viewer may not even refer to does not exist for them, so 400 is possible as well
    assert api(viewer).send("POST", base, body).status_code in (400, 403)
    assert api(outsider).send("POST", base, body).status_code == 404
    assert api().send("POST", base, body).status_code == 401
    assert kind.model.objects.count() == before


@pytest.mark.promise("P2")
@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_rows_of_another_space_read_and_write_as_unknown_ones(
    api, manager, outsider, space, other_space, things, kind
):
    body = filled(kind.body, things)
    created = api(manager).send("POST", f"/api/{space.wire_id}/{kind.path}", body).json()
    stranger = api(outsider)
    base = f"/api/{other_space.wire_id}/{kind.path}"
    prefix = created["Id"].rpartition("-")[0]

    for method in ("GET", "PUT", "DELETE"):
        sent = created if method == "PUT" else None
        foreign = stranger.send(method, f"{base}/{created['Id']}", sent)
        unknown = stranger.send(method, f"{base}/{prefix}-99999999", sent)
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.content == unknown.content
    assert created["Id"] not in stranger.get(base).content.decode()
    assert stranger.get(f"{base}?ids={created['Id']}").json()["TotalResults"] == 0


@pytest.mark.promise("P5")
@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if re.search(r"{[a-z]+}", str(kind.body))], ids=lambda k: k.path
)
def test_references_into_another_space_do_not_exist(api, outsider, other_space, things, kind):
    answer = api(outsider).send(
        "POST", f"/api/{other_space.wire_id}/{kind.path}", filled(kind.body, things)
    )

    assert answer.status_code == 400
    assert "does not exist" in " ".join(answer.json()["Errors"])


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_property_names_are_read_in_any_case_and_unknown_ones_ignored(
    api, manager, space, things, kind
):
    body = {key.swapcase(): value for key, value in filled(kind.body, things).items()}
    extra = {"Id": "Nonsense-1", "SpaceId": "Spaces-999", "Links": {}, "CreatedBy": "x", "Foo": 1}

    answer = api(manager).send("POST", f"/api/{space.wire_id}/{kind.path}", body | extra)

    assert answer.status_code == 201, answer.json()
    assert answer.json()["SpaceId"] == space.wire_id


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\nb", None, ["x"], {}])
def test_bad_names_are_refused(api, manager, space, things, kind, name):
    before = kind.model.objects.count()
    body = {**filled(kind.body, things), "Name": name}

    answer = api(manager).send("POST", f"/api/{space.wire_id}/{kind.path}", body)

    assert answer.status_code == 400
    assert answer.json()["Errors"]
    assert kind.model.objects.count() == before


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_a_taken_name_is_refused(api, manager, space, things, kind):
    client, base = api(manager), f"/api/{space.wire_id}/{kind.path}"
    body = filled(kind.body, things)
    client.send("POST", base, body)

    again = client.send("POST", base, {**body, "Name": body["Name"].upper()})

    assert again.status_code in (400, 409)
    assert "already in use" in " ".join(again.json()["Errors"])


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_collections_page_filter_and_list_everything(api, manager, space, things, kind):
    client, base = api(manager), f"/api/{space.wire_id}/{kind.path}"
    created = client.send("POST", base, filled(kind.body, things)).json()

    page = client.get(f"{base}?skip=0&take=2147483647").json()
    assert page["TotalResults"] == len(page["Items"])
    assert "Page.Next" not in page["Links"]
    named = client.get(f"{base}?partialName={created['Name'][1:].upper()}").json()
    assert created["Id"] in [item["Id"] for item in named["Items"]]
    by_ids = client.get(f"{base}?ids={created['Id']}%2CNothing-1").json()
    assert [item["Id"] for item in by_ids["Items"]] == [created["Id"]]
    everything = client.get(f"{base}/all").json()
    assert created["Id"] in [item["Id"] for item in everything]


@pytest.mark.promise("S2")
def test_a_secret_is_kept_replaced_and_cleared(api, manager, space, things):
    client, base = api(manager), f"/api/{space.wire_id}/accounts"
    body = next(kind.body for kind in KINDS if kind.path == "accounts")
    created = client.send("POST", base, body).json()
    account = Account.objects.get(name="Deploy")

    client.send("PUT", f"{base}/{created['Id']}", created)
    account.refresh_from_db()
    assert account.reveal("password") == "swordfish"

    new = {**created, "Password": {"HasValue": True, "NewValue": "trout"}}
    answer = client.send("PUT", f"{base}/{created['Id']}", new)
    account.refresh_from_db()
    assert account.reveal("password") == "trout"
    assert "trout" not in answer.content.decode()

    client.send("PUT", f"{base}/{created['Id']}", {**created, "Password": {"HasValue": False}})
    account.refresh_from_db()
    assert not account.has_secret("password")


def test_environments_are_sorted_by_a_bare_array(api, manager, space, dev, production):
    base = f"/api/{space.wire_id}/environments"

    answer = api(manager).send("PUT", f"{base}/sortorder", [production.wire_id, dev.wire_id])

    assert answer.status_code == 200
    names = [item["Name"] for item in api(manager).get(base).json()["Items"]]
    assert names == ["Production", "Development"]


def test_newer_clients_see_the_kind_of_environments(api, manager, space, dev):
    page = api(manager).get(f"/api/{space.wire_id}/environments/v2?type=Static").json()

    assert [(item["Name"], item["Type"]) for item in page["Items"]] == [("Development", "Static")]


def test_a_project_is_cloned(api, manager, space, things):
    body = next(kind.body for kind in KINDS if kind.path == "projects")

    answer = api(manager).send(
        "POST", f"/api/{space.wire_id}/projects?clone={things['project']}", filled(body, things)
    )

    assert answer.status_code == 201
    copy = Project.objects.get(name="Shop")
    assert [step.name for step in copy.process.parsed()] == ["Say hello"]


@pytest.mark.parametrize("secret", [5, ["x"], {"NewValue": 5}])
def test_a_secret_of_a_wrong_shape_is_refused_in_words(api, manager, space, secret):
    body = {"Name": "Deploy", "AccountType": "UsernamePassword", "Password": secret}

    answer = api(manager).send("POST", f"/api/{space.wire_id}/accounts", body)

    assert answer.status_code == 400, answer.content
    assert '{"HasValue": true' in answer.json()["Errors"][0]
