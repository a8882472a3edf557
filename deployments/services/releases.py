"""Releases: freezing process, variables and packages; blocking and unblocking them. domain.md 16."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from deployments.core.package_overrides import BadOverride, Override, parse_overrides
from deployments.core.release_notes import Build, filled, note_variables
from deployments.core.versions import is_mask, parse
from deployments.models import (
    BuildInformation,
    Channel,
    Defect,
    Process,
    ProcessSnapshot,
    Project,
    Release,
    ServerTask,
    VariableSnapshot,
)
from deployments.queries.blockers import project_blockers
from deployments.queries.deployment_changes import current_places
from deployments.queries.release_packages import (
    Selection,
    Wanted,
    choose_channel,
    feeds_of,
    needed_packages,
    select_packages,
)
from deployments.queries.release_versions import (
    counted_on,
    proposed_version,
    unscoped_variables,
)
from deployments.queries.variable_inputs import variables_now
from deployments.services.changes import apply
from deployments.services.promotion import promote
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid
from spaces.permissions import Permission

MAX_VERSION = 255


@dataclass(frozen=True)
class ReleaseRequest:
    """What the creator of a release may say. Empty texts mean "as the project says".

    packages: overrides such as "Deploy web:1.2.0" (api-dialect.md 7.5.1). selected: more of them, from
    clients that name step and version apart.
    """

    version: str = ""
    channel: Channel | None = None
    package_version: str = ""
    package_prerelease: str = ""
    packages: Sequence[str] = ()
    selected: Sequence[Override] = ()
    notes: str = ""
    ignore_channel_rules: bool = False
    custom_fields: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def create_release(*, actor: Actor, project: Project, request: ReleaseRequest) -> Release:
    """Freeze process, variables and packages under a version.

    Raises PermissionRefused; Invalid with every reason; Conflict when the version exists.
    """
    authorize(actor, Permission.RELEASE_CREATE, project)
    authorize(actor, Permission.PROCESS_VIEW, project)
    project = Project.objects.select_for_update().get(pk=project.pk)
    process = Process.objects.get(project=project)
    channel, selection, problems = _selection(project, process, request)
    version, version_problems = _version(project, channel, request, selection)
    if problems := [*problems, *selection.problems, *version_problems]:
        raise Invalid(problems)
    release = _insert(
        actor=actor,
        project=project,
        channel=channel,
        version=version,
        selection=selection,
        request=request,
        process=process,
    )
    record(actor, "ReleaseCreated", release, details={"packages": release.packages})
    transaction.on_commit(partial(promote, release, cause=f"{release} was created"), robust=True)
    return release


def _selection(
    project: Project, process: Process, request: ReleaseRequest
) -> tuple[Channel, Selection, list[str]]:
    """The channel, the package versions, and everything that is wrong besides."""
    problems = _request_problems(project, process, request)
    steps, feeds = process.parsed(), feeds_of(project.space_id)
    channels = list(project.channels.all())
    channel = request.channel or next(c for c in channels if c.is_default)
    try:
        wanted = _wanted(request)
        channel = request.channel or choose_channel(channels, steps, wanted, feeds)
    except (BadOverride, LookupError) as bad:
        return channel, Selection(), [*problems, str(bad.args[0])]
    selection = select_packages(needed_packages(steps, channel), channel, wanted, feeds)
    return channel, selection, problems


def _request_problems(project: Project, process: Process, request: ReleaseRequest) -> list[str]:
    problems = [str(blocker) for blocker in project_blockers(project)]
    if request.channel and request.channel.project_id != project.pk:
        problems.append(f"The channel {request.channel.name} belongs to another project.")
    if request.ignore_channel_rules and not project.allow_ignore_channel_rules:
        problems.append(f"The project {project} does not allow channel rules to be ignored.")
    if not process.steps:
        problems.append(f"The process of {project} has no steps. Add a step first.")
    return problems


def _wanted(request: ReleaseRequest) -> Wanted:
    """Raises BadOverride."""
    return Wanted(
        parse_overrides(request.packages),
        request.package_version,
        request.package_prerelease,
        request.ignore_channel_rules,
    )


def _version(
    project: Project, channel: Channel, request: ReleaseRequest, selection: Selection
) -> tuple[str, list[str]]:
    """The version to use, and what is wrong with it. One that is given may be a mask such as 2.1.i."""
    version = request.version.strip()
    try:
        if not version:
            version = proposed_version(project, channel, selection)
        elif is_mask(version):
            version = counted_on(project, version)
    except ValueError as bad:
        return "", [f"The next version cannot be worked out: {bad}"]
    if len(version) > MAX_VERSION:
        return version, [
            f"A version has at most {MAX_VERSION} characters; this one has {len(version)}."
        ]
    try:
        parse(version, "octopus")
    except ValueError:
        return version, [f"{version!r} is not a version. Write for example 1.4.2 or 1.4.2-beta.1."]
    return version, []


def _insert(
    *,
    actor: Actor,
    project: Project,
    channel: Channel,
    version: str,
    selection: Selection,
    request: ReleaseRequest,
    process: Process,
) -> Release:
    builds = _build_information(project.space_id, selection)
    try:
        with transaction.atomic():
            release = Release.objects.create(
                space_id=project.space_id,
                project=project,
                channel=channel,
                version=version,
                notes=_notes(project, channel, version, request.notes, selection, builds),
                process=_process_snapshot(process),
                variables=snapshot_variables(project),
                packages=selection.frozen(),
                build_information=builds,
                custom_fields=request.custom_fields,
                ignore_channel_rules=request.ignore_channel_rules,
                created_by=actor.name,
            )
    except IntegrityError as exc:
        raise Conflict(f"Release {version} of {project} already exists.") from exc
    Project.objects.filter(pk=project.pk).update(last_version=version)
    return release


def _notes(
    project: Project,
    channel: Channel,
    version: str,
    given: str,
    selection: Selection,
    builds: Sequence[Build],
) -> str:
    """The notes with their variables, once and for all; none given means the project's template."""
    template = given or project.release_notes_template
    if "#{" not in template:
        return template
    known = unscoped_variables(project, channel)
    return filled(
        template, known | note_variables(version, channel.name, selection.frozen(), builds)
    )


