"""Releases: what is frozen, what is refused, how they are numbered. domain.md 16."""

import pytest

from deployments.core.package_overrides import Override
from deployments.models import Release
from deployments.services.releases import (
    ReleaseEdit,
    ReleaseRequest,
    block_release,
    create_release,
    delete_release,
    edit_release,
    unblock_release,
    update_variables,
)
from deployments.services.variables import VariableRow, save_variables
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import Event
from spaces.permissions import Permission
from tests.factories.deployments import (
    SYSTEM,
    make_channel,
    make_deployment,
    make_environment,
    make_furnished_space,
    make_package,
    make_project,
    make_release,
    package_step,
    script_step,
)
from tests.factories.spaces import actor_for, grant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def space():
    return make_furnished_space()


@pytest.fixture
def project(space):
    return make_project(space)


@pytest.fixture
def lead(space):
    user = make_user()
    grant(user, "projectlead", space)
    return actor_for(user)


def create(project, actor=SYSTEM, **given):
    return create_release(actor=actor, project=project, request=ReleaseRequest(**given))


def set_variables(project, **values):
    rows = [VariableRow(name=name, value=value) for name, value in values.items()]
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)


class TestFreezing:
    def test_a_release_keeps_the_process_it_was_made_of(self, project):
        from deployments.services.processes import save_process

        release = make_release(project)
        save_process(actor=SYSTEM, project=project, steps=[script_step("Something else")])

        release = Release.objects.get(pk=release.pk)
        assert [step.name for step in release.process.parsed] == ["Say hello"]

    def test_releases_of_one_process_version_share_its_copy(self, project):
        assert make_release(project).process == make_release(project).process

    def test_variables_stay_until_they_are_updated(self, project):
        set_variables(project, Db="old")
        release = make_release(project)
        set_variables(project, Db="new")

        assert [e["value"] for e in release.variables.entries] == ["old"]

        update_variables(actor=SYSTEM, release=release)

        assert [e["value"] for e in release.variables.entries] == ["new"]

    def test_the_newest_package_is_taken(self, space):
        project = make_project(space, package_step("Acme.Web"))
        for version in ("1.9.0", "1.10.0", "1.2.0"):
            make_package(space, "Acme.Web", version, **{"v.txt": version})

        packages = create(project).packages

        assert [(p["package_id"], p["version"]) for p in packages] == [("Acme.Web", "1.10.0")]
        assert len(packages[0]["sha256"]) == 64

    def test_an_override_names_the_version(self, space):
        project = make_project(space, package_step("Acme.Web", name="Web"))
        for version in ("1.0.0", "2.0.0"):
            make_package(space, "Acme.Web", version, **{"v.txt": version})

        release = create(project, packages=["Web:1.0.0"])

        assert release.packages[0]["version"] == "1.0.0"


class TestChannels:
    """Which channel a release goes to when nobody names one (domain.md 10)."""

    @pytest.fixture
    def project(self, space):
        for version in ("1.0.0", "2.0.0-beta.1"):
            make_package(space, "Acme.Web", version, **{"v.txt": version})
        project = make_project(space, package_step("Acme.Web", name="Web"))
        rule = {"version_range": "", "tag": "^beta", "packages": [{"action": "Web"}]}
        make_channel(project, name="Beta", rules=[rule])
        return project

    def test_without_versions_the_default_one(self, project):
        assert create(project).channel.name == "Default"

    def test_a_channel_with_rules_that_fit_comes_first(self, project):
        assert create(project, packages=["Web:2.0.0-beta.1"]).channel.name == "Beta"
        assert create(project, packages=["Web:1.0.0"]).channel.name == "Default"

    def test_a_version_that_breaks_the_rules_is_refused_unless_they_are_ignored(self, project):
        beta = project.channels.get(name="Beta")

        with pytest.raises(Invalid, match="does not match \\^beta"):
            create(project, channel=beta, packages=["Web:1.0.0"])

        assert create(
            project, channel=beta, packages=["Web:1.0.0"], ignore_channel_rules=True
        ).ignore_channel_rules

    def test_the_latest_that_fits_is_taken(self, project):
        beta = project.channels.get(name="Beta")

        assert create(project, channel=beta).packages[0]["version"] == "2.0.0-beta.1"

    def test_several_that_fit_equally_are_named(self, project):
        rule = {"version_range": "[2.0.0-beta,)", "tag": "", "packages": [{"action": "Web"}]}
        make_channel(project, name="Next", rules=[rule])

        with pytest.raises(Invalid, match="Beta, Next"):
            create(project, packages=["Web:2.0.0-beta.1"])


