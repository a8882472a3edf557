"""What pages offer is what is accepted, for every standing actor: nothing more, and nothing less (U11).

Each actor walks from the landing page over every link. No link leads to a refusal, and the forms and
buttons that are enabled on the way are exactly those whose POST the actor may send.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import timezone
from lxml import html

from deployments.core.plan import Plan
from deployments.core.states import TaskState
from deployments.services.releases import block_release
from deployments.services.variables import VariableRow, save_variables
from tests.deployments.web.test_addresses import ask, names, nothing_there
from tests.deployments.web.test_page_matrix import expected, listed
from tests.factories.deployments import (
    SYSTEM,
    make_deployment,
    make_environment,
    make_lifecycle,
    make_project,
    make_release,
    script_step,
)
from tests.factories.runbooks import make_run, make_runbook, make_snapshot
from tests.factories.spaces import make_invitation, make_team
from tests.factories.standing import STANDING, enter
from tests.factories.tenants import make_tag_set, make_template, make_tenant

__all__ = ["names"]

START = "/app/"
FILES = {"task_log", "task_artifact"}
PREVIEW = "preview"  # a button that sends a form to be shown, and changes nothing
OF_NO_PROJECT = {
    "target_health",
    "library_set",
    "new_shared_variable",
    "shared_variable",
    "remove_shared_variable",
}
# Of one's own account, or before one has signed in. What is offered there follows from what a person has and
# has just proved, not from permissions: tests/spaces/web judges these.
OF_ONESELF = {
    *("sign_in", "sign_in_second_factor", "join", "confirm", "my_account"),
    *("set_up_app", "set_up_key", "remove_my_app", "remove_my_key", "new_recovery_codes"),
    *("end_my_session", "end_other_sessions", "new_api_key", "revoke_my_api_key"),
}
LIMIT = 400  # addresses; the world is small, so more means that a link leads ever further


@dataclass
class Walk:
    """What somebody found. refused: links that led to a refusal, and where they were."""

    client: Client
    seen: set[str] = field(default_factory=set)
    routes: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        todo = [(START, "")]
        while todo:
            address, found_on = todo.pop()
            if address in self.seen:
                continue
            self.seen.add(address)
            assert len(self.seen) < LIMIT, sorted(self.seen)
            todo += [(link, address) for link in self._visit(address, found_on)]

    def _visit(self, address: str, found_on: str) -> list[str]:
        answer = self.client.get(address)
        if answer.streaming:
            list(answer)  # to its end, so that its file is closed
        if answer.status_code >= 400:
            self.refused[address] = f"{answer.status_code}, linked from {found_on}"
            return []
        self.routes.add(route_of(address))
        if location := answer.headers.get("Location"):
            return [urljoin(address, location)]
        if answer.streaming or not answer.headers["Content-Type"].startswith("text/html"):
            return []
        page = html.fromstring(answer.content)
        self.offered.update(route_of(urljoin(address, to)) for to in enabled_posts(page))
        return [link for to in enabled_links(page) if (link := inside(urljoin(address, to)))]


def enabled_links(page) -> Iterator[str]:
    for element in page.iter("a", "button", "form", "div", "section", "span", "tr", "td", "input"):
        if element.get("aria-disabled") == "true":
            continue
        if element.tag == "a" and element.get("href"):
            yield element.get("href")
        if element.get("hx-get"):
            yield element.get("hx-get")


def enabled_posts(page) -> Iterator[str]:
    """Where the forms and buttons lead that can be pressed."""
    for form in page.iter("form"):
        if (form.get("method") or "get").lower() != "post":
            continue
        for button in form.xpath(".//button|.//input[@type='submit']"):
            disabled = button.get("aria-disabled") == "true" or button.get("disabled") is not None
            if button.get("type") != "button" and button.get("name") != PREVIEW and not disabled:
                yield button.get("formaction") or form.get("action") or ""
    for element in page.xpath("//*[@hx-post]"):
        if PREVIEW not in element.get("hx-vals", "") and element.get("disabled") is None:
            yield element.get("hx-post")


def inside(address: str) -> str:
    """The address without its fragment, when it is one of our pages."""
    parts = urlsplit(address)
    if parts.netloc or not parts.path.startswith("/app"):
        return ""
    return parts._replace(fragment="").geturl()


def route_of(address: str) -> str:
    try:
        return resolve(urlsplit(address).path).url_name or ""
    except Resolver404:
        return f"nowhere: {address}"


@pytest.fixture
def offering(space, project, release, dev, names):
    """Something of every kind that its page offers to change only in a certain state."""
    block_release(actor=SYSTEM, release=release, description="It leaks.")
    make_deployment(release, dev, TaskState.SUCCESS)
    make_environment(space, name="Unused")
    make_lifecycle(space, name="Unused")
    make_release(project)
    elsewhere = make_project(
        space,
        script_step("One"),
        script_step("Two"),
        name="Elsewhere",
        tenanted_mode="TenantedOrUntenanted",
    )
    make_tenant(space, "Bolt", connect={elsewhere: [dev]})
    make_template(elsewhere, "Contact", "a@example.org")
    rows = [VariableRow("Greeting", "Hello")]
    save_variables(actor=SYSTEM, variable_set=elsewhere.variable_set, rows=rows)
    block_release(actor=SYSTEM, release=make_release(elsewhere), description="It leaks.")
    make_deployment(make_release(elsewhere), dev, TaskState.SUCCESS)
    make_project(space, script_step("One"), script_step("Two"), name="Two steps")
    ask(make_deployment(make_release(elsewhere), dev, TaskState.EXECUTING).task)
    failed = make_deployment(make_release(elsewhere), dev, TaskState.FAILED).task
    failed.plan, failed.started_at = Plan(groups=()).to_json(), timezone.now()
    failed.save(update_fields=["plan", "started_at"])
    make_invitation(make_team(space))
    make_tag_set(space, "One", name="Second set")
    for changed in (project, elsewhere):
        runbook = make_runbook(changed, script_step("One"), script_step("Two"), name="Clean up")
        make_snapshot(runbook, "Second")
        make_run(runbook, dev)
    stuck = make_deployment(make_release(elsewhere), dev, TaskState.CANCELLING).task
    stuck.cancel_requested_at = timezone.now() - timedelta(hours=1)
    stuck.save(update_fields=["cancel_requested_at"])
    return elsewhere


@pytest.mark.slow
@pytest.mark.promise("U11")
@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    "name", [who.name for who in STANDING.values() if who.is_known and not who.elsewhere]
)
def test_what_is_offered_is_what_is_accepted(space, dev, offering, monkeypatch, name):
    monkeypatch.setattr("deployments.web.targets.discover_host_keys", nothing_there)
    who = STANDING[name]
    actor = enter(who, space, dev, offering)
    client = Client()
    client.force_login(actor.user)

    walk = Walk(client)
    walk.begin()

    accepted = {
        route
        for route, method in listed()
        if method == "POST"
        if expected(who, route, method, anywhere=route not in OF_NO_PROJECT) == 200
    }
    assert walk.refused == {}
    assert sorted((walk.offered ^ accepted) - OF_ONESELF) == []