def _process_snapshot(process: Process) -> ProcessSnapshot:
    """One copy for each version of the process, however many releases are made of it."""
    snapshot, _ = ProcessSnapshot.objects.get_or_create(
        project_id=process.project_id,
        version=process.version,
        defaults={"space_id": process.space_id, "steps": process.steps},
    )
    return snapshot


def snapshot_variables(project: Project) -> VariableSnapshot:
    """A frozen copy of the project's and its library sets' variables; secrets stay sealed."""
    snapshot = variables_now(project)
    snapshot.save()
    return snapshot


def _build_information(space_id: int, selection: Selection) -> list[dict[str, Any]]:
    wanted = {(found.package_id.lower(), found.version) for _, found in selection.chosen}
    rows = BuildInformation.objects.in_space(space_id).filter(
        version__in=[version for _, version in wanted]
    )
    return [
        {"package_id": row.package_id, "version": row.version, **row.details}
        for row in rows
        if (row.package_id.lower(), row.version) in wanted
    ]


@transaction.atomic
def update_variables(*, actor: Actor, release: Release) -> Release:
    """Take the variables of now into the release; the process stays. domain.md 16.5."""
    authorize(actor, Permission.RELEASE_EDIT, release)
    release.variables = snapshot_variables(release.project)
    release.save(update_fields=["variables"])
    record(actor, "ReleaseVariablesUpdated", release)
    return release


@dataclass(frozen=True)
class ReleaseEdit:
    """What is to be different; None and nothing leave things as they are.

    packages: versions by step or action, as in `ReleaseRequest.selected`.
    """

    notes: str | None = None
    version: str | None = None
    channel: Channel | None = None
    packages: Sequence[Override] = ()


