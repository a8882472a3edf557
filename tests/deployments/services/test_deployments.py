"""Deploying: everything that stands in the way, and what is written when nothing does. domain.md 17."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.core.states import TaskState
from deployments.models import Deployment, ServerTask
from deployments.queries.blockers import board_blockers, deploy_blockers
from deployments.queries.plan_inputs import RunOptions
from deployments.services.deployments import (
    DeploymentBlocked,
    deploy_release,
    deploy_to_environments,
)
from deployments.services.releases import block_release
from deployments.services.variables import VariableRow, save_variables
from spaces.errors import NotFound, PermissionRefused
from spaces.models import Event
from tests.factories.deployments import (
    SYSTEM,
    make_deployment,
    make_environment,
    make_furnished_space,
    make_package,
    make_project,
    make_release,
    make_target,
    package_step,
    script_step,
)
from tests.factories.spaces import actor_for, grant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def space():
    return make_furnished_space()


@pytest.fixture
def dev(space):
    environment = make_environment(space, name="Development")
    make_target(space, environment)
    return environment


@pytest.fixture
def prod(space, dev):
    environment = make_environment(space, name="Production")
    make_target(space, environment)
    return environment


@pytest.fixture
def release(space, dev, prod):
    return make_release(make_project(space))


def person(space, role="deploymentcreator", **scope):
    user = make_user()
    grant(user, "projectviewer", space)
    grant(user, role, space, **scope)
    return actor_for(user)


def reasons(release, environment, **options):
    with pytest.raises(DeploymentBlocked) as refused:
        deploy_release(
            actor=SYSTEM,
            release=release,
            environment=environment,
            options=RunOptions(**options),
        )
    assert not Deployment.objects.exists()
    assert not ServerTask.objects.filter(kind=ServerTask.Kind.DEPLOY).exists()
    return refused.value.reasons


def test_a_deployment_is_queued_with_its_task_and_audit_event(
    space, release, dev, django_capture_on_commit_callbacks
):
    actor = person(space)

    with django_capture_on_commit_callbacks() as rung:
        deployment = deploy_release(actor=actor, release=release, environment=dev)

    task = deployment.task
    assert task.state == TaskState.QUEUED.value
    assert task.arguments == {"DeploymentId": deployment.wire_id}
    assert task.requested_by == actor.user
    assert Event.objects.filter(category="DeploymentQueued").count() == 1
    assert len(rung) == 1


def test_the_lifecycle_names_what_must_come_first(release, prod):
    assert reasons(release, prod) == [f"{release} must succeed in Development before Production."]


def test_success_opens_the_next_environment(release, dev, prod):
    make_deployment(release, dev, TaskState.SUCCESS)
    make_deployment(release, dev, TaskState.FAILED)

    assert deploy_release(actor=SYSTEM, release=release, environment=prod)


def test_a_blocked_release_does_not_progress(release, dev, prod):
    make_deployment(release, dev)
    block_release(actor=SYSTEM, release=release, description="Crashes")

    with pytest.raises(DeploymentBlocked, match="unresolved problem"):
        deploy_release(actor=SYSTEM, release=release, environment=prod)
    assert deploy_release(actor=SYSTEM, release=release, environment=dev)


def test_every_reason_is_told_at_once(space):
    """Bad input: lifecycle, targets, packages and answers together, and nothing is queued."""
    make_environment(space, name="First")
    last = make_environment(space, name="Last")
    project = make_project(space, package_step("Acme.Web"))
    package = make_package(space, "Acme.Web")
    prompt = {"label": "Ticket", "required": True}
    save_variables(
        actor=SYSTEM,
        variable_set=project.variable_set,
        rows=[VariableRow(name="Ticket", value="", prompt=prompt)],
    )
    release = make_release(project)
    package.delete()

    told = "\n".join(reasons(release, last))

    assert "must succeed in First" in told
    assert "Acme.Web 1.0.0 (step Deploy package) is no longer in the feed" in told
    assert "A value for Ticket is required" in told
    assert "There are no deployment targets" in told


def test_an_answer_satisfies_a_required_prompt(space, dev):
    project = make_project(space)
    rows = [
        VariableRow(name="Ticket", value="", prompt={"label": "Ticket", "required": True}),
        VariableRow(name="Pin", is_sensitive=True, prompt={"label": "Pin", "required": False}),
    ]
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)

    deployment = deploy_release(
        actor=SYSTEM,
        release=make_release(project),
        environment=dev,
        options=RunOptions(form_values={"ticket": "T-1", "Pin": "4711", "Other": "x"}),
    )

    deployment.refresh_from_db()
    assert deployment.form_values == {"Ticket": "T-1"}
    assert "4711" not in deployment.sealed_form_values
    assert deployment.reveal_json("sealed_form_values") == {"Pin": "4711"}


def test_required_steps_and_unknown_ones_cannot_be_skipped(space, dev):
    project = make_project(space, script_step(is_required=True))
    release = make_release(project)
    action = release.process.parsed[0].actions[0]

    told = reasons(release, dev, skip_actions=frozenset({action.id, "nonsense"}))

    assert f"The step {action.name} is required and cannot be skipped." in told
    assert "There is no step nonsense to skip in this release." in told


def test_targets_of_other_environments_cannot_be_chosen(space, release, dev):
    elsewhere = make_target(space, make_environment(space))

    told = reasons(release, dev, specific_machines=frozenset({elsewhere.pk}))

    assert f"Machines-{elsewhere.pk} is not a target of Development." in told


@pytest.mark.parametrize(
    ("ahead", "expires", "reason"),
    [
        (timedelta(days=-1), None, "in the past"),
        (timedelta(days=31), None, "30 days"),
        (timedelta(hours=2), timedelta(hours=1), "expire"),
    ],
)
def test_a_schedule_must_make_sense(release, dev, ahead, expires, reason):
    now = timezone.now()

    told = reasons(
        release, dev, queue_time=now + ahead, queue_expiry=now + expires if expires else None
    )

    assert reason in told[0]


def test_of_several_environments_all_are_queued_or_none(release, dev, prod):
    with pytest.raises(DeploymentBlocked):
        deploy_to_environments(actor=SYSTEM, release=release, environments=[dev, prod])

    assert not Deployment.objects.exists()


class TestWho:
    """Developers deploy only to Dev (domain.md 4.6)."""

    @pytest.mark.promise("P6")
    def test_a_role_scoped_to_dev_deploys_to_dev_only(self, space, release, dev, prod):
        developer = person(space, environments=[dev.pk])
        make_deployment(release, dev)

        assert deploy_release(actor=developer, release=release, environment=dev)
        with pytest.raises(PermissionRefused, match="DeploymentCreate"):
            deploy_release(actor=developer, release=release, environment=prod)

    @pytest.mark.promise("P8")
    def test_a_refused_deployment_changes_nothing(self, space, release, dev):
        viewer = person(space, "projectviewer")
        events = Event.objects.count()

        with pytest.raises(PermissionRefused, match="DeploymentCreate"):
            deploy_release(actor=viewer, release=release, environment=dev)

        assert not Deployment.objects.exists()
        assert Event.objects.count() == events

    @pytest.mark.promise("P2")
    def test_to_another_space_the_release_does_not_exist(self, release, dev):
        with pytest.raises(NotFound):
            deploy_release(actor=person(make_furnished_space()), release=release, environment=dev)

    @pytest.mark.promise("U11")
    def test_the_button_is_enabled_exactly_where_the_service_accepts(
        self, space, release, dev, prod
    ):
        for actor in (person(space), person(space, "projectviewer"), SYSTEM):
            on_board = board_blockers(actor, [release], [dev, prod])
            for environment in (dev, prod):
                expected = deploy_blockers(actor, release, environment)
                assert bool(on_board[release.pk, environment.pk]) == bool(expected)


def test_a_board_costs_the_same_however_many_releases(
    space, release, dev, prod, django_assert_num_queries
):
    releases = [make_release(release.project) for _ in range(5)]
    actor = person(space)
    board_blockers(actor, [release], [dev, prod])

    with django_assert_num_queries(5):
        board_blockers(actor, [release], [dev, prod])
    with django_assert_num_queries(5):
        board_blockers(actor, [release, *releases], [dev, prod])
