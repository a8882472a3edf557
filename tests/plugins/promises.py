"""Keeps count of the promises: prints those without a test, fails when a proven one loses its test.

A promise is proven while a test marked with its id is collected (`@pytest.mark.promise("S2")`).
`tests/promises.txt` lists the proven ones; it grows by hand, with the test.
"""

from pathlib import Path

import pytest

LISTED = Path(__file__).parents[1] / "promises.txt"

ALL = [
    *(f"P{n}" for n in range(1, 13)),
    *(f"S{n}" for n in range(1, 30)),
    *(f"R{n}" for n in range(1, 21)),
    *(f"C{n}" for n in range(1, 9)),
    *(f"U{n}" for n in range(1, 16)),
]


def listed() -> set[str]:
    """The promises that must have a test."""
    return set(LISTED.read_text().split())


class Promises:
    """Collects the marked ids of one run."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        for item in items:
            for mark in item.iter_markers("promise"):
                self.found.update(mark.args)
        if unknown := self.found - set(ALL):
            raise pytest.UsageError(f"No such promise: {', '.join(sorted(unknown))}")
        if _is_whole_run(session) and (lost := listed() - self.found):
            raise pytest.UsageError(f"Promises that lost their test: {', '.join(sorted(lost))}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.found:
            without = [promise for promise in ALL if promise not in self.found]
            terminalreporter.write_line(f"Promises without a test: {' '.join(without) or 'none'}")


def _is_whole_run(session: pytest.Session) -> bool:
    """A run of a few files or names cannot tell what is missing."""
    options = session.config.option
    return not (options.keyword or options.markexpr or options.deselect) and [
        Path(arg).name for arg in session.config.args
    ] == ["tests"]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Promises(), "octoplat-promises")
