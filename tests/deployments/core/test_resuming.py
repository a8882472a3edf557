"""What a resumed run need not do again. domain.md 17.9."""

from deployments.core.process import Condition
from deployments.core.resuming import carried
from deployments.core.states import NodeStatus
from tests.deployments.engine.plans import planned, script

OK, BAD, OUT = NodeStatus.SUCCESS, NodeStatus.FAILED, NodeStatus.SKIPPED


def test_what_succeeded_up_to_the_failure_is_carried_over():
    plan = planned(
        script("One"),
        script("Two"),
        script("Tidy", condition=Condition.ALWAYS),
        machines=("a", "b"),
    )
    succeeded = {("a-One", 1), ("a-One", 2), ("a-Two", 1), ("a-Tidy", 1), ("a-Tidy", 2)}
    statuses = {"1": OK, "2": BAD, "3": OK}

    found = carried(plan, succeeded, statuses)

    assert found.visits == {("a-One", 1), ("a-One", 2), ("a-Two", 1)}
    assert found.nodes == {"1", "1/machine-1", "1/machine-2", "2/machine-1"}


def test_a_step_that_was_skipped_before_the_failure_stays_skipped():
    plan = planned(script("Off", is_disabled=True), script("Two"))

    found = carried(plan, set(), {"1": OUT, "2": BAD})

    assert found.nodes == {"1"}


def test_siblings_of_the_failed_step_are_carried_over():
    plan = planned(script("One"), script("Two", together=True))

    found = carried(plan, {("a-Two", 1)}, {"1": BAD, "2": OK})

    assert found.visits == {("a-Two", 1)}
    assert "2" in found.nodes


def test_an_ignored_failure_gets_its_chance_again():
    plan = planned(script("One"), script("Two"), machines=("a", "b"))
    statuses = {"1": NodeStatus.WARNING, "2": BAD}

    found = carried(plan, {("a-One", 2), ("a-Two", 1)}, statuses)

    assert found.visits == {("a-One", 2)}
    assert found.nodes == {"1/machine-2"}
