"""One of everything, and where the API shows it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from deployments import blobs
from deployments.core.states import TaskState
from deployments.models import (
    Artifact,
    BuildInformation,
    Deployment,
    Feed,
    Interruption,
    Project,
    Release,
    Target,
    TargetTenant,
    TaskLogLine,
    TaskLogNode,
)
from deployments.services.build_information import push_build_information
from deployments.services.channels import create_channel
from deployments.services.lifecycles import PhaseRequest, create_lifecycle
from deployments.services.variables import VariableRow, create_library_set, save_variables
from spaces.models import Space
from tests.factories.deployments import (
    SYSTEM,
    make_deployment,
    make_environment,
    make_package,
    make_project,
    make_release,
    make_target,
    package_step,
)
from tests.factories.runbooks import make_run, make_runbook
from tests.factories.tenants import make_tag_set, make_tenant


@dataclass(frozen=True)
class World:
    """paths: for each kind of `reference.PROPERTIES` the path of one document below the space."""

    space: Space
    project: Project
    release: Release
    deployment: Deployment
    paths: dict[str, str]


def make_world(space: Space) -> World:
    """A deployed release, a log, an approval, an artifact, and all that they rest on."""
    dev = make_environment(space, name="Dev")
    target = make_target(space, dev, name="web-1")
    lifecycle = create_lifecycle(
        actor=SYSTEM, space=space, name="One", phases=[PhaseRequest("First", manual=[dev])]
    )
    package = make_package(space)
    build = _build(space)
    project = make_project(
        space,
        package_step("Acme.Web"),
        name="Shop",
        lifecycle=lifecycle,
        tenanted_mode="TenantedOrUntenanted",
    )
    rule = {"version_range": "[1.0,)", "tag": "", "packages": [{"action": "Deploy package"}]}
    channel = create_channel(actor=SYSTEM, project=project, name="Stable", rules=[rule])
    save_variables(
        actor=SYSTEM, variable_set=project.variable_set, rows=[VariableRow("Colour", "blue")]
    )
    library = create_library_set(actor=SYSTEM, space=space, name="Shared")
    project = Project.objects.get(pk=project.pk)
    release = make_release(project, version="1.0.0")
    deployment = make_deployment(release, dev, TaskState.SUCCESS, created_by="mia")
    interruption = _interruption(deployment)
    _log(deployment)
    artifact = _artifact(deployment)
    feed = space_feed(space)
    tag_set = make_tag_set(space, "Alpha", name="Ring")
    tenant = make_tenant(space, "Acme", connect={project: [dev]})
    TargetTenant.objects.create(space=space, target=target, tenant=tenant)
    Target.objects.filter(pk=target.pk).update(tenanted_participation="TenantedOrUntenanted")
    runbook = make_runbook(project, package_step("Acme.Web"), name="Restart", allow_no_targets=True)
    run = make_run(runbook, dev, created_by="mia")
    paths = {
        "environments": f"environments/{dev.wire_id}",
        "environments/v2": f"environments/v2/{dev.wire_id}",
        "lifecycles": f"lifecycles/{lifecycle.wire_id}",
        "projectgroups": f"projectgroups/{project.group.wire_id}",
        "projects": f"projects/{project.wire_id}",
        "channels": f"channels/{channel.wire_id}",
        "deploymentprocesses": f"deploymentprocesses/{project.process.wire_id}",
        "releases": f"releases/{release.wire_id}",
        "deployments": f"deployments/{deployment.wire_id}",
        "tasks": f"tasks/{deployment.task.wire_id}",
        "feeds": f"feeds/{feed.wire_id}",
        "packages": f"packages/{package.wire_id}",
        "build-information": f"build-information/{build.wire_id}",
        "interruptions": f"interruptions/{interruption.wire_id}",
        "artifacts": f"artifacts/{artifact.wire_id}",
        "machines": f"machines/{target.wire_id}",
        "machinepolicies": f"machinepolicies/{target.policy.wire_id}",
        "workerpools": "workerpools/default-worker-pool",
        "accounts": f"accounts/{target.account.wire_id}",
        "libraryvariablesets": f"libraryvariablesets/{library.wire_id}",
        "variables": f"variables/variableset-{project.wire_id}",
        "tagsets": f"tagsets/{tag_set.wire_id}",
        "tenants": f"tenants/{tenant.wire_id}",
        "runbooks": f"runbooks/{runbook.wire_id}",
        "runbookProcesses": f"runbookProcesses/{runbook.process.wire_id}",
        "runbookSnapshots": f"runbookSnapshots/{run.snapshot.wire_id}",
        "runbookRuns": f"runbookRuns/{run.wire_id}",
        "runbooks/runbookSnapshotTemplate": f"runbooks/{runbook.wire_id}/runbookSnapshotTemplate",
        "runbooks/runbookRunTemplate": f"runbooks/{runbook.wire_id}/runbookRunTemplate",
        "dashboard": "dashboard",
        "projects/progression": f"projects/{project.wire_id}/progression",
        "releases/progression": f"releases/{release.wire_id}/progression",
        "releases/deployments/template": f"releases/{release.wire_id}/deployments/template",
        "releases/deployments/preview": (
            f"releases/{release.wire_id}/deployments/preview/{dev.wire_id}"
        ),
        "deploymentprocesses/template": f"deploymentprocesses/{project.process.wire_id}/template",
        "projects/deploymentsettings": f"projects/{project.wire_id}/deploymentsettings",
        "tasks/details": f"tasks/{deployment.task.wire_id}/details",
        "feeds/packages/versions": f"feeds/{feed.wire_id}/packages/versions?packageId=Acme.Web",
        "feeds/packages/search": f"feeds/{feed.wire_id}/packages/search?term=acme",
    }
    return World(space, project, release, deployment, paths)


def space_feed(space: Space) -> Feed:
    return Feed.objects.in_space(space).select_related("space").get(feed_type=Feed.BUILT_IN)


def _build(space: Space) -> BuildInformation:
    details = {"build_number": "17", "commits": [{"id": "c0ffee", "comment": "x", "link": "y"}]}
    build, _ = push_build_information(
        actor=SYSTEM, space=space, package_id="Acme.Web", version="1.0.0", details=details
    )
    return build


def _interruption(deployment: Deployment) -> Interruption:
    return Interruption.objects.create(
        space_id=deployment.space_id,
        task=deployment.task,
        kind=Interruption.Kind.MANUAL,
        title="Approve",
        instructions="Look **closely**.",
        choices=["Proceed", "Abort"],
    )


def _log(deployment: Deployment) -> None:
    task = deployment.task
    for key, parent, name in (("", None, str(deployment)), ("1", "", "Step 1")):
        TaskLogNode.objects.create(
            task=task, key=key, parent_key=parent, name=name, status="Success"
        )
    TaskLogLine.objects.bulk_create(
        TaskLogLine(
            task=task,
            seq=number,
            node_key="" if number == 1 else "1",
            category="Info",
            occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
            text=f"line {number}",
        )
        for number in (1, 2, 3)
    )


def _artifact(deployment: Deployment) -> Artifact:
    with blobs.store().receive() as incoming:
        sha256 = incoming.fill([b"report"]).keep()
    return Artifact.objects.create(
        space_id=deployment.space_id,
        task=deployment.task,
        file_name="report.txt",
        size=6,
        sha256=sha256,
    )
