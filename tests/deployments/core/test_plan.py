"""Planning: what runs where, and the reason for everything left out. domain.md 11, 17.4-17.5."""

import json
from dataclasses import replace

import pytest

from deployments.core.plan import ChosenPackage, Place, Plan, PlanInput, plan
from deployments.core.process import Action, PackageReference, StartTrigger, Step, groups
from deployments.core.states import Health
from deployments.core.targeting import Machine, Selection, select

DEV, PROD = 1, 2
WEB = Machine(1, "web-1", frozenset({"web"}), frozenset({DEV}))
DB = Machine(2, "db-1", frozenset({"db", "sql"}), frozenset({DEV}))


def step(name, roles="web", trigger=StartTrigger.AFTER_PREVIOUS, **action):
    kind = {"action_type": "Octopus.Script"} | action
    return Step(
        id=f"step-{name}",
        name=name,
        start_trigger=trigger,
        properties={"Octopus.Action.TargetRoles": roles},
        actions=(Action(id=f"action-{name}", name=name, **kind),),
    )


def plan_of(*steps, machines=(WEB, DB), environment=DEV, **given):
    chosen = select(machines, Selection(environment))
    return plan(PlanInput(steps, environment, chosen, **given))


def reasons(planned):
    return [(s.step.name, s.skipped) for s in planned.steps if s.skipped]


def test_a_step_visits_the_targets_with_its_role_once():
    planned = plan_of(step("migrate", roles="db, SQL"))

    assert [m.name for m in planned.steps[0].machines] == ["db-1"]


def test_a_step_without_matching_targets_is_skipped_with_the_reason():
    assert reasons(plan_of(step("cache", roles="redis"))) == [
        ("cache", "no target has the role redis")
    ]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ({"is_disabled": True}, "it is disabled"),
        ({"environments": (PROD,)}, "it is limited to other environments"),
        ({"excluded_environments": (DEV,)}, "it is excluded from this environment"),
        (
            {"environments": (DEV,), "excluded_environments": (DEV,)},
            "it is excluded from this environment",
        ),
        ({"channels": (9,)}, "it is limited to other channels"),
        ({"tenant_tags": ("VIP/Yes",)}, "it is limited to other tenants"),
    ],
)
def test_an_action_that_does_not_apply_says_why(action, reason):
    assert reasons(plan_of(step("x", **action))) == [("x", reason)]


def test_a_skipped_action_says_who_wanted_it():
    planned = plan_of(step("x"), skipped=frozenset({"action-x"}))

    assert reasons(planned) == [("x", "it was skipped by the person who deployed")]


@pytest.mark.parametrize(
    ("roles", "action", "place"),
    [
        ("web", {}, Place.TARGET),
        ("web", {"properties": {"Octopus.Action.RunOnServer": "True"}}, Place.ON_BEHALF),
        ("", {"properties": {"Octopus.Action.RunOnServer": "true"}}, Place.WORKER),
        ("", {}, Place.WORKER),
        ("", {"action_type": "Octopus.Manual"}, Place.SERVER),
    ],
)
def test_where_an_action_runs(roles, action, place):
    assert plan_of(step("x", roles=roles, **action)).steps[0].actions[0].place == place


def test_steps_that_start_with_the_previous_form_a_group():
    parallel = StartTrigger.WITH_PREVIOUS
    steps = (step("1"), step("2", trigger=parallel), step("3"))

    assert [[s.name for s in group] for group in groups(steps)] == [["1", "2"], ["3"]]


def test_the_first_step_starts_a_group_wherever_it_was_moved_from():
    assert len(groups((step("1", trigger=StartTrigger.WITH_PREVIOUS),))) == 1


def test_a_group_whose_leader_is_skipped_still_runs_its_other_members():
    """Parallel pair [1 with 2], 1 skipped => 2 runs."""
    planned = plan_of(
        step("1", is_disabled=True), step("2", trigger=StartTrigger.WITH_PREVIOUS), step("3")
    )

    assert [[s.step.name for s in group] for group in planned.groups] == [["1", "2"], ["3"]]
    assert reasons(planned) == [("1", "it is disabled")]


def test_without_any_target_the_plan_has_a_problem():
    assert plan_of(step("x"), machines=()).problems == (
        "There are no deployment targets in this environment.",
    )
    assert plan_of(step("x"), machines=(), allow_no_targets=True).problems == ()


def test_targets_left_out_are_named_with_the_reason():
    disabled = replace(WEB, is_disabled=True)

    planned = plan_of(step("x"), machines=(disabled,))

    assert planned.left_out == (("web-1", "it is disabled"),)
    assert planned.problems == ("No deployment target can be reached: web-1: it is disabled.",)


def test_an_action_gets_the_packages_the_release_froze():
    web = step(
        "web", action_type="Octopus.TentaclePackage", packages=(PackageReference("p", "Shop"),)
    )
    chosen = ChosenPackage("Shop", "1.2.0", sha256="ab")

    planned = plan_of(web, packages={("action-web", ""): chosen})

    assert planned.steps[0].actions[0].packages == {"": chosen}


def test_a_plan_survives_storage():
    web = step(
        "web", action_type="Octopus.TentaclePackage", packages=(PackageReference("p", "Shop"),)
    )
    planned = plan_of(
        web,
        step("off", is_disabled=True),
        packages={("action-web", ""): ChosenPackage("Shop", "1.2.0")},
    )

    assert Plan.from_json(json.loads(json.dumps(planned.to_json()))) == planned


class TestTargets:
    def test_unhealthy_ones_are_left_out_only_when_the_project_says_so(self):
        sick = replace(WEB, health=Health.UNHEALTHY)

        assert select([sick], Selection(DEV)).machines == (sick,)
        assert select([sick], Selection(DEV, exclude_unhealthy=True)).machines == ()

    def test_unavailable_ones_are_skipped_by_policy(self):
        gone = replace(WEB, health=Health.UNAVAILABLE)

        left_out = select([gone], Selection(DEV, skip_unavailable=True)).left_out

        assert left_out == ((gone, "it is unavailable"),)

    def test_chosen_and_excluded_targets(self):
        assert select([WEB, DB], Selection(DEV, only=frozenset({1}))).machines == (WEB,)
        assert select([WEB, DB], Selection(DEV, excluded=frozenset({1}))).machines == (DB,)

    def test_a_tenanted_target_that_names_no_tenant_matches_nobody(self):
        lonely = replace(WEB, participation="Tenanted")

        assert select([lonely], Selection(DEV, tenant=7)).machines == ()
        assert select([lonely], Selection(DEV)).machines == ()

    def test_a_tenanted_deployment_reaches_targets_of_the_tenant_or_its_tags(self):
        own = replace(WEB, participation="Tenanted", tenants=frozenset({7}))
        tagged = replace(DB, participation="TenantedOrUntenanted", tenant_tags=frozenset({"a/b"}))
        shared = replace(WEB, id=3, name="w3")

        reached = select(
            [own, tagged, shared], Selection(DEV, tenant=7, tenant_tags=frozenset({"a/b"}))
        )

        assert reached.machines == (tagged, own)
