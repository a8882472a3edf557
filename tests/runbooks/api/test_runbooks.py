"""Runbooks over the API: written, frozen, published and run, as Terraform, plug-ins and command lines do."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runbooks.models import Runbook, RunbookRun, RunbookSnapshot
from tests.factories.deployments import make_package, make_project, package_step
from tests.factories.runbooks import make_run, make_runbook, make_snapshot
from tests.factories.spaces import actor_for, grant, make_user
from tests.factories.tenants import make_tag_set, make_tenant

STEP = {
    "Name": "Restart",
    "Properties": {"Octopus.Action.TargetRoles": "web"},
    "Actions": [
        {
            "Name": "Restart",
            "ActionType": "Octopus.Script",
            "Properties": {
                "Octopus.Action.Script.ScriptBody": "systemctl restart shop",
                "Octopus.Action.Script.Syntax": "Bash",
            },
        }
    ],
}


@pytest.fixture
def base(space):
    return f"/api/{space.wire_id}"


@pytest.fixture
def client(api, producer):
    return api(producer)


@pytest.fixture
def restart(project):
    return make_runbook(project, name="Restart", allow_no_targets=True)


def test_the_whole_road_from_nothing_to_a_run(api, manager, base, project, dev):
    client = api(manager)  # steps need ProcessEdit too, which producers lack
    made = client.send(
        "POST", f"{base}/runbooks", {"Name": "Restart", "ProjectId": project.wire_id}
    ).json()
    process = client.get(f"{base}/runbookProcesses/{made['RunbookProcessId']}").json()
    saved = client.send(
        "PUT", f"{base}/runbookProcesses/{process['Id']}", process | {"Steps": [STEP]}
    )
    assert saved.status_code == 200, saved.content
    assert saved.json()["Version"] == process["Version"] + 1

    snapshot = client.send(
        "POST",
        f"{base}/runbookSnapshots?publish=true",
        {"ProjectId": project.wire_id, "RunbookId": made["Id"], "Name": "First"},
    ).json()
    shown = client.get(f"{base}/runbooks/{made['Id']}").json()
    assert shown["PublishedRunbookSnapshotId"] == snapshot["Id"]
    frozen = client.get(f"{base}/runbookProcesses/{snapshot['FrozenRunbookProcessId']}").json()
    assert [step["Name"] for step in frozen["Steps"]] == ["Restart"]

    answer = client.send(
        "POST",
        f"{base}/runbook-runs/create/v1",
        {"ProjectName": "Shop", "RunbookName": "restart", "EnvironmentNames": ["Development"]},
    )
    assert answer.status_code == 201, answer.content
    queued = answer.json()["RunbookRunServerTasks"]
    run = client.get(f"{base}/runbookRuns/{queued[0]['RunbookRunId']}").json()
    assert (run["RunbookId"], run["TaskId"]) == (made["Id"], queued[0]["ServerTaskId"])
    assert run["RunbookSnapshotId"] == snapshot["Id"]


def test_steps_of_somebody_else_are_not_overwritten(api, manager, base, restart):
    client = api(manager)
    address = f"{base}/runbookProcesses/{restart.process.wire_id}"
    process = client.get(address).json()
    client.send("PUT", address, process)

    late = client.send("PUT", address, process | {"Steps": []})

    assert late.status_code == 409
    assert client.get(address).json()["Steps"] != []


def test_frozen_steps_cannot_be_edited(client, base, restart):
    address = f"{base}/runbookProcesses/{restart.published.process.wire_id}"
    document = client.get(address).json()

    assert client.send("PUT", address, document).status_code == 404


def test_settings_are_kept_as_they_were_sent_back(client, base, restart, dev):
    address = f"{base}/runbooks/{restart.wire_id}"
    before = client.get(address).json()
    changes = {
        "Description": "After a crash.",
        "EnvironmentScope": "Specified",
        "Environments": [dev.wire_id],
        "RunRetentionPolicy": {"QuantityToKeep": 7, "ShouldKeepForever": False},
    }

    after = client.send("PUT", address, before | changes).json()

    assert after["Environments"] == [dev.wire_id]
    assert after["RunRetentionPolicy"]["QuantityToKeep"] == 7
    assert after["PublishedRunbookSnapshotId"] == before["PublishedRunbookSnapshotId"]
    forever = {"RunRetentionPolicy": {"Strategy": "Forever"}}
    kept = client.send("PUT", address, after | forever).json()["RunRetentionPolicy"]
    assert kept["ShouldKeepForever"] is True
    assert client.send("PUT", address, after | {"RunRetentionPolicy": kept}).status_code == 200
    restart.refresh_from_db()
    assert restart.runs_kept is None


def test_publishing_by_the_document(client, base, project, restart):
    second = make_snapshot(restart, "Second")
    address = f"{base}/runbooks/{restart.wire_id}"
    document = client.get(address).json()

    def published(snapshot_id):
        changed = document | {"PublishedRunbookSnapshotId": snapshot_id}
        return client.send("PUT", address, changed)

    assert published(second.wire_id).json()["PublishedRunbookSnapshotId"] == second.wire_id
    assert published(None).json()["PublishedRunbookSnapshotId"] is None
    strange = make_runbook(project, name="Other").published
    refused = published(strange.wire_id)
    assert refused.status_code == 400
    assert "not of this runbook" in str(refused.json())


def test_a_runbook_stays_in_its_project(client, base, space, restart):
    address = f"{base}/runbooks/{restart.wire_id}"
    other = make_project(space, name="Other")
    document = client.get(address).json() | {"ProjectId": other.wire_id}

    assert client.send("PUT", address, document).status_code == 400
    clone = client.send("POST", f"{base}/runbooks?clone={restart.wire_id}", document)
    assert clone.status_code == 400


def test_a_copy_has_the_steps_but_nothing_published(client, base, restart):
    document = client.get(f"{base}/runbooks/{restart.wire_id}").json()

    copy = client.send(
        "POST", f"{base}/runbooks?clone={restart.wire_id}", document | {"Name": "Copy"}
    ).json()

    assert copy["PublishedRunbookSnapshotId"] is None
    process = client.get(f"{base}/runbookProcesses/{copy['RunbookProcessId']}").json()
    assert len(process["Steps"]) == 1


def test_addresses_below_a_project_show_only_what_is_the_projects(client, base, space, restart):
    other = make_project(space, name="Other")
    elsewhere = make_runbook(other, name="Elsewhere")
    project = f"{base}/projects/{restart.project.slug}"

    names = [row["Name"] for row in client.get(f"{project}/runbooks").json()["Items"]]
    assert names == ["Restart"]
    assert client.get(f"{project}/runbooks/restart").json()["Id"] == restart.wire_id
    assert client.get(f"{project}/runbooks/{elsewhere.wire_id}").status_code == 404
    snapshots = client.get(f"{project}/runbookSnapshots").json()["Items"]
    assert [row["RunbookId"] for row in snapshots] == [restart.wire_id]
    process = elsewhere.process.wire_id
    assert client.get(f"{project}/runbookProcesses/{process}").status_code == 404
    frozen = elsewhere.published.process.wire_id
    assert client.get(f"{project}/runbookProcesses/{frozen}").status_code == 404
    assert client.get(f"{project}/runbookProcesses/{restart.process.wire_id}").status_code == 200


def test_a_runbook_is_made_in_the_project_of_the_address(client, base, space, project):
    other = make_project(space, name="Other")
    address = f"{base}/projects/{project.wire_id}/runbooks"

    made = client.send("POST", address, {"Name": "Restart"}).json()
    assert made["ProjectId"] == project.wire_id
    strange = client.send("POST", address, {"Name": "Stop", "ProjectId": other.wire_id})
    assert strange.status_code == 400
    assert client.send("POST", f"{base}/runbooks", {"Name": "Stop"}).status_code == 400
    assert client.delete(f"{address}/{made['Id']}").status_code == 200
    assert not Runbook.objects.exists()


def test_a_snapshot_of_another_projects_runbook_is_not_taken(client, base, space, restart):
    other = make_project(space, name="Other")

    for path in ("runbookSnapshots", f"projects/{other.slug}/runbookSnapshots"):
        answer = client.send(
            "POST", f"{base}/{path}", {"RunbookId": restart.wire_id, "ProjectId": other.wire_id}
        )
        assert answer.status_code == 400
    assert RunbookSnapshot.objects.filter(runbook=restart).count() == 1


def test_a_snapshot_holds_the_versions_that_were_chosen(client, base, space, project):
    for version in ("1.0.0", "2.0.0"):
        make_package(space, version=version)
    runbook = make_runbook(project, package_step("Acme.Web"), publish=False)
    template = client.get(f"{base}/runbooks/{runbook.wire_id}/runbookSnapshotTemplate").json()
    chosen = [{"ActionName": template["Packages"][0]["ActionName"], "Version": "1.0.0"}]

    made = client.send(
        "POST",
        f"{base}/runbookSnapshots",
        {
            "ProjectId": project.wire_id,
            "RunbookId": runbook.wire_id,
            "Name": template["NextNameIncrement"],
            "SelectedPackages": chosen,
        },
    ).json()

    assert made["SelectedPackages"][0]["Version"] == "1.0.0"
    address = f"{base}/runbookSnapshots/{made['Id']}"
    renamed = client.send("PUT", address, made | {"Name": "Renamed"}).json()
    assert renamed["Name"] == "Renamed"
    newer = [made["SelectedPackages"][0] | {"Version": "2.0.0"}]
    refused = client.send("PUT", address, made | {"SelectedPackages": newer})
    assert "frozen" in str(refused.json())
    assert client.send("PUT", f"{address}?publish=true", made).status_code == 200
    runbook.refresh_from_db()
    assert runbook.published.wire_id == made["Id"]


def test_previews_say_where_and_what(client, base, restart, dev, production):
    restart.environment_scope = Runbook.EnvironmentScope.SPECIFIED
    restart.save()
    restart.environments.create(space=restart.space, environment=dev)

    template = client.get(f"{base}/runbooks/{restart.wire_id}/runbookRunTemplate").json()

    assert [place["Name"] for place in template["PromoteTo"]] == ["Development"]
    address = template["PromoteTo"][0]["Links"]["Preview"].partition("{")[0]
    steps = client.get(address).json()["StepsToExecute"]
    assert [step["ActionName"] for step in steps] == [restart.published.steps[0].actions[0].name]
    snapshot = f"{base}/runbookSnapshots/{restart.published.wire_id}/runbookRuns"
    assert client.get(f"{snapshot}/template").json()["PromoteTo"][0]["Id"] == dev.wire_id
    assert client.get(f"{snapshot}/preview/{dev.wire_id}").json()["StepsToExecute"] == steps
    assert client.get(f"{snapshot}/preview/Environments-999").status_code == 404


class TestRunning:
    @pytest.fixture
    def run(self, client, base):
        def run(**given):
            body = {
                "ProjectName": "Shop",
                "RunbookName": "Restart",
                "EnvironmentNames": ["Development"],
            }
            return client.send("POST", f"{base}/runbook-runs/create/v1", body | given)

        return run

    def test_every_place_has_a_run_of_its_own(self, run, restart, dev, production):
        answer = run(EnvironmentNames=["Development", "Production"], Comments="Now")

        assert len(answer.json()["RunbookRunServerTasks"]) == 2
        runs = RunbookRun.objects.all()
        assert {str(row.environment) for row in runs} == {"Development", "Production"}
        assert {row.comments for row in runs} == {"Now"}

    def test_all_or_nothing_with_every_reason(self, run, restart, dev, production):
        restart.environment_scope = Runbook.EnvironmentScope.SPECIFIED
        restart.save()
        restart.environments.create(space=restart.space, environment=dev)

        answer = run(EnvironmentNames=["Development", "Production"])

        assert answer.status_code == 400
        assert "does not run in Production" in str(answer.json())
        assert not RunbookRun.objects.exists()

    def test_nothing_published_is_told_and_a_snapshot_can_be_named(self, run, project, dev):
        runbook = make_runbook(project, name="Restart", publish=False, allow_no_targets=True)
        refused = run()
        assert refused.status_code == 400
        assert "published" in str(refused.json())

        snapshot = make_snapshot(runbook, "Trial")
        for text in ("trial", snapshot.wire_id):
            assert run(Snapshot=text).status_code == 201
        assert run(Snapshot="Nothing").status_code == 404

    def test_unknown_names_are_named(self, run, restart, dev):
        for given, named in (
            ({"RunbookName": "Stop"}, "Stop"),
            ({"ProjectName": "Shed"}, "Shed"),
            ({"EnvironmentNames": ["Moon"]}, "Moon"),
            ({"SkipStepNames": ["Jump"]}, "Jump"),
            ({"Tenants": ["Nobody"]}, "Nobody"),
        ):
            answer = run(**given)
            assert answer.status_code == 404, given
            assert named in str(answer.json())
        for empty in ([], ["", "  "]):
            assert run(EnvironmentNames=empty).status_code == 400

    def test_tenants_by_name_and_by_tag(self, run, space, project, dev):
        make_runbook(project, name="Restart", allow_no_targets=True, tenanted_mode="Tenanted")
        early = make_tag_set(space, "Early", name="Ring").tags.get()
        acme = make_tenant(space, "Acme", connect={project: [dev]}, tags=[early])
        make_tenant(space, "Late", connect={project: [dev]})

        assert (
            run(Tenants=["", "  "]).status_code == 400
        )  # blanks are nobody, and it is for tenants
        assert run(Tenants=["Acme", ""]).status_code == 201
        assert run(TenantTags=["Ring/Early"]).status_code == 201
        assert {row.tenant for row in RunbookRun.objects.select_related("tenant")} == {acme}

    def test_a_consumer_runs_what_is_published_and_nothing_else(
        self, api, base, consumer, restart, dev
    ):
        draft = make_snapshot(restart, "Draft")
        body = {
            "ProjectName": "Shop",
            "RunbookName": "Restart",
            "EnvironmentNames": ["Development"],
        }
        client = api(consumer)

        assert client.send("POST", f"{base}/runbook-runs/create/v1", body).status_code == 201
        named = client.send(
            "POST", f"{base}/runbook-runs/create/v1", body | {"Snapshot": draft.name}
        )
        assert named.status_code == 400
        assert "published" in str(named.json())
        edited = client.send("POST", f"{base}/runbook-runs/git/create/v1", body)
        assert edited.status_code == 403

    def test_what_is_edited_now_runs_without_being_published(self, client, base, restart, dev):
        body = {
            "ProjectName": "Shop",
            "RunbookName": "Restart",
            "EnvironmentNames": ["Development"],
        }

        answer = client.send("POST", f"{base}/runbook-runs/git/create/v1", body)

        assert answer.status_code == 201, answer.content
        assert RunbookRun.objects.get().snapshot != restart.published
        git = client.send("POST", f"{base}/runbook-runs/git/create/v1", body | {"GitRef": "main"})
        assert git.status_code == 400
        assert "version-controlled" in str(git.json())

    def test_older_clients_name_ids(self, client, base, restart, dev, production):
        one = client.send(
            "POST",
            f"{base}/runbookRuns",
            {"RunbookId": restart.wire_id, "EnvironmentId": dev.wire_id},
        )
        assert one.status_code == 201, one.content
        both = client.send(
            "POST",
            f"{base}/runbooks/{restart.wire_id}/run",
            {
                "EnvironmentIds": [dev.wire_id, production.wire_id],
                "RunbookSnapshotId": restart.published.wire_id,
            },
        ).json()
        assert [row["EnvironmentId"] for row in both] == [dev.wire_id, production.wire_id]
        nothing = client.send("POST", f"{base}/runbookRuns", {"EnvironmentId": dev.wire_id})
        assert nothing.status_code == 400

    def test_finished_runs_can_be_deleted(self, api, manager, base, restart, dev):
        run = make_run(restart, dev)
        client = api(manager)

        assert client.delete(f"{base}/runbookRuns/{run.wire_id}").status_code == 200
        assert client.get(f"{base}/runbookRuns/{run.wire_id}").status_code == 404


def test_lists_cost_the_same_however_long_they_are(api, manager, base, space, project, dev):
    client = api(manager)

    def queries(path):
        with CaptureQueriesContext(connection) as found:
            assert client.get(f"{base}/{path}").status_code == 200
        return len(found)

    paths = ("runbooks", "runbookSnapshots", "runbookRuns", "runbookProcesses")
    first = make_runbook(project)
    make_run(first, dev)
    client.get(f"{base}/runbooks")  # what is asked once is asked here
    few = {path: queries(path) for path in paths}
    for _ in range(3):
        make_run(make_runbook(project), dev)

    assert {path: queries(path) for path in paths} == few


def test_nobody_sees_runs_of_environments_that_are_not_theirs(
    api, base, space, project, restart, dev, production
):
    user = make_user()
    grant(user, "runbookconsumer", space, environments=[dev.pk])
    for environment in (dev, production):
        make_run(restart, environment)

    shown = api(actor_for(user)).get(f"{base}/runbookRuns").json()["Items"]

    assert [row["EnvironmentId"] for row in shown] == [dev.wire_id]