class TestRefusals:
    def test_all_reasons_are_told_at_once(self, space):
        project = make_project(
            space, package_step("Acme.Web", "Web"), package_step("Acme.Db", "Db")
        )

        with pytest.raises(Invalid) as refused:
            create(project, version="not a version!")

        told = " ".join(refused.value.reasons)
        assert "Acme.Web in step Web" in told
        assert "Acme.Db in step Db" in told
        assert "is not a version" in told
        assert not Release.objects.exists()

    def test_a_version_exists_once_ignoring_case(self, project):
        create(project, version="1.0.0-Beta")

        with pytest.raises(Conflict, match=r"1\.0\.0-beta"):
            create(project, version="1.0.0-beta")

    def test_a_disabled_project_makes_no_releases(self, project):
        project.is_disabled = True
        project.save()

        with pytest.raises(Invalid, match="disabled"):
            create(project)

    def test_an_empty_process_makes_no_releases(self, space):
        from deployments.services.projects import create_project

        with pytest.raises(Invalid, match="no steps"):
            create(create_project(actor=SYSTEM, space=space, name="Empty"))

    @pytest.mark.promise("P8")
    def test_without_permission_nothing_changes(self, space, project):
        viewer = make_user()
        grant(viewer, "projectviewer", space)
        events = Event.objects.count()

        with pytest.raises(PermissionRefused, match="ReleaseCreate"):
            create(project, actor=actor_for(viewer))

        assert not Release.objects.exists()
        assert Event.objects.count() == events

    @pytest.mark.promise("P2")
    def test_to_somebody_of_another_space_the_project_does_not_exist(self, project):
        stranger = make_user()
        grant(stranger, "spacemanager", make_furnished_space())

        with pytest.raises(NotFound):
            create(project, actor=actor_for(stranger))


class TestNumbers:
    def test_the_first_release_and_the_next(self, project):
        assert create(project).version == "0.0.1"
        assert create(project).version == "0.0.2"

    def test_the_next_number_follows_the_newest_release(self, project):
        create(project, version="2.4.7")

        assert create(project).version == "2.4.8"

    def test_a_mask_increments(self, project):
        project.version_template = "3.1.i"
        project.save()

        assert [create(project).version for _ in range(3)] == ["3.1.0", "3.1.1", "3.1.2"]

    def test_a_mask_goes_on_in_its_own_row_of_numbers(self, project):
        create(project, version="2.1.3")
        create(project, version="9.0.0")

        assert create(project, version="2.1.i").version == "2.1.4"

    def test_a_template_may_use_the_channel_and_plain_variables(self, project):
        set_variables(project, Train="7")
        project.version_template = "#{Train}.#{Octopus.Version.Channel.NextMinor}.0"
        project.save()

        assert [create(project).version for _ in range(2)] == ["7.1.0", "7.2.0"]

    def test_a_deleted_number_does_not_come_back(self, project):
        create(project)
        delete_release(actor=SYSTEM, release=create(project))
        Release.objects.all().delete()

        assert create(project).version == "0.0.3"

    def test_a_package_may_give_the_version(self, space):
        project = make_project(space, package_step("Acme.Web", name="Web"))
        make_package(space, "Acme.Web", "7.1.0")
        project.version_donor = {"action": "Web"}
        project.save()

        assert create(project).version == "7.1.0"


class TestNotes:
    def test_notes_are_filled_in_once(self, project):
        set_variables(project, Team="Blue")

        notes = create(project, version="1.0", notes="#{Team}: #{Octopus.Release.Number}").notes

        assert notes == "Blue: 1.0"

    def test_without_notes_the_project_s_template_counts(self, project):
        project.release_notes_template = "Version #{Octopus.Release.Number}"
        project.save()

        assert create(project, version="1.0").notes == "Version 1.0"
        assert create(project, version="1.1", notes="Mine").notes == "Mine"


