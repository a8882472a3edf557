"""Whose turn it is. domain.md 19.3, R13."""

import pytest

from deployments.core.queueing import Line, in_turn, over_their_share, slots_of_one_space

A, B, C = 1, 2, 3


def order(*lines: Line, running=None, served=None) -> list[int | None]:
    return [line.space for line in in_turn(lines, running or {}, served or {})]


def test_priority_beats_everything():
    assert order(Line(A, 0), Line(B, 1), running={B: 9}) == [B, A]


def test_the_space_with_fewest_running_tasks_is_next():
    assert order(Line(A, 0), Line(B, 0), Line(C, 0), running={A: 2, B: 1}) == [C, B, A]


def test_among_equals_spaces_take_turns():
    assert order(Line(A, 0), Line(B, 0), Line(C, 0), served={A: 30.0, B: 10.0}) == [C, B, A]


def test_the_systems_own_work_does_not_wait_for_spaces():
    assert order(Line(A, 0), Line(None, 0)) == [None, A]


@pytest.mark.parametrize(
    ("slots", "spaces", "limit"), [(5, 1, 5), (5, 2, 4), (5, 9, 4), (1, 2, 1), (1, 1, 1)]
)
def test_where_there_are_others_one_space_leaves_a_slot_free(slots, spaces, limit):
    assert slots_of_one_space(slots, spaces) == limit


@pytest.mark.parametrize(
    ("running", "waiting", "over"),
    [
        ({A: 5}, {A}, set()),
        ({A: 2}, {A, B}, set()),
        ({A: 3}, {A, B}, {A}),
        ({A: 3, B: 3}, {A, B}, {A, B}),
    ],
)
def test_projects_below_their_share_go_first(running, waiting, over):
    assert over_their_share(running, waiting, 5) == over
