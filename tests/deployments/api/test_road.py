"""The road of a build server: push, create, deploy, wait, read. api-dialect.md 7.1, 7.5, 7.6."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from deployments.core.states import TaskState
from deployments.models import Deployment, Package, Release, ServerTask, Tenant
from tests.factories.deployments import (
    make_deployment,
    make_package,
    make_project,
    make_release,
    make_target,
    package_step,
    zip_bytes,
)
from tests.factories.tenants import make_tag_set, make_tenant

BASE = "/api/Spaces-{}"


@pytest.fixture
def base(space):
    return f"/api/{space.wire_id}"


def upload(client, base, name="Acme.Web.1.0.0.zip", content=None, field="fileToUpload", **query):
    file = SimpleUploadedFile(name, zip_bytes() if content is None else content)
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    return client.post(f"{base}/packages/raw?{asked}", {field: file})


def test_the_whole_road(api, base, space, manager, dev, django_capture_on_commit_callbacks):
    client = api(manager)
    make_target(space, dev)
    make_project(space, package_step("Acme.Web"), name="Web Shop")

    assert upload(client, base).status_code == 201
    created = client.send(
        "POST", f"{base}/releases/create/v1", {"ProjectName": "web shop", "ReleaseVersion": "1.2.0"}
    )
    assert created.status_code == 201, created.json()
    assert created.json()["ReleaseVersion"] == "1.2.0"
    with django_capture_on_commit_callbacks() as rings:
        deployed = client.send(
            "POST",
            f"{base}/deployments/create/untenanted/v1",
            {
                "spaceName": "Main",
                "projectName": "web-shop",
                "ReleaseVersion": "1.2.0",
                "EnvironmentNames": ["development"],
            },
        )
    assert deployed.status_code == 201, deployed.json()
    assert rings
    [queued] = deployed.json()["DeploymentServerTasks"]
    page = client.get(f"{base}/tasks?ids={queued['ServerTaskId']}&skip=0&take=300").json()
    [task] = page["Items"]
    assert (task["State"], task["IsCompleted"], task["FinishedSuccessfully"]) == (
        "Queued",
        False,
        False,
    )
    assert task["Arguments"] == {"DeploymentId": queued["DeploymentId"]}
    details = client.get(f"/api/tasks/{queued['ServerTaskId']}/details").json()
    assert details["ActivityLogs"][0]["Status"] == "Pending"
    canceled = client.send("POST", f"/api/tasks/{queued['ServerTaskId']}/cancel", {})
    assert canceled.json()["State"] == "Canceled"


@pytest.mark.parametrize("field", ["fileToUpload", "file", "package"])
def test_the_field_of_an_upload_may_be_called_anything(api, base, manager, field):
    answer = upload(api(manager), base, field=field)

    assert answer.status_code == 201
    assert answer.json()["Id"] == "packages-Acme.Web.1.0.0"
    assert answer.json()["FileExtension"] == ".zip"


def test_a_raw_body_is_taken_too(api, base, manager):
    answer = api(manager).post(
        f"{base}/packages/raw",
        zip_bytes(),
        content_type="application/octet-stream",
        headers={"Content-Disposition": 'attachment; filename="Acme.Web.2.0.0.zip"'},
    )

    assert answer.status_code == 201
    assert answer.json()["Version"] == "2.0.0"


def test_equal_bytes_again_are_fine_and_other_bytes_are_not(api, base, manager):
    client = api(manager)
    upload(client, base)

    assert upload(client, base).status_code == 200
    other = upload(client, base, content=zip_bytes(a="other"))
    assert other.status_code == 409
    assert other.json()["Errors"]
    kept = upload(client, base, content=zip_bytes(a="other"), overwriteMode="IgnoreIfExists")
    assert kept.status_code == 200
    assert Package.objects.count() == 1
    replaced = upload(client, base, content=zip_bytes(a="x"), overwriteMode="OverwriteExisting")
    assert replaced.status_code == 200
    assert replaced.json()["Hash"] == Package.objects.get().sha1


def test_a_package_in_a_release_is_never_replaced(api, base, manager, space):
    client = api(manager)
    make_package(space)
    make_release(make_project(space, package_step("Acme.Web")))

    answer = upload(client, base, content=zip_bytes(a="other"), overwriteMode="OverwriteExisting")

    assert answer.status_code == 409
    assert "is part of" in answer.json()["Errors"][0]


@pytest.mark.promise("S14")
@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("Acme.Web.zip", None, 400),
        ("Acme.Web.1.0.0.exe", None, 400),
        ("Acme.Web.1.0.0.zip", b"", 400),
        ("Acme.Web.1.0.0.zip", b"PK not an archive", 400),
        ("Acme.Web.1.0.0.zip", zip_bytes()[:-20], 400),
        ("Acme.Web.1.0.0.zip", zip_bytes(**{"../evil": "x"}), 400),
        ("Acme.Web.1.0.0.zip", zip_bytes(**{"/etc/passwd": "x"}), 400),
        ("-x.1.0.0.zip", None, 400),
    ],
)
def test_bad_packages_leave_nothing(api, base, manager, name, content, status):
    answer = upload(api(manager), base, name=name, content=content)

    assert answer.status_code == status, answer.json()
    assert answer.json()["ErrorMessage"]
    assert not Package.objects.exists()


def test_without_permission_no_package_is_taken(api, base, viewer, outsider):
    assert upload(api(viewer), base).status_code == 403
    assert upload(api(outsider), base).status_code == 404
    assert upload(api(), base).status_code == 401
    assert not Package.objects.exists()


def test_a_missing_file_is_said(api, base, manager):
    answer = api(manager).post(f"{base}/packages/raw", {"fileToUpload": "no file"})

    assert answer.status_code == 400
    assert "holds no file" in answer.json()["Errors"][0]


def test_nuget_clients_push_with_their_own_header(api, base, manager, space):
    nuspec = (
        "<package><metadata><id>Acme.Lib</id><version>3.1.0</version>"
        "<description>A library</description></metadata></package>"
    )
    key = api(manager).key
    client = api()
    body = zip_bytes(**{"Acme.Lib.nuspec": nuspec, "lib/a.dll": "x"})
    file = SimpleUploadedFile("package.nupkg", body)
    from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

    answer = client.put(
        "/nuget/packages",
        encode_multipart(BOUNDARY, {"package": file}),
        content_type=MULTIPART_CONTENT,
        headers={"X-NuGet-ApiKey": key},
    )

    assert answer.status_code == 201, answer.content
    package = Package.objects.get()
    assert (package.package_id, package.version) == ("Acme.Lib", "3.1.0")
    assert package.description == "A library"


def test_a_release_that_exists_is_409_or_the_existing_one(api, base, manager, space):
    client = api(manager)
    make_project(space, name="Shop")
    body = {"ProjectName": "Shop", "ReleaseVersion": "1.0.0"}
    first = client.send("POST", f"{base}/releases/create/v1", body)

    again = client.send("POST", f"{base}/releases/create/v1", body)
    asked = client.send(
        "POST", f"{base}/releases/create/v1", {**body, "IgnoreIfAlreadyExists": True}
    )

    assert (first.status_code, again.status_code, asked.status_code) == (201, 409, 200)
    assert "1.0.0" in " ".join(again.json()["Errors"])
    assert asked.json()["ReleaseId"] == first.json()["ReleaseId"]
    assert Release.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 400, "ProjectName"),
        ({"ProjectName": "Nothing"}, 404, "project 'Nothing'"),
        ({"ProjectName": "Shop", "ChannelName": "Nothing"}, 404, "channel 'Nothing'"),
        ({"ProjectName": "Shop", "ReleaseVersion": "not a version"}, 400, "not a version"),
        ({"ProjectName": "Shop", "Packages": ["x"]}, 400, "cannot be read"),
        ({"ProjectName": "Shop", "PackageVersion": "9.9"}, 400, "9.9"),
        ({"ProjectName": ["Shop"]}, 400, "ProjectName"),
    ],
)
def test_bad_release_commands_say_what_is_wrong(api, base, manager, space, body, status, said):
    make_package(space)
    make_project(space, package_step("Acme.Web"), name="Shop")

    answer = api(manager).send("POST", f"{base}/releases/create/v1", body)

    assert answer.status_code == status
    assert said in str(answer.json())
    assert not Release.objects.exists()


def test_all_reasons_against_a_deployment_come_together_and_nothing_is_queued(
    api, base, manager, space, dev, production
):
    project = make_project(space, name="Shop")
    make_release(project, version="1.0.0")

    answer = api(manager).send(
        "POST",
        f"{base}/deployments/create/untenanted/v1",
        {
            "ProjectName": "Shop",
            "ReleaseVersion": "1.0.0",
            "EnvironmentNames": ["Development", "Production"],
        },
    )

    assert answer.status_code == 400
    assert len(answer.json()["Errors"]) >= 2  # the lifecycle, and no targets
    assert not ServerTask.objects.exists()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"EnvironmentNames": []}, 400),
        ({"EnvironmentNames": [" "]}, 400),
        ({"EnvironmentNames": ["Nowhere"]}, 404),
        ({"ReleaseVersion": "9.9"}, 404),
        ({"SkipStepNames": ["Nothing"]}, 404),
        ({"SpecificMachineNames": ["Nothing"]}, 404),
        ({"RunAt": "yesterday"}, 400),
        ({"Variables": {"x": 1}}, 201),
    ],
)
def test_deployment_commands_resolve_names(api, base, manager, space, dev, change, status):
    make_target(space, dev)
    make_release(make_project(space, name="Shop"), version="1.0.0")
    fine = {"ProjectName": "Shop", "ReleaseVersion": "1.0.0", "EnvironmentNames": ["Development"]}

    answer = api(manager).send(
        "POST", f"{base}/deployments/create/untenanted/v1", {**fine, **change}
    )

    assert answer.status_code == status, answer.json()
    assert Deployment.objects.exists() is (status == 201)


class TestTenanted:
    """Command 7.5.3: one environment, tenants by name, id or tag."""

    @pytest.fixture
    def shop(self, space, dev):
        target = make_target(space, dev)
        target.tenanted_participation, target.tenant_tags = "Tenanted", ["Ring/Alpha", "Ring/Beta"]
        target.save()
        project = make_project(space, name="Shop", tenanted_mode="Tenanted")
        make_release(project, version="1.0.0")
        return project

    @pytest.fixture
    def deploy(self, api, base, manager, space, shop, dev):
        alpha, beta = make_tag_set(space, "Alpha", "Beta", name="Ring").tags.all()
        make_tenant(space, "Acme", tags=[alpha], connect={shop: [dev]})
        make_tenant(space, "Bolt", tags=[beta], connect={shop: [dev]})
        make_tenant(space, "Coil", tags=[alpha])
        make_tenant(space, "Down", tags=[alpha], connect={shop: [dev]}, is_disabled=True)

        def send(**given):
            body = {
                "ProjectName": "Shop",
                "ReleaseVersion": "1.0.0",
                "EnvironmentName": "Development",
                **given,
            }
            return api(manager).send("POST", f"{base}/deployments/create/tenanted/v1", body)

        return send

    @pytest.mark.parametrize(
        ("given", "tenants"),
        [
            ({"Tenants": ["Acme", "acme", ""]}, ["Acme"]),
            ({"TenantTags": ["Ring/Alpha"]}, ["Acme"]),
            ({"TenantTags": ["ring/alpha", "Ring/Beta"]}, ["Acme", "Bolt"]),
            ({"Tenants": ["Bolt"], "TenantTags": ["Ring/Alpha"]}, ["Acme", "Bolt"]),
        ],
    )
    def test_names_and_tags_are_united(self, deploy, given, tenants):
        answer = deploy(**given)

        assert answer.status_code == 201, answer.content
        rows = Deployment.objects.select_related("tenant", "task")
        assert sorted(row.tenant.name for row in rows) == tenants
        told = {row["ServerTaskId"] for row in answer.json()["DeploymentServerTasks"]}
        assert told == {row.task.wire_id for row in rows}

    @pytest.mark.parametrize(
        ("given", "status", "reason"),
        [
            ({}, 400, "at least one tenant"),
            ({"Tenants": [" "], "TenantTags": None}, 400, "at least one tenant"),
            ({"Tenants": ["Nobody"]}, 404, "tenant 'Nobody'"),
            ({"TenantTags": ["Ring/Gamma"]}, 404, "tenant tag 'Ring/Gamma'"),
            ({"Tenants": ["Acme", "Coil"]}, 400, "Coil is not connected to Shop"),
            ({"Tenants": ["Down"]}, 400, "Down is disabled"),
        ],
    )
    def test_a_refusal_says_why_and_deploys_nothing(self, deploy, given, status, reason):
        answer = deploy(**given)

        assert (answer.status_code, reason in answer.content.decode().replace("\\u0027", "'")) == (
            status,
            True,
        ), answer.content
        assert not Deployment.objects.exists()

    def test_older_clients_name_one_tenant_by_id(self, api, base, manager, deploy, shop, dev):
        acme = Tenant.objects.get(name="Acme")
        body = {
            "ReleaseId": shop.releases.get().wire_id,
            "EnvironmentId": dev.wire_id,
            "TenantId": acme.wire_id,
        }
        client = api(manager)

        made = client.send("POST", f"{base}/deployments", body)

        assert made.status_code == 201, made.content
        assert made.json()["TenantId"] == acme.wire_id
        task = client.get(f"/api/tasks/{made.json()['TaskId']}").json()
        assert task["TenantId"] == acme.wire_id
        listed = client.get(f"{base}/deployments?tenants={acme.wire_id}").json()
        assert [item["Id"] for item in listed["Items"]] == [made.json()["Id"]]
        assert client.get(f"{base}/deployments?tenants=Tenants-999999").json()["Items"] == []
        tasks = client.get(f"{base}/tasks?tenant={acme.wire_id}&name=Deploy").json()
        assert [item["Id"] for item in tasks["Items"]] == [made.json()["TaskId"]]


@pytest.mark.promise("P2")
def test_ids_of_another_space_read_as_unknown_ids(api, base, outsider, manager, space, dev):
    release = make_release(make_project(space))
    deployment = make_deployment(release, dev)
    own = f"/api/{outsider_space(outsider)}"
    client = api(outsider)

    for kind, row in (
        ("releases", release),
        ("deployments", deployment),
        ("tasks", deployment.task),
        ("projects", release.project),
        ("environments", dev),
    ):
        foreign = client.get(f"{own}/{kind}/{row.wire_id}")
        unknown = client.get(f"{own}/{kind}/{row.wire_prefix}-999999")
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.content == unknown.content


def outsider_space(outsider):
    from spaces.access import visible_spaces

    return visible_spaces(outsider).get().wire_id


def test_running_tasks_say_so_and_finished_ones_stay_visible(api, base, manager, space, dev):
    release = make_release(make_project(space))
    running = make_deployment(release, dev, TaskState.EXECUTING).task
    done = make_deployment(release, dev, TaskState.FAILED).task
    client = api(manager)

    ids = f"{running.wire_id}%2C{done.wire_id}"
    items = {i["Id"]: i for i in client.get(f"{base}/tasks?ids={ids}").json()["Items"]}

    assert items[running.wire_id]["IsCompleted"] is False
    assert items[done.wire_id]["IsCompleted"] is True
    assert items[done.wire_id]["FinishedSuccessfully"] is False
    assert items[done.wire_id]["CompletedTime"].endswith("+00:00")


@pytest.mark.promise("S23")
def test_too_large_a_package_is_refused_before_it_is_read(api, base, manager, settings):
    settings.LARGEST_PACKAGE = 1000

    small = upload(api(manager), base, content=zip_bytes(a="x" * 5000))
    large = upload(api(manager), base, content=zip_bytes(a="x" * 200_000))

    for answer in (small, large):
        assert answer.status_code == 413
        assert "1000 bytes" in answer.json()["ErrorMessage"]
    assert not Package.objects.exists()
