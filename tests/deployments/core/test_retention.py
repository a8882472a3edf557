"""What a cleanup removes from a target, and which releases stay."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.retention import (
    Installation,
    PhasePolicy,
    ReleaseFacts,
    judge_releases,
    plan,
    runs_beyond,
)

WEB = "web"


def installed(
    id: str, age_days: float, *, policy: str = WEB, successful: bool = True, path: str | None = None
) -> Installation:
    path = f"/apps/{id}" if path is None else path
    return Installation(id, policy, age_days, path, successful)


def kept(releases: Sequence[ReleaseFacts], *policies: PhasePolicy) -> list[int]:
    return [verdict.release for verdict in judge_releases(releases, policies) if verdict.keep]


def reached(id: int, *phases: str, age_days: float = 0, protected: str = "") -> ReleaseFacts:
    return ReleaseFacts(id, age_days, frozenset(phases), protected)


# --- installations on a target -------------------------------------------------------------------------


def test_without_a_limit_everything_stays():
    assert plan([installed("a", 1000)], WEB).removed_ids == []


@pytest.mark.parametrize(("age_days", "removed"), [(2, []), (3, []), (3.5, ["a"]), (4, ["a"])])
def test_by_days_only_older_entries_go(age_days, removed):
    assert plan([installed("a", age_days)], WEB, keep_days=3).removed_ids == removed


def test_by_days_failed_and_successful_entries_are_alike():
    entries = [installed("old", 9, successful=False), installed("new", 1, successful=False)]

    assert plan(entries, WEB, keep_days=3).removed_ids == ["old"]


@pytest.mark.parametrize(
    ("keep", "removed"), [(0, ["a", "b", "c"]), (1, ["a", "b"]), (2, ["a"]), (3, []), (9, [])]
)
def test_by_count_the_current_and_as_many_before_it_stay(keep, removed):
    entries = [installed(id, age) for id, age in [("a", 4), ("b", 3), ("c", 2), ("d", 1)]]

    assert plan(entries, WEB, keep_releases=keep).removed_ids == removed


def test_by_count_the_order_of_the_journal_does_not_matter():
    entries = [installed("new", 1), installed("old", 9), installed("middle", 5)]

    assert plan(entries, WEB, keep_releases=1).removed_ids == ["old"]


def test_by_count_failed_entries_go_and_are_not_counted():
    entries = [
        installed("oldest", 5),
        installed("older", 4),
        installed("broken", 3, successful=False),
        installed("current", 2),
        installed("newest-broken", 1, successful=False),
    ]

    removed = plan(entries, WEB, keep_releases=1).removed_ids

    assert removed == ["oldest", "broken", "newest-broken"]


def test_by_count_nothing_goes_until_more_succeeded_than_are_kept():
    entries = [installed("good", 3), installed("bad", 2, successful=False)]

    assert plan(entries, WEB, keep_releases=1).removed_ids == []


def test_entries_of_other_policies_stay_and_are_not_counted():
    entries = [installed("other", 99, policy="api"), installed("current", 1)]

    assert plan(entries, WEB, keep_days=3).removed_ids == []
    assert plan(entries, WEB, keep_releases=0).removed_ids == []


def test_a_directory_that_a_kept_entry_uses_stays():
    entries = [installed("old", 9, path="/apps/shop"), installed("new", 1, path="/apps/shop")]

    cleanup = plan(entries, WEB, keep_days=3)

    assert cleanup.removed_ids == ["old"]
    assert cleanup.deleted_directories == []


def test_a_directory_that_another_policy_uses_stays():
    entries = [installed("old", 9, path="/shared"), installed("x", 9, policy="api", path="/shared")]

    assert plan(entries, WEB, keep_days=3).deleted_directories == []


def test_an_entry_without_a_directory_is_only_forgotten():
    cleanup = plan([installed("old", 9, path="")], WEB, keep_days=3)

    assert cleanup.removed_ids == ["old"]
    assert cleanup.deleted_directories == []


def test_a_path_that_several_removed_entries_used_is_deleted_once():
    entries = [installed("a", 9, path="/apps/shop"), installed("b", 8, path="/apps/shop")]

    assert plan(entries, WEB, keep_days=3).deleted_directories == ["/apps/shop"]


def test_package_files_go_with_the_last_entry_that_used_them():
    entries = [
        Installation("old", WEB, 9, package_files=("shop.zip", "shared.zip")),
        Installation("new", WEB, 1, package_files=("shared.zip",)),
    ]

    assert plan(entries, WEB, keep_days=3).deleted_files == ["shop.zip"]


@given(
    st.lists(
        st.builds(
            Installation,
            id=st.uuids().map(str),
            policy=st.sampled_from([WEB, "api"]),
            age_days=st.integers(0, 20),
            extracted_to=st.sampled_from(["", "/a", "/b", "/c"]),
            successful=st.booleans(),
        ),
        max_size=12,
    ),
    st.integers(0, 4),
)
def test_by_count_the_newest_successful_ones_are_never_removed(entries, keep):
    cleanup = plan(entries, WEB, keep_releases=keep)

    remaining = [entry for entry in entries if entry.id not in cleanup.removed_ids]
    good = [entry for entry in entries if entry.policy == WEB and entry.successful]
    newest = sorted(good, key=lambda entry: entry.age_days)[: keep + 1]
    assert all(entry in remaining for entry in newest)
    assert not {entry.extracted_to for entry in remaining} & set(cleanup.deleted_directories)


# --- releases -------------------------------------------------------------------------------------------


def test_the_worked_example_of_the_domain():
    """domain.md 29: two of each phase, four exempt because the dashboard shows them."""
    shown = dict.fromkeys((9, 8, 6, 5), "shown on the dashboard")
    phases = [("Test", "Prod")] * 6 + [("Test",)] * 3 + [()] * 3
    releases = [
        reached(id, *phases[id - 1], protected=shown.get(id, "")) for id in range(12, 0, -1)
    ]

    stay = kept(releases, PhasePolicy("Test", items=2), PhasePolicy("Prod", items=2))

    assert stay == [12, 11, 9, 8, 7, 6, 5, 4, 3]


def test_a_protected_release_stays_for_its_reason_and_takes_no_room():
    releases = [reached(2, "Test", protected="pinned"), reached(1, "Test")]

    first, second = judge_releases(releases, [PhasePolicy("Test", items=1)])

    assert (first.keep, first.reason) == (True, "pinned")
    assert (second.keep, second.reason) == (True, "within the policy (deployed)")


def test_a_deployed_release_beyond_every_policy_goes_for_that_reason():
    verdict = judge_releases([reached(1, "Test", age_days=9)], [PhasePolicy("Test", days=3)])[0]

    assert (verdict.keep, verdict.reason) == (False, "beyond the policy (deployed)")


def test_a_phase_that_keeps_forever_keeps_what_reached_it():
    releases = [reached(2, "Test"), reached(1, "Test", "Prod", age_days=999)]

    assert kept(releases, PhasePolicy("Test", items=1), PhasePolicy("Prod")) == [2, 1]


def test_only_a_counter_that_had_room_is_raised():
    releases = [reached(3, "Test"), reached(2, "Test", "Prod"), reached(1, "Prod")]

    assert kept(releases, PhasePolicy("Test", items=1), PhasePolicy("Prod", items=2)) == [3, 2, 1]


@pytest.mark.parametrize(("age_days", "stays"), [(2.9, True), (3, True), (3.1, False)])
def test_days_count_from_the_last_deployment(age_days, stays):
    assert bool(kept([reached(1, "Test", age_days=age_days)], PhasePolicy("Test", days=3))) is stays


def test_never_deployed_releases_have_a_counter_of_their_own():
    releases = [reached(4), reached(3, "Test"), reached(2), reached(1, "Test")]

    assert kept(releases, PhasePolicy("Test", items=1), PhasePolicy("Prod")) == [4, 3]


def test_never_deployed_releases_stay_where_no_policy_is():
    assert kept([reached(1)]) == [1]


@given(st.lists(st.frozensets(st.sampled_from("AB")), max_size=15), st.integers(1, 4))
def test_each_phase_keeps_as_many_as_its_policy_says(phases, items):
    releases = [reached(len(phases) - index, *found) for index, found in enumerate(phases)]

    stay = kept(releases, PhasePolicy("A", items=items), PhasePolicy("B", items=items))

    for phase in "AB":
        there = [release.id for release in releases if phase in release.reached]
        assert there[:items] == [id for id in there if id in stay][: len(there[:items])]


@given(
    st.lists(st.tuples(st.integers(), st.sampled_from("abc")), unique_by=lambda run: run[0]),
    st.integers(0, 5),
)
def test_runs_beyond_the_newest_of_their_place_go(runs, kept):
    gone = runs_beyond(runs, kept)

    for place in "abc":
        here = [run for run, where in runs if where == place]
        assert [run for run in here if run not in gone] == here[:kept]
