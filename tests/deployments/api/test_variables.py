"""Variable sets over the API. api-dialect.md 8.16."""

import pytest

from deployments.models import Variable
from tests.factories.deployments import make_project, make_release
from tests.factories.tenants import make_tag_set


@pytest.fixture
def project(space):
    return make_project(space, name="Shop")


@pytest.fixture
def address(project):
    return f"/api/Spaces-{project.space_id}/variables/variableset-{project.wire_id}"


def test_values_are_written_and_read_back(api, manager, address, dev, project):
    client = api(manager)
    document = client.get(address).json()
    document["Variables"] = [
        {
            "Name": "Colour",
            "Value": "blue",
            "Scope": {"Environment": [dev.wire_id], "Role": ["Web"]},
        },
        {"Name": "Colour", "Value": "red"},
        {"Name": "Key", "Value": "canary-3", "IsSensitive": True},
        {
            "Name": "Asked",
            "Value": "",
            "Prompt": {"Label": "Why?", "Required": True, "DisplaySettings": None},
        },
    ]

    saved = client.send("PUT", address, document)

    assert saved.status_code == 200, saved.json()
    assert "canary-3" not in saved.content.decode()
    shown = {(v["Name"], v["Value"]): v for v in saved.json()["Variables"]}
    assert shown["Colour", "blue"]["Scope"] == {"Environment": [dev.wire_id], "Role": ["web"]}
    assert shown["Colour", "red"]["Scope"] == {}
    assert shown["Key", None]["Type"] == "Sensitive"
    assert shown["Asked", ""]["Prompt"]["DisplaySettings"]["Octopus.ControlType"]
    assert (
        client.send("PUT", address, saved.json()).json()["Variables"] == saved.json()["Variables"]
    )
    assert Variable.objects.get(name="Key").reveal("secret") == "canary-3"


def test_an_outdated_version_is_refused(api, manager, address):
    client = api(manager)
    document = client.get(address).json()
    client.send("PUT", address, document)

    assert client.send("PUT", address, document).status_code == 409


@pytest.mark.parametrize(
    "variable",
    [
        {},
        {"Name": ""},
        {"Name": "A", "Scope": {"Environment": ["Environments-999"]}},
        {"Name": "A", "Scope": {"Environment": ["Projects-1"]}},
        {"Name": "A", "Scope": "everywhere"},
        {"Name": "A", "Value": ["x"]},
        {"Name": "A", "Type": "Nonsense"},
    ],
)
def test_bad_variables_are_refused(api, manager, address, variable):
    answer = api(manager).send("PUT", address, {"Version": 0, "Variables": [variable]})

    assert answer.status_code == 400
    assert answer.json()["Errors"]
    assert not Variable.objects.exists()


def test_strangers_find_no_set(api, outsider, viewer, address):
    assert api(outsider).get(address).status_code == 404
    assert api(viewer).get(address).status_code == 404  # a viewer sees no variables at all


def test_the_frozen_variables_of_a_release_are_shown_without_secrets(
    api, manager, address, project
):
    client = api(manager)
    client.send(
        "PUT",
        address,
        {"Version": 0, "Variables": [{"Name": "Key", "Value": "canary", "IsSensitive": True}]},
    )
    release = make_release(project)
    frozen = f"/api/Spaces-{project.space_id}/variables/{release.variables.wire_id}"

    answer = client.get(frozen)

    assert [v["Name"] for v in answer.json()["Variables"]] == ["Key"]
    assert "canary" not in answer.content.decode()


def test_names_and_preview_never_show_a_secret(api, manager, address, project, dev):
    client = api(manager)
    variables = [
        {"Name": "Key", "Value": "canary", "IsSensitive": True},
        {"Name": "Uses", "Value": "#{Key}!"},
    ]
    client.send("PUT", address, {"Version": 0, "Variables": variables})
    base = f"/api/Spaces-{project.space_id}/variables"

    assert client.get(f"{base}/names?project={project.wire_id}").json() == ["Key", "Uses"]
    preview = client.get(f"{base}/preview?project={project.wire_id}&environment={dev.wire_id}")
    assert preview.status_code == 200
    assert "canary" not in preview.content.decode()


def test_tags_of_tenants_limit_values_whatever_their_spelling(api, manager, address, space):
    make_tag_set(space, "Early", name="Ring")
    client = api(manager)
    document = client.get(address).json()
    assert {"Id": "Ring/Early", "Name": "Ring/Early"} in document["ScopeValues"]["TenantTags"]
    value = {"Name": "Colour", "Value": "red", "Scope": {"TenantTag": ["ring/EARLY"]}}

    saved = client.send("PUT", address, document | {"Variables": [value]}).json()

    assert saved["Variables"][0]["Scope"] == {"TenantTag": ["Ring/Early"]}
    assert Variable.objects.get().scope == {"tenant_tags": ["ring/early"]}
    unknown = value | {"Scope": {"TenantTag": ["Ring/Never"]}}
    refused = client.send("PUT", address, saved | {"Variables": [unknown]})
    assert refused.status_code == 400
    assert "There is no tag ring/never here." in refused.json()["Errors"]
