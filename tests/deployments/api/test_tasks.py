"""Tasks, interruptions and releases over the API. api-dialect.md 7.6, 8.18."""

import pytest

from deployments.core.states import TaskState
from deployments.models import Defect, Deployment, Interruption, ServerTask
from spaces.permissions import Permission
from tests.factories.deployments import (
    make_deployment,
    make_environment,
    make_lifecycle,
    make_project,
    make_release,
    make_target,
    make_task,
    script_step,
)
from tests.factories.spaces import grant, make_space, make_user


@pytest.fixture
def project(space):
    return make_project(space, name="Shop")


@pytest.fixture
def waiting(project, dev):
    """An approval that a running deployment waits for."""
    deployment = make_deployment(make_release(project), dev, TaskState.EXECUTING)
    ServerTask.objects.filter(pk=deployment.task_id).update(is_waiting=True)
    return Interruption.objects.create(
        space_id=deployment.space_id,
        task=deployment.task,
        kind=Interruption.Kind.MANUAL,
        title="Approve",
        choices=["Proceed", "Abort"],
    )


class TestPolling:
    """Clients ask again every second or so."""

    def test_nothing_is_sent_while_nothing_has_changed(self, api, manager, waiting):
        client = api(manager)
        address = f"/api/tasks/ServerTasks-{waiting.task_id}/details"
        first = client.get(address)

        again = client.get(address, headers={"If-None-Match": first["ETag"]})
        ServerTask.objects.filter(pk=waiting.task_id).update(error_message="Broken")
        changed = client.get(address, headers={"If-None-Match": first["ETag"]})

        assert (again.status_code, again.content) == (304, b"")
        assert changed.json()["Task"]["ErrorMessage"] == "Broken"

    def test_a_task_costs_two_queries(self, api, manager, waiting, django_assert_num_queries):
        client = api(manager)
        address = f"/api/tasks/ServerTasks-{waiting.task_id}"
        client.get(address)

        with django_assert_num_queries(2):
            client.get(address)


def test_an_approval_is_taken_and_answered(api, manager, waiting):
    client = api(manager)
    address = f"/api/Spaces-{waiting.space_id}/interruptions/{waiting.wire_id}"
    task = f"/api/tasks/ServerTasks-{waiting.task_id}"
    assert client.get(task).json()["HasPendingInterruptions"] is True
    assert client.get(f"{address}/responsible").status_code == 404

    early = client.send("POST", f"{address}/submit", {"Result": "Proceed"})
    assert early.status_code == 409
    taken = client.send("PUT", f"{address}/responsible")
    assert taken.json()["HasResponsibility"] is True
    assert client.get(f"{address}/responsible").json()["Username"] == "manager"
    answered = client.send(
        "POST", f"{address}/submit", {"Instructions": None, "Notes": "fine", "Result": "Proceed"}
    )

    assert answered.json()["IsPending"] is False
    assert answered.json()["Form"]["Values"]["Result"] == "Proceed"
    assert client.get(task).json()["HasPendingInterruptions"] is False


def test_pending_ones_are_found_by_what_they_regard(api, manager, waiting):
    client = api(manager)
    base = f"/api/Spaces-{waiting.space_id}/interruptions"

    for text, count in (
        (f"ServerTasks-{waiting.task_id}", 1),
        (waiting.task.deployment.wire_id, 1),
        ("ServerTasks-99999", 0),
        ("nonsense", 0),
    ):
        page = client.get(f"{base}?regarding={text}&pendingOnly=true").json()
        assert page["TotalResults"] == count


def test_whoever_may_only_look_answers_nothing(api, viewer, waiting):
    address = f"/api/Spaces-{waiting.space_id}/interruptions/{waiting.wire_id}"

    assert api(viewer).send("PUT", f"{address}/responsible").status_code == 403
    waiting.refresh_from_db()
    assert waiting.responsible_user is None


def test_tasks_are_filtered(api, manager, space, project, dev, waiting):
    client, base = api(manager), f"/api/{space.wire_id}/tasks"
    make_deployment(make_release(project), dev, TaskState.SUCCESS)
    make_task(space, kind="Health", description="Check the health of web-1")

    def names(query):
        return sorted(item["Name"] for item in client.get(f"{base}?{query}").json()["Items"])

    assert names("") == ["Deploy", "Deploy", "Health"]
    assert names("active=true") == ["Deploy", "Health"]
    assert names("states=Success,Failed") == ["Deploy"]
    assert names("name=health") == ["Health"]
    assert names("hasPendingInterruptions=true") == ["Deploy"]
    assert names(f"project={project.wire_id}") == ["Deploy", "Deploy"]
    assert names("project=Projects-999") == []
    assert names("partialName=web-1") == ["Health"]


