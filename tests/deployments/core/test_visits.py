"""In which order machines are visited, and the log nodes that makes. domain.md 11.4, 20."""

from deployments.core.plan import ChosenPackage
from deployments.core.process import Action
from deployments.core.visits import log_tree, segments
from deployments.steps.manual import INSTRUCTIONS
from deployments.steps.script import BODY
from tests.deployments.engine.plans import planned, script, step


def child(name: str) -> Action:
    return Action(f"a-{name}", name, "Octopus.Script", properties={BODY: name})


def manual(name: str) -> Action:
    return Action(f"a-{name}", name, "Octopus.Manual", properties={INSTRUCTIONS: "Look."})


def shape(*steps, machines=("one", "two")):
    """Each segment as (window, guarded, lanes of node keys) of the first step."""
    plan = planned(*steps, machines=machines)
    return [
        (
            segment.window,
            segment.guarded,
            [[visit.node for visit in lane] for lane in segment.lanes],
        )
        for segment in segments(plan.steps[0], parallelism=7)
    ]


def test_a_plain_step_visits_all_machines_at_once_whatever_fails():
    assert shape(script("Web")) == [(7, False, [["1/machine-1"], ["1/machine-2"]])]


def test_a_window_takes_each_machine_through_all_children():
    assert shape(step("Roll", child("A"), child("B"), window=1)) == [
        (
            1,
            True,
            [["1/1/machine-1", "1/2/machine-1"], ["1/1/machine-2", "1/2/machine-2"]],
        )
    ]


def test_a_question_in_a_rolling_step_is_asked_for_each_machine():
    lanes = shape(step("Roll", child("A"), manual("Ask"), window=2))[0][2]

    assert lanes[0] == ["1/1/machine-1", "1/2/machine-1"]


def test_a_question_between_children_of_a_step_without_window_is_asked_once():
    assert shape(step("All", child("A"), manual("Ask"), child("B"))) == [
        (7, False, [["1/1/machine-1"], ["1/1/machine-2"]]),
        (1, False, [["1/2"]]),
        (7, False, [["1/3/machine-1"], ["1/3/machine-2"]]),
    ]


def test_a_step_on_the_worker_has_one_lane_without_machine():
    assert shape(script("Build", on="")) == [(1, False, [["1"]])]


def test_the_whole_tree_is_known_before_anything_runs():
    package = {("a-Web", ""): ChosenPackage("Acme.Web", "1.0.0")}
    plan = planned(
        script("Web"), step("Roll", child("A"), child("B")), machines=("shop",), packages=package
    )

    tree = [(node.key, node.parent, node.name) for node in log_tree(plan, "Deploy Acme")]

    assert tree == [
        ("", None, "Deploy Acme"),
        ("packages", "", "Acquire packages"),
        ("1", "", "Step 1: Web"),
        ("1/machine-1", "1", "shop"),
        ("2", "", "Step 2: Roll"),
        ("2/1", "2", "A"),
        ("2/2", "2", "B"),
        ("2/1/machine-1", "2/1", "shop"),
        ("2/2/machine-1", "2/2", "shop"),
    ]