class TestLater:
    def test_a_lead_edits_notes_and_it_is_audited(self, lead, project):
        release = edit_release(
            actor=lead, release=make_release(project), edit=ReleaseEdit(notes="New")
        )

        assert Release.objects.get().notes == "New"
        assert Event.objects.filter(category="Modified", user=lead.user).exists()
        assert release.notes == "New"

    def test_a_release_with_an_active_deployment_is_not_deleted(self, space, project):
        from deployments.core.states import TaskState

        release = make_release(project)
        make_deployment(release, make_environment(space), TaskState.EXECUTING)

        with pytest.raises(Conflict, match="not finished"):
            delete_release(actor=SYSTEM, release=release)

        assert Release.objects.exists()

    def test_an_undeployed_release_takes_another_version_channel_and_package(self, space):
        project = make_project(space, package_step("Acme.Web", name="Web"))
        make_package(space, "Acme.Web", "1.0.0")
        make_package(space, "Acme.Web", "1.1.0")
        beta = make_channel(project, name="Beta")
        release = make_release(project, "1.0", packages=["Web:1.0.0"])

        edited = edit_release(
            actor=SYSTEM,
            release=release,
            edit=ReleaseEdit(version="2.0", channel=beta, packages=[Override("web", "1.1.0")]),
        )

        assert (edited.pk, edited.version, edited.channel) == (release.pk, "2.0", beta)
        assert [item["version"] for item in edited.packages] == ["1.1.0"]

    def test_once_deployed_only_the_notes_change(self, space, project):
        release = make_release(project, "1.0")
        make_deployment(release, make_environment(space))

        with pytest.raises(Invalid, match="only its notes"):
            edit_release(
                actor=SYSTEM, release=release, edit=ReleaseEdit(version="2.0", notes="New")
            )
        same = ReleaseEdit(version="1.0", channel=release.channel, notes="New")

        assert edit_release(actor=SYSTEM, release=release, edit=same).notes == "New"

    def test_an_edit_is_refused_with_every_reason(self, space, project):
        make_release(project, "2.0")
        release = make_release(project, "1.0")
        strange = make_project(space).channels.get()

        with pytest.raises(Invalid) as refused:
            edit_release(
                actor=SYSTEM, release=release, edit=ReleaseEdit(version="so so", channel=strange)
            )
        with pytest.raises(Conflict, match="already exists"):
            edit_release(actor=SYSTEM, release=release, edit=ReleaseEdit(version="2.0"))

        assert len(refused.value.reasons) == 2

    def test_what_runs_somewhere_is_only_deleted_when_confirmed(self, space, project):
        release = make_release(project)
        make_deployment(release, make_environment(space, name="Live"))

        with pytest.raises(Conflict, match="runs in Live"):
            delete_release(actor=SYSTEM, release=release)

        delete_release(actor=SYSTEM, release=release, is_confirmed=True)
        assert not Release.objects.exists()

    def test_deleting_takes_its_deployments_along(self, space, project):
        release = make_release(project)
        make_deployment(release, make_environment(space))

        delete_release(actor=SYSTEM, release=release, is_confirmed=True)

        assert not Release.objects.exists()

    def test_blocking_needs_a_reason_and_its_own_permission(self, space, project):
        reporter = make_user()
        grant(reporter, [Permission.RELEASE_VIEW, Permission.DEFECT_REPORT], space)
        release = make_release(project)

        with pytest.raises(Invalid, match="why"):
            block_release(actor=actor_for(reporter), release=release, description=" ")
        block_release(actor=actor_for(reporter), release=release, description="Crashes")
        with pytest.raises(PermissionRefused, match="DefectResolve"):
            unblock_release(actor=actor_for(reporter), release=release)

        unblock_release(actor=SYSTEM, release=release)

        assert not release.defects.filter(resolved_at__isnull=True).exists()
