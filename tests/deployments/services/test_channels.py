"""Channels. domain.md 10."""

import pytest

from deployments.models import Channel
from deployments.services.channels import create_channel, delete_channel, update_channel
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from tests.factories.deployments import make_channel, make_project, make_release, package_step


@pytest.fixture
def project(space):
    return make_project(space, package_step("Acme.Web", name="Deploy web"))


def test_a_new_default_channel_replaces_the_old_one(manager, project):
    created = create_channel(actor=manager, project=project, name="Hotfix", is_default=True)

    assert project.channels.get(is_default=True) == created


def test_a_project_never_loses_its_default_channel(manager, project):
    default = project.channels.get()

    with pytest.raises(Invalid, match="another channel"):
        update_channel(actor=manager, channel=default, is_default=False)
    with pytest.raises(Conflict, match="default"):
        delete_channel(actor=manager, channel=default)

    assert project.channels.get(is_default=True) == default


def test_a_rule_names_packages_of_the_process(manager, project):
    packages = [{"action": "Deploy web", "reference": ""}]
    rule = {"version_range": "[1.0,2.0)", "tag": "^$", "packages": packages}

    channel = create_channel(actor=manager, project=project, name="Stable", rules=[rule])

    assert channel.rules[0]["id"]
    with pytest.raises(Invalid, match="No step of"):
        update_channel(
            actor=manager,
            channel=channel,
            rules=[{**rule, "packages": [{"action": "Nothing", "reference": ""}]}],
        )


@pytest.mark.parametrize("name", ["default", "", "a\nb"])
def test_bad_and_taken_names_are_refused(manager, project, name):
    with pytest.raises(Invalid):
        create_channel(actor=manager, project=project, name=name)


def test_viewers_change_nothing_and_strangers_see_nothing(viewer, outsider, project):
    channel = make_channel(project, name="Beta")

    with pytest.raises(PermissionRefused, match="ProcessEdit"):
        update_channel(actor=viewer, channel=channel, name="Mine")
    with pytest.raises(NotFound):
        delete_channel(actor=outsider, channel=channel)

    channel.refresh_from_db()
    assert channel.name == "Beta"


def test_a_channel_with_releases_stays(manager, space):
    project = make_project(space)
    channel = make_channel(project)
    release = make_release(project, channel=channel)

    with pytest.raises(Conflict, match=f"the release {release}"):
        delete_channel(actor=manager, channel=channel)

    release.delete()
    delete_channel(actor=manager, channel=channel)
    assert not Channel.objects.filter(pk=channel.pk).exists()
