"""`make demo`: fills a sample space through the REST API and carries a real release through it.

Everything a person could do by hand is done by request, so the demo also shows that the API suffices.
Called by the supervisor once web, worker and demo target answer; safe to call at every start.
"""

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from octoplat.runtime import demo_content, demo_people
from octoplat.runtime.rest import RestClient

FIRST_VERSION = "1.0.0"
ENVIRONMENTS = ("Development", "Test", "Production")
PROJECT = "Acme Shop"
OTHER_GROUP = "Office"
OTHER_PROJECT = "Payroll"
FIRST_RUNBOOK = next(iter(demo_content.RUNBOOKS))
PATIENCE = 120  # seconds for one deployment


@dataclass(frozen=True)
class Access:
    """What `demo.json` tells: where octoplat answers and how to sign in.

    people: sample persons, each with `username`, `password`, `team` and `may`.
    """

    url: str
    username: str
    password: str
    api_key: str
    space: str
    space_name: str
    people: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class DemoTarget:
    """The demo's SSH server: address, its host key, and the key that opens it."""

    host: str
    port: int
    username: str
    host_key: str
    private_key: str


class DemoFailed(Exception):
    """The demo's release did not do what it should; the text says where to look."""


def read_access(path: Path) -> Access | None:
    """What write_access() wrote there before, or None."""
    try:
        return Access(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_access(path: Path, access: Access) -> None:
    """Write the file, readable by its owner only, at once or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(access), file, indent=2)
    draft.replace(path)


def people(access: Access) -> list[dict[str, str]]:
    """The sample persons, made where they are missing."""
    known = {person["username"]: person["password"] for person in access.people}
    client = RestClient(access.url, access.api_key)
    return demo_people.told(demo_people.add_people(client, known))


def prepare(access: Access, target: DemoTarget) -> str:
    """Fill the sample space where something is missing; a first start also performs the release.

    Returns a sentence for the console. Raises DemoFailed.
    """
    client = RestClient(access.url, access.api_key)
    space = f"/api/{access.space}"
    environments = _environments(client, space)
    _targets(client, space, environments, target)
    teams = demo_people.add_teams(client, access.space, environments, access.username)
    project = _project(client, space, environments, teams[demo_people.APPROVERS])
    _other_project(client, space)
    _runbooks(client, space, project)
    if client.get(f"{space}/projects/{project['Id']}/releases")["TotalResults"]:
        return "The sample project is as you left it."
    return _first_release(client, space)


def _environments(client: RestClient, space: str) -> dict[str, str]:
    """Name -> id, in order."""
    return {
        name: client.ensure(
            f"{space}/environments",
            {"Name": name, "SortOrder": order, "IsProduction": name == "Production"},
        )["Id"]
        for order, name in enumerate(ENVIRONMENTS)
    }


def _targets(
    client: RestClient, space: str, environments: dict[str, str], target: DemoTarget
) -> None:
    """One registration per environment of the same SSH server, its host key pinned."""
    account = client.ensure(
        f"{space}/accounts",
        {
            "Name": "Demo key",
            "AccountType": "SshKeyPair",
            "Username": target.username,
            "PrivateKeyFile": {"HasValue": True, "NewValue": target.private_key},
        },
    )
    for name, environment_id in environments.items():
        machine = {
            "Name": f"web-{name.lower()}",
            "EnvironmentIds": [environment_id],
            "Roles": ["web"],
            "Endpoint": {
                "CommunicationStyle": "Ssh",
                "AccountId": account["Id"],
                "Host": target.host,
                "Port": target.port,
                "Fingerprint": target.host_key,
            },
        }
        known = client.find(f"{space}/machines", str(machine["Name"]))
        if known is None:
            client.post(f"{space}/machines", machine)
        elif known["Endpoint"]["Port"] != target.port:
            client.put(f"{space}/machines/{known['Id']}", known | {"Endpoint": machine["Endpoint"]})


def _other_project(client: RestClient, space: str) -> None:
    """A project in a group of its own, which the shop's team does not see."""
    group = client.ensure(f"{space}/projectgroups", {"Name": OTHER_GROUP})
    lifecycle = client.get(f"{space}/lifecycles/all")[0]
    client.ensure(
        f"{space}/projects",
        {
            "Name": OTHER_PROJECT,
            "Description": "A project of another group: the shop's team does not see it.",
            "ProjectGroupId": group["Id"],
            "LifecycleId": lifecycle["Id"],
        },
    )


def _project(client: RestClient, space: str, environments: dict[str, str], approvers: str) -> Any:
    """The sample project with its lifecycle, process and variables."""
    known = client.find(f"{space}/projects", PROJECT)
    if known is not None:
        return known
    lifecycle = client.ensure(
        f"{space}/lifecycles",
        {
            "Name": "Development, Test, Production",
            "Phases": [
                {"Name": name, "OptionalDeploymentTargets": [environment_id]}
                for name, environment_id in environments.items()
            ],
        },
    )
    group = client.get(f"{space}/projectgroups/all")[0]
    project = client.post(
        f"{space}/projects",
        {
            "Name": PROJECT,
            "Description": "A small web app: one package, three environments, one approval.",
            "ProjectGroupId": group["Id"],
            "LifecycleId": lifecycle["Id"],
        },
    )
    feed = client.get(f"{space}/feeds?feedType=BuiltIn&take=1")["Items"][0]
    process = client.get(f"{space}/deploymentprocesses/{project['DeploymentProcessId']}")
    process["Steps"] = demo_content.steps(
        feed_id=feed["Id"], production_id=environments["Production"], approvers=approvers
    )
    client.put(f"{space}/deploymentprocesses/{process['Id']}", process)
    variables = client.get(f"{space}/variables/{project['VariableSetId']}")
    variables["Variables"] = demo_content.variables(environments, secrets.token_urlsafe(24))
    client.put(f"{space}/variables/{project['VariableSetId']}", variables)
    return project


def _runbooks(client: RestClient, space: str, project: Any) -> None:
    """The sample runbooks, published; the first of them also runs once."""
    for name, (description, _) in demo_content.RUNBOOKS.items():
        if client.find(f"{space}/projects/{project['Id']}/runbooks", name):
            continue
        runbook = client.post(
            f"{space}/runbooks",
            {"Name": name, "Description": description, "ProjectId": project["Id"]},
        )
        process = client.get(f"{space}/runbookProcesses/{runbook['RunbookProcessId']}")
        process["Steps"] = demo_content.runbook_steps(name)
        client.put(f"{space}/runbookProcesses/{process['Id']}", process)
        client.post(
            f"{space}/runbookSnapshots?publish=true",
            {"ProjectId": project["Id"], "RunbookId": runbook["Id"]},
        )
        if name == FIRST_RUNBOOK:
            _run(client, space, name)


def _run(client: RestClient, space: str, runbook: str) -> None:
    client.post(
        f"{space}/runbook-runs/create/v1",
        {"ProjectName": PROJECT, "RunbookName": runbook, "EnvironmentNames": ENVIRONMENTS[:1]},
    )


def _first_release(client: RestClient, space: str) -> str:
    """Push, release, deploy to Development and Test, and wait for the approval before Production."""
    file_name, content = demo_content.package(FIRST_VERSION)
    client.upload(f"{space}/packages/raw?overwriteMode=IgnoreIfExists", file_name, content)
    release = client.post(
        f"{space}/releases/create/v1",
        {
            "ProjectName": PROJECT,
            "ReleaseVersion": FIRST_VERSION,
            "ReleaseNotes": "The first release of the sample app.",
        },
    )
    version = release["ReleaseVersion"]
    for name in ENVIRONMENTS[:2]:
        task = _deploy(client, space, version, name)
        _wait_until(client, space, task, lambda state: bool(state["IsCompleted"]))
        if not client.get(f"{space}/tasks/{task}")["FinishedSuccessfully"]:
            raise DemoFailed(
                f"The deployment to {name} failed:\n{client.text(f'{space}/tasks/{task}/raw')}"
            )
    task = _deploy(client, space, version, ENVIRONMENTS[2])
    _wait_until(
        client,
        space,
        task,
        lambda state: bool(state["HasPendingInterruptions"] or state["IsCompleted"]),
    )
    return (
        f"{PROJECT} {version} runs in Development and Test and waits for your approval "
        "before Production."
    )


def _deploy(client: RestClient, space: str, version: str, environment: str) -> str:
    answer = client.post(
        f"{space}/deployments/create/untenanted/v1",
        {"ProjectName": PROJECT, "ReleaseVersion": version, "EnvironmentNames": [environment]},
    )
    return str(answer["DeploymentServerTasks"][0]["ServerTaskId"])


def _wait_until(client: RestClient, space: str, task: str, reached: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if reached(client.get(f"{space}/tasks?ids={task}")["Items"][0]):
            return
        time.sleep(0.2)
    log = client.text(f"{space}/tasks/{task}/raw")
    raise DemoFailed(f"{task} did not get anywhere in {PATIENCE} seconds:\n{log}")