def test_cancelling_a_finished_task_is_refused(api, manager, space):
    task = make_task(space, TaskState.SUCCESS)

    answer = api(manager).send("POST", f"/api/tasks/{task.wire_id}/cancel")

    assert answer.status_code == 400
    assert answer.json()["Errors"]


def test_one_client_spells_the_space_of_a_task_otherwise(api, manager, space):
    task = make_task(space)

    answer = api(manager).send(
        "POST", f"/api/spaces/{space.wire_id}/tasks/{task.wire_id}/cancel", {}
    )

    assert answer.json()["State"] == "Canceled"


@pytest.mark.promise("P2")
def test_tasks_without_a_space_in_the_address_are_those_one_may_see(api, outsider, space):
    task = make_task(space)
    client = api(outsider)

    for path in ("", "/details", "/raw", "/queued-behind"):
        assert client.get(f"/api/tasks/{task.wire_id}{path}").status_code == 404
    assert client.send("POST", f"/api/tasks/{task.wire_id}/cancel", {}).status_code == 404
    assert ServerTask.objects.get().state == "Queued"


def test_a_finished_task_is_judged_otherwise_with_a_reason(api, manager, viewer, space):
    task = make_task(space, TaskState.SUCCESS)
    address = f"/api/tasks/{task.wire_id}/state"

    assert api(viewer).send("POST", address, {"State": "Failed", "Reason": "x"}).status_code == 403
    assert api(manager).send("POST", address, {"State": "Failed"}).status_code == 400
    judged = api(manager).send("POST", address, {"State": "Failed", "Reason": "It was not."})

    assert judged.json()["State"] == "Failed"
    assert judged.json()["ErrorMessage"] == "It was not."


def test_a_health_check_can_be_asked_for(api, manager, space, dev):
    target = make_target(space, dev)

    answer = api(manager).send(
        "POST",
        f"/api/{space.wire_id}/tasks",
        {"Name": "Health", "Arguments": {"MachineIds": [target.wire_id]}},
    )

    assert answer.status_code == 201
    assert answer.json()["Arguments"] == {"MachineIds": [target.wire_id]}


def test_what_a_task_waits_behind_shows_only_what_one_may_see(api, space, project, dev):
    ahead = make_task(space, TaskState.EXECUTING, concurrency_tag="x", description="Secret")
    behind = make_task(space, concurrency_tag="x", project=project, environment=dev)
    user = make_user()
    grant(user, [Permission.TASK_VIEW, Permission.PROJECT_VIEW], space, projects=[project.pk])

    page = api(user).get(f"/api/{space.wire_id}/tasks/{behind.wire_id}/queued-behind").json()

    assert page["TotalResults"] == 0
    assert ahead.description not in str(page)


def test_a_release_is_blocked_and_let_go(api, manager, viewer, space, project):
    address = f"/api/{space.wire_id}/releases/{make_release(project).wire_id}"
    client = api(manager)

    assert api(viewer).send("POST", f"{address}/defects", {"Description": "x"}).status_code == 403
    reported = client.send("POST", f"{address}/defects", {"Description": "It leaks."})
    assert (reported.status_code, reported.json()["Status"]) == (201, "Unresolved")
    resolved = client.send("POST", f"{address}/defects/resolve")
    assert resolved.json()["Status"] == "Resolved"
    assert Defect.objects.get().resolved_by == "manager"


def test_only_the_notes_of_a_deployed_release_change(api, manager, space, project, dev):
    release = make_release(project, "1.0.0")
    make_deployment(release, dev)
    address = f"/api/{space.wire_id}/releases/{release.wire_id}"
    client = api(manager)
    document = client.get(address).json()

    noted = client.send("PUT", address, {**document, "ReleaseNotes": "Now faster."})
    renamed = client.send("PUT", address, {**document, "Version": "2.0.0"})

    assert noted.json()["ReleaseNotes"] == "Now faster."
    assert renamed.status_code == 400
    assert client.delete(address).status_code == 409
    assert client.delete(f"{address}?confirmed=true").status_code == 200


