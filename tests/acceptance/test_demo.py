"""The road of a newcomer: `make demo`, the approval, Ctrl-C, and everything still there."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from octoplat.runtime.demo import PROJECT
from octoplat.runtime.rest import Refused
from tests.plugins.stack import Stack, running

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.slow]

PATIENCE = 60  # seconds


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A demo of its own: what other tests deploy to Production would tell another story."""
    with running(tmp_path_factory.mktemp("demo")) as started:
        yield started


def finished(stack: Stack, task: str) -> dict[str, object]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        state = stack.client.get(f"{stack.space}/tasks?ids={task}")["Items"][0]
        if state["IsCompleted"]:
            return state
        time.sleep(0.2)
    raise AssertionError(stack.client.text(f"{stack.space}/tasks/{task}/raw"))


def pending(stack: Stack) -> dict[str, object]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = stack.client.get(f"{stack.space}/interruptions?pendingOnly=true")["Items"]
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError("Nothing waits for a person.")


def answer(stack: Stack, result: str) -> dict[str, object]:
    """Answer what waits, and the task's end."""
    waiting = pending(stack)
    stack.client.put(f"{stack.space}/interruptions/{waiting['Id']}/responsible")
    stack.client.post(
        f"{stack.space}/interruptions/{waiting['Id']}/submit", {"Result": result, "Notes": "Seen"}
    )
    return finished(stack, str(waiting["TaskId"]))


def deploy(stack: Stack, environment: str) -> str:
    queued = stack.client.post(
        f"{stack.space}/deployments/create/untenanted/v1",
        {"ProjectName": PROJECT, "ReleaseVersion": "1.0.0", "EnvironmentNames": [environment]},
    )
    return str(queued["DeploymentServerTasks"][0]["ServerTaskId"])


def test_access_is_told_to_its_owner_only(stack):
    assert os.stat(stack.home / "demo.json").st_mode & 0o777 == 0o600


def test_a_person_of_each_access_pattern_is_there_with_a_password_of_their_own(stack):
    people = stack.access.people

    teams = ["Developers", "QA", "Managers", "Project managers", "Shop team"]
    assert [person["team"] for person in people] == teams
    assert len({person["password"] for person in people}) == len(people)
    printed = [f"{person['username']:<8}{person['password']}" for person in people]
    deadline = time.monotonic() + 20  # demo.json is written before the last lines are printed
    while not all(line in stack.log.read_text() for line in printed):
        assert time.monotonic() < deadline, "The demo does not say how these people sign in."
        time.sleep(0.2)


def test_development_and_test_succeeded_and_production_waits(stack):
    states = {
        item["Description"]: (item["State"], item["HasPendingInterruptions"])
        for item in stack.client.get(f"{stack.space}/tasks?name=Deploy")["Items"]
    }

    assert states == {
        f"Deploy {PROJECT} 1.0.0 to Development": ("Success", False),
        f"Deploy {PROJECT} 1.0.0 to Test": ("Success", False),
        f"Deploy {PROJECT} 1.0.0 to Production": ("Executing", True),
    }


def test_proceed_ends_in_success_and_the_log_keeps_the_secret(stack):
    state = answer(stack, "Proceed")

    log = stack.client.text(f"{stack.space}/tasks/{state['Id']}/raw")
    assert state["State"] == "Success", log
    assert "Welcome to Acme" in log
    assert "Signed in to the shop with ********" in log


def test_abort_ends_in_failure(stack):
    deploy(stack, "Production")

    assert answer(stack, "Abort")["State"] == "Failed"


@pytest.mark.parametrize(
    ("name", "told"),
    [("Back up and restore-test the data", "all as they were"), ("Restart the service", "beats")],
)
def test_its_runbooks_do_what_they_say(stack, name, told):
    command = {"ProjectName": PROJECT, "RunbookName": name, "EnvironmentNames": ["Test"]}
    for _ in range(2):  # the second time there is something to keep, or to stop
        queued = stack.client.post(f"{stack.space}/runbook-runs/create/v1", command)
        state = finished(stack, str(queued["RunbookRunServerTasks"][0]["ServerTaskId"]))

        log = stack.client.text(f"{stack.space}/tasks/{state['Id']}/raw")
        assert state["State"] == "Success", log
        assert told in log


def test_what_the_lifecycle_forbids_is_refused_with_the_reason(stack):
    release = stack.client.post(
        f"{stack.space}/releases/create/v1",
        {"ProjectName": PROJECT, "ReleaseVersion": "1.0.0-refused"},
    )

    with pytest.raises(Refused, match="must succeed in Development"):
        stack.client.post(
            f"{stack.space}/deployments/create/untenanted/v1",
            {
                "ProjectName": PROJECT,
                "ReleaseVersion": release["ReleaseVersion"],
                "EnvironmentNames": ["Production"],
            },
        )


def test_a_second_start_finds_everything(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        before = first.client.get(f"{first.space}/releases")["TotalResults"]
    assert not (tmp_path / "demo.json").exists()

    began = time.monotonic()
    with running(tmp_path) as second:
        print(f"second start: {time.monotonic() - began:.1f} s")
        after = second.client.get(f"{second.space}/releases")["TotalResults"]
        assert (second.access.username, second.access.password, second.access.api_key) == (
            first.access.username,
            first.access.password,
            first.access.api_key,
        )
        assert second.access.people == first.access.people
        assert pending(second)

    assert before == after == 1
