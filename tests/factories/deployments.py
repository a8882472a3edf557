"""Everything a release needs. A test names what matters to it; the rest is invented."""

import io
import zipfile
from itertools import count
from typing import Any

from deployments import blobs
from deployments.core.process import TARGET_ROLES, Action, PackageReference, Step
from deployments.core.states import TaskState
from deployments.models import (
    Account,
    Channel,
    Deployment,
    Environment,
    Lifecycle,
    Package,
    Project,
    ProjectGroup,
    Release,
    ServerTask,
    Target,
)
from deployments.queries.deployment_changes import ReleaseChanges
from deployments.services.accounts import create_account
from deployments.services.environments import create_environment
from deployments.services.packages import push_package
from deployments.services.processes import save_process
from deployments.services.projects import create_project
from deployments.services.releases import ReleaseRequest, create_release
from deployments.services.space_defaults import furnish_space
from deployments.services.targets import create_target
from spaces.actors import Actor
from spaces.models import Space
from tests.factories.spaces import make_space

serial = count(1)
SYSTEM = Actor.system("test")


def make_furnished_space(**given: Any) -> Space:
    """A space with what every new one has: default group, lifecycle, policy, pool and feed."""
    space = make_space(**given)
    furnish_space(SYSTEM, space)
    return space


def make_environment(space: Space, **given: Any) -> Environment:
    """The next environment of the space."""
    return create_environment(
        actor=SYSTEM, space=space, **{"name": f"Environment {next(serial)}"} | given
    )


def make_account(space: Space, **given: Any) -> Account:
    """An account with user name and password."""
    defaults = {
        "name": f"Account {next(serial)}",
        "account_type": "UsernamePassword",
        "username": "deploy",
        "password": "swordfish",
    }
    return create_account(actor=SYSTEM, space=space, **defaults | given)


def make_target(space: Space, *environments: Environment, **given: Any) -> Target:
    """An SSH target with the role "web" in these environments, or in a new one."""
    defaults = {
        "name": f"target-{next(serial)}",
        "environments": environments or (make_environment(space),),
        "roles": ["web"],
        "host": "shop.example.org",
        "account": given.get("account") or make_account(space),
    }
    return create_target(actor=SYSTEM, space=space, **defaults | given)


def make_project(space: Space, *steps: Step, **given: Any) -> Project:
    """A project whose process has these steps, or one script that targets with the role "web" run."""
    project = create_project(
        actor=SYSTEM, space=space, **{"name": f"Project {next(serial)}"} | given
    )
    save_process(actor=SYSTEM, project=project, steps=steps or (script_step(),))
    return project


def make_project_group(space: Space, **given: Any) -> ProjectGroup:
    number = next(serial)
    return ProjectGroup.objects.create(
        space=space, **{"name": f"Group {number}", "slug": f"group-{number}"} | given
    )


def make_lifecycle(space: Space, **given: Any) -> Lifecycle:
    """A lifecycle without phases."""
    number = next(serial)
    return Lifecycle.objects.create(
        space=space, **{"name": f"Lifecycle {number}", "slug": f"lifecycle-{number}"} | given
    )


def make_channel(project: Project, **given: Any) -> Channel:
    """A channel beside the default one."""
    number = next(serial)
    return Channel.objects.create(
        space_id=project.space_id,
        project=project,
        **{"name": f"Channel {number}", "slug": f"channel-{number}"} | given,
    )


def script_step(name: str = "Say hello", body: str = "echo hello", **action: Any) -> Step:
    """A step that runs a script on targets with the role "web"."""
    properties = {
        "Octopus.Action.Script.ScriptSource": "Inline",
        "Octopus.Action.Script.Syntax": "Bash",
        "Octopus.Action.Script.ScriptBody": body,
    }
    return Step(
        id="",
        name=name,
        properties={TARGET_ROLES: "web"},
        actions=(
            Action(
                id="",
                name=name,
                action_type="Octopus.Script",
                properties=properties | action.pop("properties", {}),
                **action,
            ),
        ),
    )


def package_step(package_id: str, name: str = "Deploy package") -> Step:
    """A step that deploys a package of the built-in feed to targets with the role "web"."""
    reference = PackageReference(id="", package_id=package_id)
    action = Action(id="", name=name, action_type="Octopus.TentaclePackage", packages=(reference,))
    return Step(id="", name=name, properties={TARGET_ROLES: "web"}, actions=(action,))


def zip_bytes(**files: str) -> bytes:
    """A zip archive with these files; the same files always give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in (files or {"index.html": "hello"}).items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def make_package(
    space: Space, package_id: str = "Acme.Web", version: str = "1.0.0", **files: str
) -> Package:
    """A zip in the built-in feed."""
    with blobs.store().receive() as incoming:
        incoming.write(zip_bytes(**files))
        package, _ = push_package(
            actor=SYSTEM, space=space, incoming=incoming, file_name=f"{package_id}.{version}.zip"
        )
    return package


def make_release(project: Project, version: str = "", **given: Any) -> Release:
    """A release of the project as it is now."""
    request = ReleaseRequest(version=version or f"1.0.{next(serial)}", **given)
    return create_release(actor=SYSTEM, project=project, request=request)


def make_deployment(
    release: Release,
    environment: Environment,
    state: TaskState = TaskState.SUCCESS,
    **given: Any,
) -> Deployment:
    """A deployment whose task is in this state, made past every rule of services and workers."""
    task = make_task(
        release.space,
        state,
        project=release.project,
        environment=environment,
        tenant=given.get("tenant"),
        description=f"Deploy {release} to {environment}",
    )
    deployment = Deployment.objects.create(
        space_id=release.space_id,
        changes=ReleaseChanges(release).since(None).documents,
        project=release.project,
        release=release,
        channel=release.channel,
        environment=environment,
        task=task,
        **given,
    )
    task.arguments = {"DeploymentId": deployment.wire_id}
    task.save(update_fields=["arguments"])
    return deployment


def make_task(space: Space, state: TaskState = TaskState.QUEUED, **given: Any) -> ServerTask:
    """A task in this state, brought there by the moves that workers make."""
    task = ServerTask.objects.create(
        space=space, **{"kind": ServerTask.Kind.DEPLOY, "description": "Deploy"} | given
    )
    ways = {
        TaskState.QUEUED: (),
        TaskState.EXECUTING: (TaskState.EXECUTING,),
        TaskState.CANCELLING: (TaskState.EXECUTING, TaskState.CANCELLING),
        TaskState.CANCELED: (TaskState.CANCELED,),
        TaskState.TIMED_OUT: (TaskState.TIMED_OUT,),
        TaskState.SUCCESS: (TaskState.EXECUTING, TaskState.SUCCESS),
        TaskState.FAILED: (TaskState.EXECUTING, TaskState.FAILED),
    }
    at = TaskState.QUEUED
    for to in ways[state]:
        ServerTask.objects.move(task.pk, at, to)
        at = to
    task.refresh_from_db()
    return task
