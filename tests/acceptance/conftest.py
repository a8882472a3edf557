"""A real browser in front of the running demo."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.plugins.stack import Stack

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PHONE = {"width": 360, "height": 780}
DESK = {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("There is no Chromium on this machine.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody with a browser. complaints: what the console and the server said against the pages."""

    page: Page
    home: str
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_in(self, stack: Stack) -> None:
        self.page.goto(stack.access.url)
        self.page.get_by_label("User name").fill(stack.access.username)
        self.page.get_by_label("Password").fill(stack.access.password)
        self.page.get_by_role("button", name="Sign in").click()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@pytest.fixture
def visitor(chromium: Browser, stack: Stack) -> Iterator[Visitor]:
    """Signed in at a desk; at the end the pages must have worked without a single complaint."""
    yield from _visiting(chromium, stack, viewport=DESK)


@pytest.fixture
def commuter(chromium: Browser, stack: Stack) -> Iterator[Visitor]:
    """The same on a phone."""
    yield from _visiting(chromium, stack, viewport=PHONE)


@pytest.fixture
def purist(chromium: Browser, stack: Stack) -> Iterator[Visitor]:
    """The same without JavaScript."""
    yield from _visiting(chromium, stack, viewport=DESK, java_script_enabled=False)


def _visiting(browser: Browser, stack: Stack, **options: Any) -> Iterator[Visitor]:
    context = browser.new_context(**options)
    context.set_default_timeout(20_000)
    visitor = Visitor(context.new_page(), stack.access.url)
    visitor.watch()
    visitor.sign_in(stack)
    yield visitor
    context.close()
    assert visitor.complaints == []
