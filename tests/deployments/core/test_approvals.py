"""How many people, and which, a manual intervention needs. domain.md 18.1."""

import pytest

from deployments.core.approvals import is_approved

QA, OPS = 1, 2


def people(*teams: set[int]) -> list[frozenset[int]]:
    return [frozenset(each) for each in teams]


@pytest.mark.parametrize(("count", "approved"), [(0, False), (1, False), (2, True), (3, True)])
def test_so_many_people_have_to_proceed(count, approved):
    assert is_approved(people(*[set()] * count), 2, each_team=False) == approved


@pytest.mark.parametrize(
    ("who", "approved"),
    [
        ([{QA}], False),
        ([{QA, OPS}], False),
        ([{QA}, {QA}], False),
        ([{QA}, {OPS}], True),
        ([{QA, OPS}, {QA}], True),
        ([{QA}, {QA, OPS}], True),
        ([set(), {QA}, {OPS}], True),
    ],
)
def test_each_team_needs_a_person_of_its_own(who, approved):
    assert is_approved(people(*who), 1, [QA, OPS], each_team=True) == approved
