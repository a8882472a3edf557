"""Processes over the API. api-dialect.md 8.7, 6."""

import pytest

from deployments.models import Process
from tests.factories.deployments import make_project, make_release, package_step, script_step


@pytest.fixture
def project(space):
    return make_project(space, script_step("Say hello"), name="Shop")


@pytest.fixture
def address(project):
    return f"/api/Spaces-{project.space_id}/deploymentprocesses/{project.process.wire_id}"


def test_a_document_sent_back_as_it_was_changes_nothing_but_the_version(api, manager, address):
    client = api(manager)
    document = client.get(address).json()

    saved = client.send("PUT", address, document)

    assert saved.status_code == 200, saved.json()
    assert saved.json()["Steps"] == document["Steps"]
    assert saved.json()["Version"] == document["Version"] + 1


def test_new_steps_are_given_ids_and_known_ones_keep_theirs(api, manager, address):
    client = api(manager)
    document = client.get(address).json()
    action = {
        "name": "New",
        "ActionType": "Octopus.Script",
        "Properties": {
            "Octopus.Action.RunOnServer": True,
            "Octopus.Action.Script.ScriptSource": "Inline",
            "Octopus.Action.Script.Syntax": "Bash",
            "Octopus.Action.Script.ScriptBody": "echo",
            "Octopus.Action.AutoRetry.MaximumCount": "2",
            "Octopus.Action.ExecutionTimeout.Minutes": 5,
        },
    }
    document["Steps"].append({"Id": None, "Name": "New", "Actions": [action], "Links": {}})

    saved = client.send("PUT", address, document).json()

    assert [step["Name"] for step in saved["Steps"]] == ["Say hello", "New"]
    assert saved["Steps"][0]["Id"] == document["Steps"][0]["Id"]
    new = saved["Steps"][1]["Actions"][0]
    assert len(new["Id"]) == 36
    assert new["Properties"]["Octopus.Action.RunOnServer"] == "True"
    stored = Process.objects.get().parsed()[1].actions[0]
    assert (stored.retries, stored.timeout) == (2, 300)
    assert new["Properties"]["Octopus.Action.AutoRetry.MaximumCount"] == "2"


def test_a_package_named_only_in_properties_becomes_the_primary_one(api, manager, address):
    client = api(manager)
    properties = {
        "Octopus.Action.Package.PackageId": "Acme.Web",
        "Octopus.Action.Package.FeedId": "feeds-builtin",
    }
    action = {
        "Name": "Deploy",
        "ActionType": "Octopus.TentaclePackage",
        "Properties": properties,
    }
    step = {
        "Name": "Deploy",
        "Properties": {"Octopus.Action.TargetRoles": "web"},
        "Actions": [action],
    }

    saved = client.send("PUT", address, {"Version": 1, "Steps": [step]})

    [package] = saved.json()["Steps"][0]["Actions"][0]["Packages"]
    assert (package["Name"], package["PackageId"]) == ("", "Acme.Web")
    assert package["FeedId"] == "feeds-builtin"


@pytest.mark.promise("S2")
def test_a_secret_property_is_shown_as_there_and_kept(api, manager, address):
    client = api(manager)
    document = client.get(address).json()
    properties = document["Steps"][0]["Actions"][0]["Properties"]
    properties["Token"] = {"HasValue": True, "NewValue": "canary-5"}

    saved = client.send("PUT", address, document)
    assert "canary-5" not in saved.content.decode()
    shown = saved.json()["Steps"][0]["Actions"][0]["Properties"]["Token"]
    assert shown == {"HasValue": True, "NewValue": None, "Hint": None}

    sealed = Process.objects.get().parsed()[0].actions[0].sealed_properties["Token"]
    client.send("PUT", address, saved.json())
    assert Process.objects.get().parsed()[0].actions[0].sealed_properties["Token"] == sealed


def test_an_outdated_version_is_refused(api, manager, address):
    client = api(manager)
    document = client.get(address).json()
    client.send("PUT", address, document)

    again = client.send("PUT", address, document)

    assert again.status_code == 409
    assert "manager" in again.json()["Errors"][0]


@pytest.mark.parametrize(
    "steps",
    [
        "nothing",
        [{}],
        [{"Name": "x", "Actions": [{"Name": "x"}]}],
        [{"Name": "x", "Actions": [{"Name": "x", "ActionType": "Octopus.Magic"}]}],
        [{"Name": "x", "Condition": "Sometimes", "Actions": []}],
        [{"Name": "x", "Actions": [{"Name": "x", "ActionType": "y", "Properties": {"a": [1]}}]}],
        [{"Name": "x", "Actions": [{"Name": "x", "ActionType": "y", "Properties": {"a": "\0"}}]}],
        [
            {
                "Name": "x",
                "Actions": [{"Name": "x", "ActionType": "y", "Environments": ["Projects-1"]}],
            }
        ],
        [
            {
                "Name": "x",
                "Actions": [{"Name": "x", "ActionType": "y", "Packages": [{"FeedId": "?"}]}],
            }
        ],
    ],
)
def test_steps_that_make_no_sense_are_refused(api, manager, address, steps):
    answer = api(manager).send("PUT", address, {"Version": 1, "Steps": steps})

    assert answer.status_code == 400, answer.content
    assert answer.json()["Errors"]
    assert Process.objects.get().version == 1


def test_viewers_change_nothing_and_strangers_see_nothing(api, viewer, outsider, address):
    document = api(viewer).get(address).json()

    assert api(viewer).send("PUT", address, document).status_code == 403
    assert api(outsider).send("PUT", address, document).status_code == 404
    assert Process.objects.get().version == 1


def test_frozen_processes_are_shown_and_never_changed(api, manager, space, project):
    release = make_release(project)
    client = api(manager)
    address = f"/api/{space.wire_id}/deploymentprocesses/{release.process.wire_id}"

    document = client.get(address).json()

    assert document["Steps"][0]["Name"] == "Say hello"
    assert client.send("PUT", address, document).status_code == 404


def test_the_template_names_packages_and_the_next_version(api, manager, space):
    project = make_project(space, package_step("Acme.Web"), name="Web")
    address = f"/api/{space.wire_id}/deploymentprocesses/{project.process.wire_id}/template"

    document = api(manager).get(address).json()

    assert document["NextVersionIncrement"] == "0.0.1"
    assert [package["PackageId"] for package in document["Packages"]] == ["Acme.Web"]
