"""Scopes and precedence: variables-and-versions.md 2, domain.md 14.2."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.variables import (
    Definition,
    Situation,
    Source,
    VariableScope,
    explain,
    matches,
    resolve,
    ties,
)

HERE = Situation(
    environment=1,
    machine=10,
    machine_roles=frozenset({"web", "edge"}),
    step_roles=frozenset({"web"}),
    actions=frozenset({"a1"}),
    channel=5,
    tenant=7,
    tenant_tags=frozenset({"size/big"}),
    process="deployment",
)

# from most to least specific (variables-and-versions.md 2)
LADDER = [
    VariableScope(actions=frozenset({"a1"})),
    VariableScope(machines=frozenset({10})),
    VariableScope(roles=frozenset({"web"})),
    VariableScope(roles=frozenset({"edge"})),
    VariableScope(tenants=frozenset({7})),
    VariableScope(tenant_tags=frozenset({"size/big"})),
    VariableScope(environments=frozenset({1})),
    VariableScope(channels=frozenset({5})),
    VariableScope(processes=frozenset({"deployment"})),
    VariableScope(),
]


def define(*scopes, **given):
    return [Definition(i, "Db", f"v{i}", scope, **given) for i, scope in enumerate(scopes, 1)]


def value(definitions, where=HERE):
    found = resolve(definitions, where).get("db")
    return found.value if found else None


@pytest.mark.parametrize("rung", range(len(LADDER) - 1))
def test_the_more_specific_kind_wins(rung):
    below, above = LADDER[rung + 1], LADDER[rung]

    assert value(define(below, above)) == "v2"
    assert value(define(above, below)) == "v1"


def test_two_kinds_beat_one_of_them():
    both = VariableScope(environments=frozenset({1}), channels=frozenset({5}))

    assert value(define(VariableScope(environments=frozenset({1})), both)) == "v2"


def test_a_higher_kind_beats_any_number_of_lower_ones():
    lower = VariableScope(
        environments=frozenset({1}), channels=frozenset({5}), tenants=frozenset({7})
    )

    assert value(define(lower, VariableScope(machines=frozenset({10})))) == "v2"


def test_more_entries_of_one_kind_add_no_weight():
    assert (
        value(
            define(
                VariableScope(environments=frozenset({1})),
                VariableScope(environments=frozenset({1, 2, 3})),
            )
        )
        == "v1"
    )


def test_kinds_are_joined_by_and():
    assert (
        value(define(VariableScope(environments=frozenset({1}), machines=frozenset({99})))) is None
    )


def test_a_dimension_without_a_value_matches_nothing():
    server_step = Situation(environment=1)

    assert value(define(VariableScope(machines=frozenset({10}))), server_step) is None
    assert value(define(VariableScope(channels=frozenset({5}))), server_step) is None


def test_names_ignore_case():
    assert resolve([Definition(1, "DB", "x")], HERE)["db"].value == "x"


def test_project_values_beat_library_sets_and_earlier_sets_beat_later_ones():
    library = [
        Definition(1, "Db", "second", source=Source.LIBRARY, order=2),
        Definition(2, "Db", "first", source=Source.LIBRARY, order=1),
    ]

    assert value(library) == "first"
    assert value([*library, Definition(3, "Db", "project")]) == "project"


def test_a_more_specific_library_value_beats_a_project_value():
    library = Definition(
        1,
        "Db",
        "scoped",
        VariableScope(environments=frozenset({1})),
        source=Source.LIBRARY,
        order=1,
    )

    assert value([library, Definition(2, "Db", "plain")]) == "scoped"


def test_prompted_and_system_values_come_before_all_others():
    scoped = Definition(1, "Db", "scoped", LADDER[0])

    assert value([scoped, Definition(0, "Db", "asked", source=Source.PROMPTED)]) == "asked"


def test_a_tie_falls_to_the_older_value_and_is_told():
    pair = define(VariableScope(), VariableScope())

    assert value(pair) == "v1"
    assert explain(pair, "db", HERE).is_tie
    assert ties(pair) == [(pair[0], pair[1])]


def test_the_explanation_names_the_rule_that_beat_each_loser():
    told = explain(
        define(LADDER[6], LADDER[1], VariableScope(environments=frozenset({2}))), "Db", HERE
    )

    assert told.winner is not None
    assert told.winner.value == "v2"
    assert [(loser.definition.value, loser.rule) for loser in told.losers] == [
        ("v1", "the winner is more specific: it names the target"),
        ("v3", "its scope does not match"),
    ]


small = st.frozensets(st.integers(1, 2), max_size=2)
words = st.frozensets(st.sampled_from(["a", "b"]), max_size=2)
scopes = st.builds(VariableScope, small, small, words, words, small, small, words, words)
situations = st.builds(
    Situation,
    st.none() | st.integers(1, 2),
    st.none() | st.integers(1, 2),
    words,
    words,
    words,
    st.none() | st.integers(1, 2),
    st.none() | st.integers(1, 2),
    words,
    st.none() | st.sampled_from(["a", "b"]),
)


def oracle(definitions, where):
    """The rules of the document, spelled out naively."""
    best = None
    for d in definitions:
        s = d.scope
        alternatives = [
            not s.environments or where.environment in s.environments,
            not s.machines or where.machine in s.machines,
            not s.roles or any(r in where.machine_roles for r in s.roles),
            not s.actions or any(a in where.actions for a in s.actions),
            not s.channels or where.channel in s.channels,
            not (s.tenants or s.tenant_tags)
            or where.tenant in s.tenants
            or any(t in where.tenant_tags for t in s.tenant_tags),
            not s.processes or where.process in s.processes,
        ]
        if not all(alternatives):
            continue
        weight = 0
        for present in (
            s.actions,
            s.machines,
            s.roles & where.machine_roles & where.step_roles,
            s.roles,
            s.tenants & {where.tenant},
            s.tenant_tags & where.tenant_tags,
            s.environments,
            s.channels,
            s.processes,
        ):
            weight = weight * 2 + bool(present)
        if best is None or weight > best[0] or (weight == best[0] and d.id < best[1].id):
            best = (weight, d)
    return best[1] if best else None


@given(st.lists(scopes, max_size=6), situations)
def test_resolution_equals_the_naive_oracle(given_scopes, where):
    definitions = define(*given_scopes)

    assert resolve(definitions, where).get("db") == oracle(definitions, where)
    assert explain(definitions, "Db", where).winner == oracle(definitions, where)


@given(scopes)
def test_a_scope_survives_storage(scope):
    assert VariableScope.from_json(scope.to_json()) == scope


def test_an_unscoped_value_applies_everywhere():
    assert all(matches(VariableScope(), where) for where, _ in product([HERE, Situation()], [1]))