@transaction.atomic
def edit_release(*, actor: Actor, release: Release, edit: ReleaseEdit) -> Release:
    """Change a release. Once it was deployed, only the notes. domain.md 16.4.

    Raises PermissionRefused; Invalid with every reason; Conflict when the version exists.
    """
    authorize(actor, Permission.RELEASE_EDIT, release)
    release = Release.objects.select_for_update(of=("self",)).get(pk=release.pk)
    wanted = _wanted_of(release, edit)
    fields = {name: value for name, value in wanted.items() if getattr(release, name) != value}
    if set(fields) - {"notes"} and release.deployments.exists():
        raise Invalid(f"{release} was deployed: only its notes can be changed.")
    changes = apply(release, fields)
    if changes:
        try:
            with transaction.atomic():
                release.save(update_fields=list(fields))
        except IntegrityError as exc:
            raise Conflict(f"Release {edit.version} of {release.project} already exists.") from exc
        record(actor, "Modified", release, details=changes)
    return release


def _wanted_of(release: Release, edit: ReleaseEdit) -> dict[str, Any]:
    """The fields that the edit is about, as they are to be. Raises Invalid with every reason."""
    fields: dict[str, Any] = {} if edit.notes is None else {"notes": edit.notes}
    channel, problems = edit.channel or release.channel, []
    if channel.project_id != release.project_id:
        problems.append(f"The channel {channel.name} belongs to another project.")
    if edit.version is not None and edit.version.strip() != release.version:
        request = ReleaseRequest(version=edit.version)
        fields["version"], found = _version(release.project, channel, request, Selection())
        problems += found
    if channel != release.channel or edit.packages:
        selection = _reselected(release, channel, edit.packages)
        problems += selection.problems
        fields |= {
            "channel": channel,
            "packages": selection.frozen(),
            "build_information": _build_information(release.space_id, selection),
        }
    if problems:
        raise Invalid(problems)
    return fields


def _reselected(release: Release, channel: Channel, changed: Sequence[Override]) -> Selection:
    """The packages as the channel allows them: those held, but for the changed ones."""
    held = [
        Override(item["action_name"].lower(), item["version"], item["reference"].lower())
        for item in release.packages
        if not any(_names(override, item) for override in changed)
    ]
    wanted = Wanted([*changed, *held], ignore_rules=release.ignore_channel_rules)
    needed = needed_packages(release.process.parsed, channel)
    return select_packages(needed, channel, wanted, feeds_of(release.space_id))


def _names(override: Override, item: Mapping[str, Any]) -> bool:
    """Whether the choice is about this held package."""
    named = (item["step_name"], item["action_name"], item["package_id"], item["reference"])
    return override.weight(*named) is not None


@transaction.atomic
def delete_release(*, actor: Actor, release: Release, is_confirmed: bool = False) -> None:
    """Delete a release with its deployments and their logs.

    Refused while one of them is active, and unless confirmed where it is what runs now (domain.md 16.4).
    """
    authorize(actor, Permission.RELEASE_DELETE, release)
    tasks = ServerTask.objects.select_for_update().filter(deployment__release=release)
    running = [task.description for task in tasks.active()]
    if running:
        raise Conflict([f"{description} is not finished." for description in running])
    if not is_confirmed and (places := current_places(release)):
        raise Conflict([f"{release} is what runs in {place}." for place in places])
    record(actor, "Deleted", release)
    ServerTask.objects.filter(pk__in=[task.pk for task in tasks]).delete()
    release.delete()


@transaction.atomic
def block_release(*, actor: Actor, release: Release, description: str) -> Defect:
    """Hold a release back from phases it has not succeeded in. domain.md 8.5."""
    authorize(actor, Permission.DEFECT_REPORT, release)
    if not description.strip():
        raise Invalid("Say why the release is blocked; everybody sees the reason.")
    defect = Defect.objects.create(
        space_id=release.space_id, release=release, description=description, created_by=actor.name
    )
    record(actor, "ReleaseBlocked", release, details={"description": description})
    return defect


@transaction.atomic
def unblock_release(*, actor: Actor, release: Release) -> None:
    """Resolve every open defect of a release."""
    authorize(actor, Permission.DEFECT_RESOLVE, release)
    open_defects = release.defects.select_for_update().filter(resolved_at__isnull=True)
    if not open_defects:
        raise Invalid(f"{release} is not blocked.")
    open_defects.update(resolved_at=timezone.now(), resolved_by=actor.name)
    record(actor, "ReleaseUnblocked", release)
