"""A person protects their account with a security key and an app, in a real browser. Promise S6.

The key is Chromium's own virtual authenticator. Browsers make keys for names only, so these visits go to
localhost instead of 127.0.0.1.
"""

import re
from collections.abc import Iterator
from uuid import uuid4

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import DESK, Visitor
from tests.plugins.stack import GROUP, Stack

pytestmark = [pytest.mark.xdist_group(GROUP), pytest.mark.slow, pytest.mark.promise("S6")]

PASSWORD = "correct horse battery staple"
MINE = "/app/account/second-factor"
KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def name(stack: Stack) -> str:
    """A user of their own: what they set up must not get into anybody's way."""
    name = f"kim-{uuid4().hex[:8]}"
    stack.client.post("/api/users", {"Username": name, "DisplayName": "Kim", "Password": PASSWORD})
    return name


@pytest.fixture
def newcomer(chromium: Browser, stack: Stack, name: str) -> Iterator[Visitor]:
    """Signed in, with a security key plugged in."""
    context = chromium.new_context(viewport=DESK)
    context.set_default_timeout(20_000)
    page = context.new_page()
    visitor = Visitor(page, stack.access.url.replace("127.0.0.1", "localhost"))
    visitor.watch()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    sign_in(visitor, name)
    yield visitor
    context.close()
    assert visitor.complaints == []


def sign_in(visitor: Visitor, name: str) -> None:
    page = visitor.page
    page.goto(f"{visitor.home}/app/sign-in?next={MINE}")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def sign_out(page: Page) -> None:
    page.locator("summary", has_text=re.compile("^kim")).click()
    page.get_by_role("button", name="Sign out").click()


def test_a_security_key_is_added_and_asked_for(newcomer: Visitor, name: str) -> None:
    page = newcomer.page
    page.get_by_role("link", name="Add a security key").click()
    page.get_by_label("Name of the key").fill("Key ring")
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("rowheader", name="Key ring")).to_be_visible()

    sign_out(page)
    sign_in(newcomer, name)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a security key").click()

    expect(page.get_by_role("rowheader", name="Key ring")).to_be_visible()


def test_an_app_is_set_up_and_asked_for(newcomer: Visitor, name: str) -> None:
    page = newcomer.page
    page.get_by_role("link", name="Set up an app").click()
    expect(page.locator("svg.qr-code")).to_be_visible()
    app = pyotp.TOTP(page.locator(".copy code").inner_text())
    page.get_by_label("Code that the app shows").fill(app.now())
    page.get_by_role("button", name="Confirm").click()
    code = page.locator(".secret-codes code").first.inner_text()
    page.get_by_role("link", name="I have kept them").click()

    sign_out(page)
    sign_in(newcomer, name)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("9 left.")).to_be_visible()
