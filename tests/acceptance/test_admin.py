"""An operator in Django's admin, under our Content-Security-Policy: not one complaint. ui.md 7(q), U9."""

import re

import pytest
from playwright.sync_api import expect

from octoplat.runtime.demo import PROJECT
from tests.acceptance.conftest import Visitor
from tests.plugins.stack import GROUP

pytestmark = [pytest.mark.xdist_group(GROUP), pytest.mark.slow]


def in_table(visitor: Visitor, table: str) -> None:
    visitor.page.goto(f"{visitor.home}/admin/{table}/")


@pytest.mark.promise("U9")
def test_an_operator_opens_a_space_looks_and_closes_it(visitor: Visitor) -> None:
    page = visitor.page
    in_table(visitor, "deployments/project")
    expect(page.get_by_role("main")).not_to_contain_text(PROJECT)

    in_table(visitor, "spaces/space")
    page.get_by_role("link", name="Default", exact=True).click()
    page.get_by_role("link", name="Open its content").click()
    page.get_by_label("Reason").fill("Looking at a hanging deployment")
    page.get_by_role("button", name="Open for 30 minutes").click()
    expect(page.get_by_label("Opened spaces")).to_contain_text("Looking at a hanging deployment")

    in_table(visitor, "deployments/project")
    expect(page.get_by_role("main")).to_contain_text(PROJECT)
    in_table(visitor, "deployments/servertask")
    page.get_by_role("link", name=re.compile("Deploy .* to Development")).first.click()
    expect(page.locator("pre").last).to_contain_text("The page says")
    in_table(visitor, "deployments/account")
    page.get_by_role("link", name="Demo key").click()
    expect(page.get_by_text("not set").first).to_be_visible()
    in_table(visitor, "spaces/user")
    page.locator("#searchbar").fill("admin")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="admin", exact=True)).to_be_visible()

    page.get_by_role("button", name="End now").click()
    in_table(visitor, "deployments/project")
    expect(page.get_by_role("main")).not_to_contain_text(PROJECT)
