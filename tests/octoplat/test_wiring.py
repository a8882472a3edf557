"""What settings name in words must exist, and what the code reads must be described."""

import re

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from octoplat.settings.env import ROOT

REFERENCE = ROOT / "docs" / "reference" / "settings.md"
TOOLS_ONLY = {"OCTOPLAT_TEST_DATABASE"}


@pytest.mark.parametrize("name", settings.QUEUE_ENTRY_POINTS)
def test_what_the_queue_may_call_exists(name):
    assert callable(import_string(name))


def test_every_environment_variable_has_a_line_in_the_reference():
    sources = [path for app in ("octoplat", "spaces", "deployments", "runbooks")
               for path in (ROOT / app).rglob("*.py")]  # fmt: skip
    read = {
        name
        for path in sources
        for name in re.findall(r'"(OCTOPLAT_[A-Z_]+|DATABASE_URL)"', path.read_text())
    }
    described = set(re.findall(r"^\| `([A-Z_]+)`", REFERENCE.read_text(), re.MULTILINE))

    assert read - TOOLS_ONLY <= described
