"""Variables: resolved and evaluated for many targets, one hot template, and a large file.

All on one core and without a database. Jinja2 renders the same text for comparison, where it is installed.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec

from bench.rows import Row
from deployments.core.files.substitution import substitute
from deployments.core.templates import Variables, evaluate, get
from deployments.core.variables import Definition, Resolver, Situation, VariableScope

NAMES = (1000, 2000)  # each with two values
TARGETS = 100
SCOPES = 6
CHAIN = 4  # names that refer to one another in a row
RENDERINGS = 2000
FILE_SIZE = 10_000_000  # bytes

OURS = "Dear #{Name}, #{each item in Items}#{item} costs #{Price | ToUpper}; #{/each}#{if Paid}thanks#{else}please pay#{/if}."
JINJA = (
    "Dear {{ Name }}, {% for item in Items %}{{ item }} costs {{ Price | upper }}; {% endfor %}"
    "{% if Paid %}thanks{% else %}please pay{% endif %}."
)
ITEMS = [f"item {number}" for number in range(10)]


def variables() -> Iterator[Row]:
    """Seconds for a deployment's variables, microseconds for a template, seconds for a file."""
    for names in NAMES:
        definitions = _definitions(names)
        yield Row(
            f"{2 * names:,} values of {names:,} names for {TARGETS} targets",
            _seconds(partial(_for_all_targets, definitions), runs=3),
            "s",
            aim="≤ 1.0 s",
        )
    yield from _template()
    text = "Server=#{Server};Port=#{Port}\n" + "x" * 970 + "\n"
    content = (text * (FILE_SIZE // len(text))).encode()
    known = {"Server": "db.example.org", "Port": "5432"}
    yield Row(
        "substituting a file of 10 MB",
        _seconds(lambda: substitute(content, known), runs=3),
        "s",
        aim="≤ 1.0 s",
    )


def _definitions(names: int) -> list[Definition]:
    """Each name with a value for everywhere and one with another scope, six scopes in all."""
    scopes = [
        VariableScope(),
        VariableScope(environments=frozenset({1})),
        VariableScope(environments=frozenset({2})),
        VariableScope(roles=frozenset({"web"})),
        VariableScope(channels=frozenset({1})),
        VariableScope(environments=frozenset({1}), roles=frozenset({"web"})),
    ]
    narrow = [scopes[1 + number % (SCOPES - 1)] for number in range(names)]
    everywhere = [Definition(n, f"Name{n}", _value(n)) for n in range(names)]
    return everywhere + [
        Definition(names + n, f"Name{n}", _value(n), scope) for n, scope in enumerate(narrow)
    ]


def _value(number: int) -> str:
    """Three of four refer to their neighbour and to a value of the system."""
    if number % CHAIN == 0:
        return f"value {number}"
    return f"https://#{{Name{number - 1}}}/#{{Octopus.Machine.Name}}"


def _for_all_targets(definitions: list[Definition]) -> None:
    resolver = Resolver(definitions)
    for machine in range(TARGETS):
        where = Situation(
            environment=1, machine=machine, machine_roles=frozenset({"web"}), channel=1
        )
        found = {d.name: d.value for d in resolver.at(where).values()}
        table = Variables({**found, "Octopus.Machine.Name": f"machine-{machine}"})
        for name in found:
            get(table, name)


def _template() -> Iterator[Row]:
    """Microseconds, and what Jinja2 takes for the same text."""
    given = {"Name": "Ada", "Items": ",".join(ITEMS), "Price": "one", "Paid": "True"}
    table, jinja = Variables(given), _jinja()
    for what, values in (("the same variables", table), ("new variables each time", given)):
        ours = _seconds(partial(_render, values), runs=5)
        yield Row(f"a hot template, {what}", 1e6 * ours / RENDERINGS, "µs", jinja, aim="≤ 2")


def _render(values: Variables | dict[str, str]) -> None:
    for _ in range(RENDERINGS):
        evaluate(OURS, values)


def _jinja() -> float | None:
    if find_spec("jinja2") is None:
        return None
    jinja2 = import_module("jinja2")
    template = jinja2.Environment().from_string(JINJA)
    given = {"Name": "Ada", "Items": ITEMS, "Price": "one", "Paid": True}
    seconds = _seconds(lambda: [template.render(given) for _ in range(RENDERINGS)], runs=5)
    return 1e6 * seconds / RENDERINGS


def _seconds(act: Callable[[], object], runs: int) -> float:
    """The median over some runs, in processor time: other work on the machine does not count."""
    taken = []
    for _ in range(runs):
        began = time.process_time()
        act()
        taken.append(time.process_time() - began)
    return statistics.median(taken)
