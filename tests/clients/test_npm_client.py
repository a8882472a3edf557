"""The npm package that GitHub Actions and Azure Pipelines are built on, against the running server."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from octoplat.runtime import demo_content
from octoplat.runtime.demo import PROJECT
from tests.plugins.stack import GROUP, Stack

pytestmark = [pytest.mark.xdist_group(GROUP), pytest.mark.slow]

HERE = Path(__file__).parent
VERSION = "2.0.0"


@pytest.fixture(scope="module")
def node() -> str:
    """A Node with the client installed, as `make setup` installs it."""
    ours = HERE.parents[1] / ".venv" / "node" / "bin" / "node"
    found = str(ours) if ours.exists() else shutil.which("node")
    if found is None:
        pytest.skip("There is no Node.js on this machine; `make setup` brings one.")
    if not (HERE / "node_modules" / "@octopusdeploy").exists():
        npm = shutil.which("npm", path=f"{Path(found).parent}{os.pathsep}{os.environ['PATH']}")
        if npm is None:
            pytest.skip("The npm client is not installed; `make setup` does that.")
        subprocess.run([npm, "ci", "--silent"], cwd=HERE, check=True, timeout=300)
    return found


@pytest.fixture(scope="module")
def told(node: str, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client saw on the whole road."""
    name, content = demo_content.package(VERSION)
    package = tmp_path_factory.mktemp("packages") / name
    package.write_bytes(content)
    given = {
        "url": stack.access.url,
        "apiKey": stack.access.api_key,
        "spaceName": stack.access.space_name,
        "project": PROJECT,
        "environment": "Development",
        "packageId": demo_content.PACKAGE_ID,
        "packagePath": str(package),
        "version": VERSION,
    }
    return run(node, "release.mjs", given)


def run(node: str, script: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a script of the client answers."""
    ran = subprocess.run(
        [node, script],
        cwd=HERE,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    answer: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return answer


def test_it_finds_space_project_environments_and_packages(
    told: dict[str, Any], stack: Stack
) -> None:
    assert stack.access.space_name in told["spaces"]
    assert told["projects"] == [PROJECT]
    assert told["environments"] == ["Development", "Test", "Production"]
    assert VERSION in told["packages"]


def test_its_release_is_deployed(told: dict[str, Any]) -> None:
    [task] = told["finished"]

    assert told["release"]["ReleaseVersion"] == VERSION
    assert (task["State"], task["IsCompleted"], task["FinishedSuccessfully"]) == (
        "Success",
        True,
        True,
    )
    assert told["seen"][-1] == "Success"
    assert [row["TaskId"] for row in told["deployments"]] == [task["Id"]]


def test_it_reads_the_log_as_a_tree_and_as_text(told: dict[str, Any]) -> None:
    [root] = told["details"]["ActivityLogs"]

    assert root["Status"] == "Success"
    assert [step["Name"] for step in root["Children"]]
    assert all(step["Ended"] for step in root["Children"])
    assert "Task status:" in told["raw"]


def test_a_refusal_reads_as_a_sentence(told: dict[str, Any]) -> None:
    assert VERSION in told["refusal"]
    assert "undefined" not in told["refusal"]


def test_it_writes_publishes_and_runs_a_runbook(node: str, stack: Stack) -> None:
    given = {
        "url": stack.access.url,
        "apiKey": stack.access.api_key,
        "spaceName": stack.access.space_name,
        "project": PROJECT,
        "environment": "Development",
        "runbook": "Written by the client",
        "steps": demo_content.runbook_steps(next(iter(demo_content.RUNBOOKS))),
    }

    told = run(node, "runbook.mjs", given)

    [task], [ran] = told["finished"], told["runs"]
    assert task["State"] == "Success", told["raw"]
    assert "all as they were" in told["raw"]
    assert told["runbook"]["PublishedRunbookSnapshotId"] == told["snapshot"]["Id"]
    assert (ran["TaskId"], ran["RunbookId"]) == (task["Id"], told["runbook"]["Id"])
