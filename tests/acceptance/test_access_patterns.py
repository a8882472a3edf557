"""The five ways to give access that octoplat promises, with the demo's people. domain.md 4.6, ui.md 6.

Each may do what they are for, through API and browser; all else is refused and not shown. What is tried here
leaves the demo's release alone: every test makes releases of its own.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from octoplat.runtime.demo import OTHER_PROJECT, PROJECT
from octoplat.runtime.rest import Refused, RestClient
from tests.acceptance.conftest import DESK, Visitor
from tests.plugins.stack import GROUP, Stack

pytestmark = [pytest.mark.xdist_group(GROUP), pytest.mark.slow]

PATIENCE = 60  # seconds for one deployment
numbers = count(1)


@dataclass
class Member:
    """One of the demo's people, with a key of their own and a browser."""

    stack: Stack
    visitor: Visitor
    client: RestClient

    @property
    def page(self) -> Page:
        return self.visitor.page

    @property
    def home(self) -> str:
        return f"{self.stack.access.url}/app/spaces/default"

    def get(self, path: str) -> Any:
        return self.client.get(f"{self.stack.space}/{path}")

    def go(self, path: str) -> None:
        self.page.goto(f"{self.home}/{path}")

    def deploy(self, version: str, environment: str) -> str:
        return deploy(self.client, self.stack.space, version, environment)

    def is_refused(self, method: str, path: str, body: Any = None) -> bool:
        """Whether the API answers 403 or 404."""
        try:
            self.client._send(method, f"{self.stack.space}/{path}", body)
        except Refused as refusal:
            return refusal.status in (403, 404)
        return False

    def sees(self, path: str) -> bool:
        """Whether there is a page; watched by nobody, for a 404 is a complaint of the console."""
        return bool(self.page.request.get(f"{self.home}/{path}").status == 200)


@pytest.fixture
def member(chromium: Browser, stack: Stack) -> Iterator[Any]:
    """`member("dana")`: signed in; at the end the pages must have worked without a complaint."""
    contexts, visitors = [], []

    def entered(username: str) -> Member:
        url = stack.access.url
        person = next(p for p in stack.access.people if p["username"] == username)
        context = chromium.new_context(viewport=DESK)
        context.set_default_timeout(20_000)
        contexts.append(context)
        visitor = Visitor(context.new_page(), url)
        visitor.watch()
        visitors.append(visitor)
        visitor.page.goto(url)
        visitor.page.get_by_label("User name").fill(person["username"])
        visitor.page.get_by_label("Password").fill(person["password"])
        visitor.page.get_by_role("button", name="Sign in").click()
        expect(visitor.page.get_by_label(f"Account of {username}")).to_be_visible()
        return Member(stack, visitor, RestClient(url, own_key(visitor.page, url)))

    yield entered
    for context in contexts:
        context.close()
    assert [visitor.complaints for visitor in visitors if visitor.complaints] == []


def own_key(page: Page, url: str) -> str:
    """A new API key, which only the person can make, with the session of their browser."""
    me = page.request.get(f"{url}/api/users/me").json()["Id"]
    token = page.locator("body").get_attribute("data-csrf") or ""
    made = page.request.post(
        f"{url}/api/users/{me}/apikeys",
        data={"Purpose": "Test"},
        headers={"X-CSRFToken": token, "Referer": url},
    )
    return str(made.json()["ApiKey"])


@pytest.fixture
def release(stack: Stack) -> str:
    """The version of a new release of the shop."""
    version = f"8.{int(time.time())}.{next(numbers)}"
    stack.client.post(
        f"{stack.space}/releases/create/v1", {"ProjectName": PROJECT, "ReleaseVersion": version}
    )
    return version


def deploy(client: RestClient, space: str, version: str, environment: str) -> str:
    answer = client.post(
        f"{space}/deployments/create/untenanted/v1",
        {"ProjectName": PROJECT, "ReleaseVersion": version, "EnvironmentNames": [environment]},
    )
    return str(answer["DeploymentServerTasks"][0]["ServerTaskId"])


