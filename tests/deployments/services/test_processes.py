"""Saving processes. domain.md 11."""

from dataclasses import replace

import pytest

from deployments.models import Process, ProcessSnapshot
from deployments.services.processes import reveal_property, save_process
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import Event
from tests.factories.deployments import (
    make_environment,
    make_project,
    make_release,
    package_step,
    script_step,
)


@pytest.fixture
def project(space):
    return make_project(space, script_step("Migrate"))


def saved(project):
    return Process.objects.get(project=project)


def test_new_steps_get_ids_and_slugs_and_keep_them(manager, project):
    first = save_process(actor=manager, project=project, steps=[script_step("Say hello")])
    step = first.parsed()[0]
    second = save_process(actor=manager, project=project, steps=first.parsed())

    assert len(step.id) == 36
    assert (step.slug, step.actions[0].slug) == ("say-hello", "say-hello")
    assert second.parsed() == first.parsed()
    assert second.version == first.version + 1


def test_of_two_edits_of_one_version_the_second_is_refused(manager, project):
    version = saved(project).version
    save_process(actor=manager, project=project, steps=[script_step("Mine")], version=version)

    with pytest.raises(Conflict, match="changed by manager at"):
        save_process(actor=manager, project=project, steps=[], version=version)

    assert saved(project).parsed()[0].name == "Mine"


def bad_steps(other_environment):
    fine = script_step()
    action = fine.actions[0]
    return {
        "several steps": [fine, script_step()],
        "must not be empty": [replace(fine, name=" ")],
        "no step type": [replace(fine, actions=(replace(action, action_type="Octopus.Magic"),))],
        "no action": [replace(fine, actions=())],
        "retries": [replace(fine, actions=(replace(action, retries=4),))],
        "Environments-": [
            replace(fine, actions=(replace(action, environments=(other_environment.pk,)),))
        ],
        "Feeds-999": [
            replace(
                fine,
                actions=(
                    replace(
                        action,
                        packages=(replace(package_step("A").actions[0].packages[0], feed=999),),
                    ),
                ),
            )
        ],
    }


@pytest.mark.promise("P5")
def test_steps_that_make_no_sense_are_refused(manager, project, other_space):
    before = saved(project).steps

    for reason, steps in bad_steps(make_environment(other_space)).items():
        with pytest.raises(Invalid, match=reason):
            save_process(actor=manager, project=project, steps=steps)

    assert saved(project).steps == before


def test_the_step_type_itself_judges_its_properties(manager, project):
    with pytest.raises(Invalid, match="Say hello"):
        save_process(actor=manager, project=project, steps=[script_step(body="")])


@pytest.mark.promise("S2")
def test_a_secret_property_is_sealed_kept_and_replaced(manager, project, space):
    step = script_step(sealed_properties={"Token": "canary-77"})
    process = save_process(actor=manager, project=project, steps=[step])
    action = process.parsed()[0].actions[0]

    assert "canary-77" not in str(process.steps)
    assert not any("canary-77" in str(row) for row in Event.objects.values())
    assert reveal_property(project.pk, space.pk, action, "Token") == "canary-77"

    untouched = replace(
        process.parsed()[0], actions=(replace(action, sealed_properties={"Token": ""}),)
    )
    again = save_process(actor=manager, project=project, steps=[untouched])
    assert again.parsed()[0].actions[0].sealed_properties == action.sealed_properties


def test_a_saved_process_never_changes_a_release(manager, project):
    release = make_release(project)

    save_process(actor=manager, project=project, steps=[script_step("Other")])

    assert ProcessSnapshot.objects.get(releases=release).parsed[0].name == "Migrate"


def test_viewers_change_nothing_and_strangers_see_nothing(viewer, outsider, project):
    before = saved(project).steps

    with pytest.raises(PermissionRefused, match="ProcessEdit"):
        save_process(actor=viewer, project=project, steps=[])
    with pytest.raises(NotFound):
        save_process(actor=outsider, project=project, steps=[])

    assert saved(project).steps == before