def test_older_clients_create_releases_and_deployments_by_id(api, manager, space, dev):
    make_target(space, dev)
    project = make_project(space, script_step("Say hello"), name="Old")
    client, base = api(manager), f"/api/{space.wire_id}"

    release = client.send(
        "POST", f"{base}/releases", {"ProjectId": project.wire_id, "Version": "3.0.0"}
    )
    assert release.status_code == 201, release.json()
    body = {
        "ReleaseId": release.json()["Id"],
        "EnvironmentId": dev.wire_id,
        "SpecificMachineIds": None,
        "FormValues": None,
        "TenantId": None,
    }
    deployment = client.send("POST", f"{base}/deployments", body)
    assert deployment.status_code == 201, deployment.json()
    assert deployment.json()["TaskId"].startswith("ServerTasks-")
    again = client.send(
        "POST", f"{base}/deployments", {**body, "SpecificMachineIds": ["Machines-9"]}
    )
    assert again.status_code == 400
    assert Deployment.objects.count() == 1


def test_a_release_is_found_by_its_version(api, manager, space, project):
    release = make_release(project, "1.2.3-beta")

    found = api(manager).get(f"/api/{space.wire_id}/projects/Shop/releases/1.2.3-BETA")

    assert found.json()["Id"] == release.wire_id


def test_promotion_targets_are_those_the_lifecycle_opens(
    api, manager, space, project, dev, production
):
    release = make_release(project)
    address = f"/api/{space.wire_id}/releases/{release.wire_id}/deployments/template"
    client = api(manager)

    assert [e["Name"] for e in client.get(address).json()["PromoteTo"]] == ["Development"]
    make_deployment(release, dev, TaskState.SUCCESS)
    assert [e["Name"] for e in client.get(address).json()["PromoteTo"]] == [
        "Development",
        "Production",
    ]


def test_kinds_that_do_not_exist_yet_are_empty_lists(api, manager, space):
    client, base = api(manager), f"/api/{space.wire_id}"

    for kind in ("workers", "certificates", "subscriptions"):
        page = client.get(f"{base}/{kind}?take=2147483647").json()
        assert (page["TotalResults"], page["Items"]) == (0, [])
        assert client.get(f"{base}/{kind}/all").json() == []
        assert client.get(f"{base}/{kind}/Nothing-1").status_code == 404


class TestQueries:
    """Lists cost the same however long they are."""

    @pytest.fixture
    def count(self, api, manager):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        client = api(manager)
        client.get("/api/dashboard")  # rights are cached from here on

        def queries(path):
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(path)
            assert answer.status_code == 200, answer.content
            return len(captured)

        return queries

    @pytest.mark.parametrize(
        "kind",
        [
            "releases",
            "deployments",
            "tasks",
            "environments",
            "projects",
            "machines",
            "lifecycles",
            "packages",
            "channels",
            "dashboard",
            "interruptions",
            "projects/Shop/progression",
        ],
    )
    def test_lists_cost_the_same_for_one_and_for_many(
        self, count, space, project, dev, waiting, kind
    ):
        from tests.factories.deployments import make_package

        def more(number):
            for _ in range(number):
                make_target(space, dev)
                make_lifecycle(space)
                make_package(space, f"Package{ServerTask.objects.count()}")
                release = make_release(project)
                make_project(space)
                task = make_deployment(release, dev, TaskState.EXECUTING).task
                Interruption.objects.create(
                    space=space,
                    task=task,
                    kind=Interruption.Kind.MANUAL,
                    title="Approve",
                    choices=["Proceed"],
                )

        more(1)
        path = f"/api/{space.wire_id}/{kind}"
        one = count(path)

        more(4)
        assert count(path) <= one

    def test_polling_costs_three_queries(self, count, space, waiting):
        path = f"/api/{space.wire_id}/tasks?ids=ServerTasks-{waiting.task_id}&skip=0&take=300"

        assert count(path) <= 3


def test_environments_of_spaces_never_meet(api, manager, space, dev):
    other = make_space()
    make_environment(other, name="Elsewhere")

    page = api(manager).get(f"/api/{space.wire_id}/environments?take=2147483647").json()

    assert [item["Name"] for item in page["Items"]] == ["Development"]
