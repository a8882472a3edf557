"""Phases and progression: domain.md 8, scenarios of 32."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.lifecycles import (
    Phase,
    Progress,
    effective_phases,
    for_subject,
    progression,
)

DEV, QA1, QA2, PROD, NEW = 1, 2, 3, 4, 5

PHASES = (
    Phase("dev", "Dev", manual=(DEV,)),
    Phase("qa", "QA", manual=(QA1, QA2), minimum=1),
    Phase("prod", "Prod", manual=(PROD,)),
)


def deployable(*done, phases=PHASES, **given):
    return set(progression(phases, done, **given).deployable)


def test_only_the_first_phase_is_open_to_a_new_release():
    assert deployable() == {DEV}


def test_one_of_two_opens_the_next_phase_where_one_is_enough():
    assert deployable(DEV, QA1) == {DEV, QA1, QA2, PROD}


def test_all_environments_are_needed_where_no_minimum_is_set():
    phases = (Phase("a", "A", manual=(1, 2)), Phase("b", "B", manual=(3,)))

    assert deployable(1, phases=phases) == {1, 2}
    assert deployable(1, 2, phases=phases) == {1, 2, 3}


def test_a_success_further_on_does_not_open_what_was_skipped():
    assert deployable(PROD) == {DEV}


def test_redeploying_backwards_is_always_allowed():
    assert DEV in deployable(DEV, QA1, PROD)


def test_an_optional_phase_never_blocks():
    phases = (
        Phase("dev", "Dev", manual=(DEV,)),
        Phase("qa", "QA", manual=(QA1,), is_optional=True),
        Phase("prod", "Prod", manual=(PROD,)),
    )

    standing = progression(phases, {DEV})

    assert set(standing.deployable) == {DEV, QA1, PROD}
    assert standing.phases[1].progress == Progress.CURRENT
    assert standing.next_deployments == (QA1, PROD)


def test_next_deployments_are_the_missing_ones_of_the_current_phase():
    assert progression(PHASES, ()).next_deployments == (DEV,)
    assert progression(PHASES, {DEV}).next_deployments == (QA1, QA2)
    assert progression(PHASES, {DEV, QA1}).next_deployments == (PROD,)
    assert progression(PHASES, {DEV, QA1, PROD}).next_deployments == ()


def test_progress_is_told_for_each_phase():
    standing = progression(PHASES, {DEV})

    assert [p.progress for p in standing.phases] == [
        Progress.COMPLETE,
        Progress.CURRENT,
        Progress.PENDING,
    ]


def test_the_phases_in_the_way_are_named():
    standing = progression(PHASES, ())

    assert [phase.name for phase in standing.missing_before(PROD)] == ["Dev", "QA"]
    assert standing.missing_before(DEV) == []


class TestDefects:
    """Block after one environment of a phase succeeded: the rest of that phase stays open."""

    PHASES = (
        Phase("dev", "Dev", manual=(DEV,)),
        Phase("uat", "UAT", manual=(QA1, QA2), minimum=1),
        Phase("prod", "Prod", manual=(PROD,)),
    )

    def test_the_phase_with_a_success_stays_open_and_the_next_closes(self):
        assert deployable(DEV, QA1, phases=self.PHASES, has_defect=True) == {DEV, QA1, QA2}

    def test_the_first_phase_is_never_closed(self):
        assert deployable(phases=self.PHASES, has_defect=True) == {DEV}

    def test_without_the_defect_everything_is_open_again(self):
        assert PROD in deployable(DEV, QA1, phases=self.PHASES)


class TestEffectivePhases:
    def test_without_phases_every_environment_is_one_in_sort_order(self):
        phases = effective_phases([], [DEV, QA1, PROD])

        assert [phase.environments for phase in phases] == [(DEV,), (QA1,), (PROD,)]

    def test_an_empty_phase_takes_all_that_no_other_names(self):
        phases = effective_phases(
            [Phase("any", "Any"), Phase("prod", "Prod", manual=(PROD,))], [DEV, QA1, PROD, NEW]
        )

        assert phases[0].environments == (DEV, QA1, NEW)


class TestTenants:
    """Tenant A {Test, Prod}, B {Prod}: B waits until someone passed Test; A must pass its own Test."""

    PHASES = (Phase("test", "Test", manual=(1,)), Phase("prod", "Prod", manual=(2,)))

    def test_a_tenant_without_the_phase_waits_until_someone_passed_it(self):
        only_prod = for_subject(self.PHASES, {2})

        assert deployable(phases=only_prod, gaps_satisfied=(False, True)) == set()
        assert deployable(phases=only_prod, gaps_satisfied=(True, True)) == {2}

    def test_a_tenant_with_the_phase_must_pass_it_itself(self):
        both = for_subject(self.PHASES, {1, 2})

        assert deployable(phases=both, gaps_satisfied=(True, True)) == {1}


phases_strategy = st.lists(
    st.builds(
        lambda count, minimum, optional: (count, min(minimum, count), optional),
        st.integers(1, 3),
        st.integers(0, 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
).map(
    lambda sizes: tuple(
        Phase(
            str(i),
            str(i),
            manual=tuple(range(i * 10, i * 10 + count)),
            minimum=minimum,
            is_optional=optional,
        )
        for i, (count, minimum, optional) in enumerate(sizes)
    )
)


@given(phases_strategy, st.sets(st.integers(0, 45)), st.integers(0, 45))
def test_one_more_success_never_closes_an_environment(phases, done, more):
    assert deployable(*done, phases=phases) <= deployable(*done, more, phases=phases)


@given(phases_strategy, st.sets(st.integers(0, 45)), st.booleans())
def test_nothing_is_skipped(phases, done, defect):
    """An open phase has every required phase before it satisfied."""
    standing = progression(phases, done, has_defect=defect)

    for index, judged in enumerate(standing.phases):
        if judged.deployable:
            for earlier in phases[:index]:
                assert len(done.intersection(earlier.environments)) >= earlier.needed


@pytest.mark.parametrize("phases", [(), PHASES])
def test_an_unknown_environment_belongs_to_no_phase(phases):
    assert progression(phases, ()).phase_of(99) is None
