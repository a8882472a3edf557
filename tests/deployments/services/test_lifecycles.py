"""Lifecycles and phases. domain.md 8.1."""

import pytest

from deployments.models import Lifecycle, Phase
from deployments.services.lifecycles import (
    PhaseRequest,
    create_lifecycle,
    delete_lifecycle,
    update_lifecycle,
)
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from tests.factories.deployments import make_project


@pytest.fixture
def lifecycle(manager, space, dev, production):
    phases = [PhaseRequest("First", automatic=[dev]), PhaseRequest("Last", manual=[production])]
    return create_lifecycle(actor=manager, space=space, name="Careful", phases=phases)


def test_phases_keep_their_order_and_environments(lifecycle, dev, production):
    first, last = lifecycle.phases.all()

    assert [(m.environment, m.is_automatic) for m in first.environments.all()] == [(dev, True)]
    assert [(m.environment, m.is_automatic) for m in last.environments.all()] == [
        (production, False)
    ]


def test_a_known_phase_keeps_its_id_and_others_go(manager, lifecycle, production):
    _, last = lifecycle.phases.all()

    update_lifecycle(
        actor=manager,
        lifecycle=lifecycle,
        phases=[PhaseRequest("Only", manual=[production], id=last.pk)],
    )

    assert [(phase.pk, phase.name) for phase in Phase.objects.all()] == [(last.pk, "Only")]


def test_a_phase_id_of_another_lifecycle_is_a_new_phase(manager, space, lifecycle):
    foreign = lifecycle.phases.first()

    other = create_lifecycle(
        actor=manager, space=space, name="Other", phases=[PhaseRequest("Mine", id=foreign.pk)]
    )

    foreign.refresh_from_db()
    assert foreign.name == "First"
    assert other.phases.get().pk != foreign.pk


def test_bad_phases_are_refused_with_all_reasons(manager, space, dev):
    phases = [
        PhaseRequest("A", manual=[dev], minimum=2),
        PhaseRequest("a", manual=[dev]),
        PhaseRequest(" "),
    ]

    with pytest.raises(Invalid) as refused:
        create_lifecycle(actor=manager, space=space, name="Bad", phases=phases)

    text = str(refused.value)
    assert "1 environments; 2 cannot be required" in text
    assert "several phases" in text
    assert "more than one phase" in text
    assert "must not be empty" in text
    assert not Lifecycle.objects.filter(name="Bad").exists()


def test_counting_retention_needs_a_quantity(manager, space):
    with pytest.raises(Invalid, match="quantity"):
        create_lifecycle(
            actor=manager, space=space, name="Bad", release_retention={"strategy": "Count"}
        )


def test_viewers_change_nothing_and_strangers_see_nothing(viewer, outsider, lifecycle):
    with pytest.raises(PermissionRefused, match="LifecycleEdit"):
        update_lifecycle(actor=viewer, lifecycle=lifecycle, phases=[])
    with pytest.raises(NotFound):
        delete_lifecycle(actor=outsider, lifecycle=lifecycle)

    assert lifecycle.phases.count() == 2


def test_the_default_lifecycle_and_one_in_use_stay(manager, space, lifecycle):
    make_project(space, name="Shop", lifecycle=lifecycle)

    with pytest.raises(Conflict, match="the project Shop"):
        delete_lifecycle(actor=manager, lifecycle=lifecycle)
    with pytest.raises(Conflict, match="default"):
        delete_lifecycle(actor=manager, lifecycle=Lifecycle.objects.get(is_default=True))


def test_an_unused_lifecycle_is_deleted(manager, lifecycle):
    delete_lifecycle(actor=manager, lifecycle=lifecycle)

    assert not Lifecycle.objects.filter(pk=lifecycle.pk).exists()
