"""What a machine tells about itself, judged. domain.md 6.2."""

import pytest

from deployments.core.health import judge
from deployments.core.states import Health

WELL = {
    "os": "Debian 12",
    "architecture": "x86_64",
    "shell": "5.2.15",
    "folder": "/home/deploy/.octoplat",
    "writable": "yes",
    "free": "9000000",
    "temporary": "/tmp",
    "tool": "/usr/bin/tar",
}
HASH = "tool=/usr/bin/sha256sum\n"


def told(**changes: str) -> str:
    facts = WELL | changes
    return "".join(f"{name}={value}\n" for name, value in facts.items() if value)


def test_a_machine_with_everything_is_healthy_and_described():
    found = judge(told() + HASH)

    assert (found.health, found.operating_system, found.shell_version) == (
        Health.HEALTHY,
        "Debian 12",
        "5.2.15",
    )


@pytest.mark.parametrize(
    ("changes", "health", "words"),
    [
        ({"writable": ""}, Health.UNHEALTHY, "/home/deploy/.octoplat cannot be written"),
        ({"temporary": ""}, Health.UNHEALTHY, "no temporary folder"),
        ({"tool": ""}, Health.UNHEALTHY, "tar is missing"),
        ({"free": "1000"}, Health.UNHEALTHY, "0 MB of disk"),
        ({"free": "204800"}, Health.WARNINGS, "200 MB of disk"),
        ({"shell": ""}, Health.WARNINGS, "bash is missing"),
    ],
)
def test_what_is_missing_is_said(changes, health, words):
    found = judge(told(**changes) + HASH)

    assert found.health == health
    assert words in found.summary


def test_without_a_tool_for_hashes_packages_cannot_be_verified():
    assert judge(told()).health == Health.WARNINGS
