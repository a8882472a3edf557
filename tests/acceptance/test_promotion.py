"""The whole story in a browser: a release goes from the first environment to production by hand."""

import re

import pytest
from playwright.sync_api import Page, expect

from octoplat.runtime.demo import PROJECT
from tests.acceptance.conftest import Visitor
from tests.plugins.stack import GROUP

pytestmark = [pytest.mark.xdist_group(GROUP), pytest.mark.slow]

A_DEPLOYMENT = 60_000  # milliseconds


def create_release(page: Page, version: str) -> None:
    """From the dashboard to the page of a new release."""
    page.get_by_role("link", name=PROJECT).click()
    page.get_by_role("link", name="Create release").click()
    page.get_by_label("Version", exact=True).fill(version)
    page.get_by_role("button", name="Create release").click()


def promote(page: Page, version: str, environment: str) -> None:
    """On the board: two presses."""
    page.get_by_role("link", name=PROJECT).first.click()
    page.get_by_role("link", name=f"{version} to {environment}").click()
    page.get_by_role("button", name="Deploy", exact=True).click()


def expect_green(page: Page) -> None:
    expect(page.locator("#task-head .status-succeeded")).to_be_visible(timeout=A_DEPLOYMENT)


def test_a_release_is_promoted_watched_approved_and_ends_green(visitor: Visitor) -> None:
    page = visitor.page
    create_release(page, "7.0.0")

    promote(page, "7.0.0", "Development")
    expect(page.get_by_text("The page says: Hello from the workbench")).to_be_attached(
        timeout=A_DEPLOYMENT
    )
    expect(page.locator(".ansi-fg-2").first).to_be_attached()
    expect_green(page)
    expect(page.locator("[data-log]")).to_contain_text("Signed in to the shop with ********")

    promote(page, "7.0.0", "Test")
    expect_green(page)

    promote(page, "7.0.0", "Production")
    page.get_by_role("button", name="Deploy to production").click()
    expect(page.get_by_role("heading", name="Approve for production")).to_be_visible(
        timeout=A_DEPLOYMENT
    )
    page.get_by_label("Notes").fill("The page in Test is fine")
    page.get_by_role("button", name="Proceed").click()
    expect_green(page)

    page.get_by_role("link", name="Dashboard").first.click()
    cell = page.locator("td[data-column=Production]", has_text="7.0.0")
    expect(cell.locator(".status-succeeded")).to_be_visible()


def test_typing_survives_while_the_task_goes_on(visitor: Visitor) -> None:
    page = visitor.page
    create_release(page, "7.1.0")
    for environment in ("Development", "Test"):
        promote(page, "7.1.0", environment)
        expect_green(page)
    promote(page, "7.1.0", "Production")
    page.get_by_role("button", name="Deploy to production").click()

    page.get_by_label("Notes").fill("half a thought")
    page.wait_for_timeout(2_500)  # two polls of the live log
    expect(page.get_by_label("Notes")).to_have_value("half a thought")

    page.get_by_role("button", name="Abort").click()
    expect(page.locator("#task-head .status-failed")).to_be_visible(timeout=A_DEPLOYMENT)


def test_the_preview_follows_the_choices(visitor: Visitor) -> None:
    page = visitor.page
    create_release(page, "7.2.0")
    page.get_by_role("link", name="Deploy to Development").first.click()
    preview = page.locator("#preview")
    expect(preview.get_by_role("heading", name="Development")).to_be_visible()

    page.get_by_role("checkbox", name=re.compile("^Production")).check()

    expect(preview).to_contain_text("7.2.0 must succeed in Development and Test before Production")


def test_on_a_phone_a_release_is_deployed_and_nothing_sticks_out(commuter: Visitor) -> None:
    page = commuter.page
    create_release(page, "7.3.0")

    promote(page, "7.3.0", "Development")

    expect_green(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_javascript_everything_but_the_live_log_works(purist: Visitor) -> None:
    page = purist.page
    create_release(page, "7.4.0")

    promote(page, "7.4.0", "Development")

    for _ in range(60):
        page.reload()
        if page.locator("#task-head .status-succeeded").is_visible():
            break
        page.wait_for_timeout(500)
    expect(page.locator("#task-head .status-succeeded")).to_be_visible()
