"""`python -m tests.octoplat.coverage`: docs/reference/api-coverage.md, from dialect.yaml and our routes."""

import os
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import django
from ruamel.yaml import YAML

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "api-coverage.md"
EXAMPLES = {"{space}": "Spaces-1", "{id}": "Things-1", "{version}": "1.0.0"}
CRUD = (("GET,POST", ""), ("GET", "/all"), ("GET,PUT,DELETE", "/{id}"))
HEAD = """\
# Coverage of the REST dialect

Made by `python -m tests.octoplat.coverage`; a test compares. Tier A is what every CI system needs, B the command line and the Go client, C pickers
of plug-ins and older clients, D everything else. *Empty*: octoplat has none of these yet, lists answer an empty page.
"""


class State(StrEnum):
    SERVED = "served"
    EMPTY = "empty"
    MISSING = "missing"


def endpoints() -> Iterator[tuple[str, str, str]]:
    """(tier, method, path) of everything that the reference lists."""
    listed = YAML(typ="safe").load(Path(__file__).with_name("dialect.yaml").read_text())
    for tier, lines in listed.items():
        for line in lines:
            methods, path = line.split(" ")
            parts = CRUD if methods == "CRUD" else ((methods, ""),)
            for some, rest in parts:
                yield from ((tier, method, path + rest) for method in some.split(","))


def state(method: str, path: str) -> State:
    """How the address answers, below a space and without one."""
    addresses = [path]
    if path.startswith("/api/{space}/"):
        addresses.append(path.replace("/{space}", "", 1))
    found = [_state(method, address) for address in addresses]
    return State.MISSING if State.MISSING in found else found[0]


def _state(method: str, path: str) -> State:
    from django.urls import resolve

    from deployments.api.absent import AbsentViewSet
    from spaces.api.root import NowhereViewSet

    for name, example in EXAMPLES.items():
        path = path.replace(name, example)
    view: Any = resolve(path).func
    if method.lower() not in view.actions or issubclass(view.cls, NowhereViewSet):
        return State.MISSING
    return State.EMPTY if issubclass(view.cls, AbsentViewSet) else State.SERVED


def page() -> str:
    """The page as it should be."""
    rows = [(tier, method, path, state(method, path)) for tier, method, path in endpoints()]
    counts = Counter((tier, found) for tier, _, _, found in rows)
    lines = [HEAD, "| Tier | Served | Empty | Missing |", "|---|---|---|---|"]
    for tier in dict.fromkeys(row[0] for row in rows):
        lines.append(f"| {tier} | " + " | ".join(str(counts[tier, s]) for s in State) + " |")
    lines += ["", "| Tier | Address | State |", "|---|---|---|"]
    lines += [f"| {tier} | `{method} {path}` | {found} |" for tier, method, path, found in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octoplat.settings.test")
    django.setup()
    PAGE.write_text(page())