def until(stack: Stack, task: str, flag: str) -> dict[str, Any]:
    """The task, once the flag is set."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        state: dict[str, Any] = stack.client.get(f"{stack.space}/tasks?ids={task}")["Items"][0]
        if state[flag]:
            return state
        time.sleep(0.2)
    raise AssertionError(stack.client.text(f"{stack.space}/tasks/{task}/raw"))


def deployed(stack: Stack, version: str, *environments: str) -> None:
    """By the administrator, one after the other."""
    for environment in environments:
        task = deploy(stack.client, stack.space, version, environment)
        assert until(stack, task, "IsCompleted")["FinishedSuccessfully"]


def navigation(page: Page) -> list[str]:
    return [link.inner_text().split("\n")[0] for link in page.locator("#sidebar nav a").all()]


def test_developers_deploy_only_to_development(stack: Stack, member: Any, release: str) -> None:
    dana = member("dana")
    expect(dana.page).to_have_url(f"{dana.home}/ready")
    dana.page.get_by_role("link", name=f"Deploy {release} of {PROJECT} to Development").click()
    dana.page.get_by_role("button", name="Deploy", exact=True).click()
    expect(dana.page.locator("#task-head .status-succeeded")).to_be_visible(timeout=60_000)

    with pytest.raises(Refused, match="DeploymentCreate"):
        dana.deploy(release, "Test")
    dana.go(f"projects/acme-shop/releases/{release}/deploy?env=test")
    expect(dana.page.get_by_role("button", name="Deploy", exact=True)).to_have_attribute(
        "aria-disabled", "true"
    )
    dana.go("ready")
    expect(dana.page.get_by_role("main")).not_to_contain_text("Deploy to Test")
    body = {"ProjectName": PROJECT, "ReleaseVersion": f"{release}-mine"}
    assert dana.is_refused("POST", "releases/create/v1", body)
    assert "Targets" not in navigation(dana.page)


def test_testers_promote_from_development_to_test(stack: Stack, member: Any, release: str) -> None:
    quinn = member("quinn")
    with pytest.raises(Refused, match="must succeed in Development"):
        quinn.deploy(release, "Test")
    deployed(stack, release, "Development")

    quinn.go("ready")
    quinn.page.get_by_role("link", name=f"Deploy {release} of {PROJECT} to Test").click()
    quinn.page.get_by_role("button", name="Deploy", exact=True).click()
    expect(quinn.page.locator("#task-head .status-succeeded")).to_be_visible(timeout=60_000)

    for environment in ("Development", "Production"):
        with pytest.raises(Refused, match="DeploymentCreate"):
            quinn.deploy(release, environment)
    project = quinn.get("projects/acme-shop")
    process = quinn.get(f"deploymentprocesses/{project['DeploymentProcessId']}")
    assert quinn.is_refused("PUT", f"deploymentprocesses/{process['Id']}", process)
    assert not quinn.sees("projects/acme-shop/variables")


def test_managers_approve_or_reject_and_nothing_else(
    stack: Stack, member: Any, release: str
) -> None:
    morgan = member("morgan")
    expect(morgan.page).to_have_url(f"{morgan.home}/inbox")
    deployed(stack, release, "Development", "Test")
    task = deploy(stack.client, stack.space, release, "Production")
    until(stack, task, "HasPendingInterruptions")

    morgan.go(f"tasks/{task.rpartition('-')[2]}/")
    morgan.page.get_by_label("Notes").fill("Seen in Test")
    morgan.page.get_by_role("button", name="Proceed").click()
    expect(morgan.page.locator("#task-head .status-succeeded")).to_be_visible(timeout=60_000)

    for environment in ("Development", "Test", "Production"):
        with pytest.raises(Refused, match="DeploymentCreate"):
            morgan.deploy(release, environment)
    assert morgan.is_refused("POST", f"tasks/{task}/cancel")
    assert not morgan.sees("projects/acme-shop/process")
    assert not morgan.sees("projects/acme-shop/variables")
    assert not {"Ready to deploy", "Reports", "Targets", "Packages"} & {*navigation(morgan.page)}


def test_nobody_but_the_managers_is_asked_to_approve(
    stack: Stack, member: Any, release: str
) -> None:
    deployed(stack, release, "Development", "Test")
    task = deploy(stack.client, stack.space, release, "Production")
    until(stack, task, "HasPendingInterruptions")
    dana = member("dana")

    asked = dana.get(f"interruptions?regarding={task}&pendingOnly=true")["Items"][0]
    assert dana.is_refused("PUT", f"interruptions/{asked['Id']}/responsible")
    dana.go(f"tasks/{task.rpartition('-')[2]}/")
    expect(dana.page.get_by_role("heading", name="Approve for production")).to_be_visible()
    expect(dana.page.locator("button:not([aria-disabled=true])", has_text="Proceed")).to_have_count(
        0
    )
    stack.client.post(f"{stack.space}/tasks/{task}/cancel", {})


@pytest.mark.promise("U11")
def test_project_managers_see_dashboards_and_reports_only(
    stack: Stack, member: Any, release: str
) -> None:
    deployed(stack, release, "Development")
    pat = member("pat")
    expect(pat.page).to_have_url(f"{pat.home}/reports")
    expect(pat.page.get_by_role("region", name="What shipped")).to_contain_text(release)

    for path in ("reports", "dashboard", "projects/acme-shop/", "projects/acme-shop/releases/"):
        pat.go(path)
        expect(pat.page.get_by_role("main")).to_contain_text(release)
        expect(pat.page.locator("main [aria-disabled=true]")).to_have_count(0)
        expect(pat.page.locator("main form[method=post]")).to_have_count(0)
        expect(pat.page.locator("main a[href*='/tasks/']")).to_have_count(0)
        expect(pat.page.locator("main a[href*='/deploy']")).to_have_count(0)
    task = stack.client.get(f"{stack.space}/tasks?take=1")["Items"][0]["Id"]
    number = task.rpartition("-")[2]
    for hidden in ("process", "variables"):
        assert not pat.sees(f"projects/acme-shop/{hidden}")
    assert not pat.sees(f"tasks/{number}/")
    assert not pat.sees(f"tasks/{number}/log.txt")
    assert pat.is_refused("GET", f"tasks/{task}/raw")
    assert pat.get("tasks")["Items"] == []
    with pytest.raises(Refused):
        pat.deploy(release, "Test")


def test_teams_see_only_their_projects(stack: Stack, member: Any, release: str) -> None:
    sam = member("sam")
    sam.go("projects")
    expect(sam.page.get_by_role("main")).to_contain_text(PROJECT)
    expect(sam.page.get_by_role("main")).not_to_contain_text(OTHER_PROJECT)
    assert [project["Name"] for project in sam.get("projects")["Items"]] == [PROJECT]
    assert until(stack, sam.deploy(release, "Development"), "IsCompleted")["FinishedSuccessfully"]

    other = stack.client.find(f"{stack.space}/projects", OTHER_PROJECT)
    assert other is not None
    assert sam.is_refused("GET", f"projects/{other['Id']}")
    assert sam.is_refused("POST", "releases/create/v1", {"ProjectName": OTHER_PROJECT})
    assert not sam.sees(f"projects/{other['Slug']}/")
    assert OTHER_PROJECT not in str(sam.get("dashboard"))
