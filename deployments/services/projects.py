"""Projects and project groups. domain.md 9."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import TypedDict, Unpack

from django.db import transaction

from deployments.models import (
    Channel,
    LibraryVariableSet,
    Lifecycle,
    Process,
    Project,
    ProjectGroup,
    Release,
    ServerTask,
    Variable,
    VariableSet,
)
from deployments.queries import referrers
from deployments.services.changes import (
    apply,
    create_named,
    naming_problems,
    new_slug,
    refuse,
    refuse_while_used,
    save,
    texts_problems,
    update_named,
)
from deployments.services.processes import copied_steps
from deployments.services.variable_templates import (
    TemplateRow,
    copy_templates,
    set_templates,
    template_problems,
)
from spaces.access import authorize, visible
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict
from spaces.models import Space
from spaces.permissions import Permission
from spaces.services.teams import forget

DEFAULT_CHANNEL = "Default"
TENANTED_MODES = ("Untenanted", "TenantedOrUntenanted", "Tenanted")


class ProjectFields(TypedDict, total=False):
    """What can be said about a project; what is left out stays as it is.

    version_donor: {"action", "reference"} of the package whose version releases take, or None.
    library_sets: ids, in falling precedence.
    """

    slug: str
    description: str
    is_disabled: bool
    tenanted_mode: str
    guided_failure: str
    version_template: str
    version_donor: dict[str, str] | None
    release_notes_template: str
    deployment_changes_template: str
    skip_if_already_installed: bool
    force_package_download: bool
    skip_unavailable_targets: bool
    exclude_unhealthy_targets: bool
    allow_no_targets: bool
    skip_target_roles: list[str]
    discrete_channel_release: bool
    allow_ignore_channel_rules: bool
    library_sets: list[int]


class ProjectChanges(ProjectFields, total=False):
    name: str
    group: ProjectGroup
    lifecycle: Lifecycle


@transaction.atomic
def create_project(
    *,
    actor: Actor,
    space: Space,
    name: str,
    group: ProjectGroup | None = None,
    lifecycle: Lifecycle | None = None,
    templates: Sequence[TemplateRow] = (),
    **fields: Unpack[ProjectFields],
) -> Project:
    """A new project with an empty process, an empty variable set and a default channel.

    Without group or lifecycle it takes the space's defaults. Raises PermissionRefused, Invalid.
    """
    group = group or ProjectGroup.objects.in_space(space).order_by("pk").first()
    lifecycle = lifecycle or Lifecycle.objects.in_space(space).filter(is_default=True).first()
    if group is None or lifecycle is None:
        raise Conflict("Create a project group and a lifecycle first.")
    authorize(actor, Permission.PROJECT_CREATE, group)
    siblings = Project.objects.in_space(space)
    slug = fields.pop("slug", "")
    refuse(
        naming_problems(siblings, name, slug=slug)
        + texts_problems(fields)
        + _problems(actor, space, fields)
        + template_problems(None, templates)
    )
    project = Project(
        space=space,
        name=name.strip(),
        slug=new_slug(siblings, name, slug),
        group=group,
        lifecycle=lifecycle,
        **fields,
    )
    save(project)
    # by id: the row in hand must not remember the process and the set as they are now, empty
    Process.objects.create(space=space, project_id=project.pk)
    VariableSet.objects.create(space=space, project_id=project.pk)
    Channel.objects.create(
        space=space, project=project, name=DEFAULT_CHANNEL, slug="default", is_default=True
    )
    set_templates(project, templates)
    record(actor, "Created", project)
    return project


@transaction.atomic
def update_project(
    *,
    actor: Actor,
    project: Project,
    templates: Sequence[TemplateRow] | None = None,
    **fields: Unpack[ProjectChanges],
) -> Project:
    """Change it. Moving it to another group needs the right to create projects there.

    templates: what tenants are asked for; None leaves them as they are. Raises PermissionRefused, Invalid.
    """
    authorize(actor, Permission.PROJECT_EDIT, project)
    if (group := fields.get("group")) is not None and group != project.group:
        authorize(actor, Permission.PROJECT_CREATE, group)
    fields["name"] = fields.get("name", project.name).strip()
    fields["slug"] = fields.get("slug") or project.slug
    siblings = Project.objects.in_space(project.space_id)
    refuse(
        naming_problems(siblings, fields["name"], slug=fields["slug"], existing=project)
        + texts_problems(fields)
        + _problems(actor, project.space, fields)
        + template_problems(project, templates)
    )
    changes = apply(project, fields)
    save(project)
    if templates is not None:
        changes |= set_templates(project, templates)
    record(actor, "Modified", project, details=changes)
    return project


# What apps above copy with a project: called with (actor, original, copy).
project_cloned_hooks: list[Callable[[Actor, Project, Project], None]] = []


@transaction.atomic
def clone_project(
    *,
    actor: Actor,
    original: Project,
    name: str,
    group: ProjectGroup | None = None,
    lifecycle: Lifecycle | None = None,
    **fields: Unpack[ProjectFields],
) -> Project:
    """A copy of process, variables with their secrets, channels and settings, without any history.

    Copying secrets needs the right to edit them in the original (security-and-reliability.md 4.1).
    """
    for permission in (Permission.PROCESS_VIEW, Permission.VARIABLE_EDIT):
        authorize(actor, permission, original)
    authorize(actor, Permission.VARIABLE_EDIT_UNSCOPED, original)
    project = create_project(
        actor=actor,
        space=original.space,
        name=name,
        group=group or original.group,
        lifecycle=lifecycle or original.lifecycle,
        **(_settings_of(original) | fields),
    )
    channels = _copy_channels(original, project)
    _copy_process(original, project, channels)
    _copy_variables(original, project, channels)
    copy_templates(original, project)
    for hook in project_cloned_hooks:
        hook(actor, original, project)
    record(actor, "Cloned", project, details={"original": [None, original.name]})
    return project


@transaction.atomic
def delete_project(*, actor: Actor, project: Project) -> None:
    """Delete it with its releases, deployments, their logs and its variables.

    Raises Conflict while a task of it is queued or running.
    """
    authorize(actor, Permission.PROJECT_DELETE, project)
    tasks = ServerTask.objects.select_for_update().filter(project=project)
    active = [task.description for task in tasks.active()]
    if active:
        raise Conflict([f"{description} is not finished." for description in active])
    record(actor, "Deleted", project)
    forget(actor, project.space, "project", project.pk)
    ServerTask.objects.filter(project=project).delete()  # and with them the deployments
    Release.objects.filter(project=project).delete()
    project.delete()


class GroupFields(TypedDict, total=False):
    slug: str
    description: str


class GroupChanges(GroupFields, total=False):
    name: str


@transaction.atomic
def create_project_group(
    *, actor: Actor, space: Space, name: str, **fields: Unpack[GroupFields]
) -> ProjectGroup:
    """A new heading for projects. Raises PermissionRefused, Invalid."""
    authorize(actor, Permission.PROJECT_GROUP_CREATE, space)
    return create_named(actor, ProjectGroup(space=space, name=name, **fields), fields)


@transaction.atomic
def update_project_group(
    *, actor: Actor, group: ProjectGroup, **fields: Unpack[GroupChanges]
) -> ProjectGroup:
    """Change it. Raises PermissionRefused, Invalid."""
    authorize(actor, Permission.PROJECT_GROUP_EDIT, group)
    return update_named(actor, group, fields)


@transaction.atomic
def delete_project_group(*, actor: Actor, group: ProjectGroup) -> None:
    """Delete it. Raises Conflict while projects are in it, or when it is the last one."""
    authorize(actor, Permission.PROJECT_GROUP_DELETE, group)
    refuse_while_used(group, referrers.of_group(actor, group))
    if not ProjectGroup.objects.in_space(group.space_id).exclude(pk=group.pk).exists():
        raise Conflict("The last project group of a space cannot be deleted.")
    record(actor, "Deleted", group)
    forget(actor, group.space, "group", group.pk)
    group.delete()


def _problems(actor: Actor, space: Space, fields: ProjectFields | ProjectChanges) -> list[str]:
    problems = []
    if fields.get("tenanted_mode", "Untenanted") not in TENANTED_MODES:
        problems.append(f"The tenanted mode must be one of {', '.join(TENANTED_MODES)}.")
    modes = Project.GuidedFailure.values
    if fields.get("guided_failure", modes[0]) not in modes:
        problems.append(f"The guided failure mode must be one of {', '.join(modes)}.")
    wanted = set(fields.get("library_sets", ()))
    sets = LibraryVariableSet.objects.in_space(space).filter(pk__in=wanted)
    seen = visible(actor, Permission.LIBRARY_VARIABLE_SET_VIEW, sets)
    missing = wanted - set(seen.values_list("pk", flat=True))
    problems += [f"There is no LibraryVariableSets-{pk}." for pk in sorted(missing)]
    return problems


def _settings_of(project: Project) -> ProjectFields:
    names = ProjectFields.__annotations__.keys() - {"slug"}
    return {name: deepcopy(getattr(project, name)) for name in names}  # type: ignore[return-value]  # by name


def _copy_channels(original: Project, project: Project) -> dict[int, int]:
    """Copies the channels; returns the new id of each old one. A default one is there already."""
    new_ids = {}
    default = project.channels.get(is_default=True)
    for channel in original.channels.all():
        copy = (
            default if channel.is_default else Channel(space_id=project.space_id, project=project)
        )
        for name in ("name", "slug", "description", "lifecycle", "rules", "tenant_tags"):
            setattr(copy, name, getattr(channel, name))
        copy.save()
        new_ids[channel.pk] = copy.pk
    return new_ids


def _copy_process(original: Project, project: Project, channels: dict[int, int]) -> None:
    """Steps keep their ids: variables scoped to them and channel rules follow without translation."""
    steps = copied_steps(original.process.steps, original, project, channels)
    Process.objects.filter(project=project).update(steps=steps, version=1)


def _copy_variables(original: Project, project: Project, channels: dict[int, int]) -> None:
    target = project.variable_set
    for row in Variable.objects.filter(set__project=original):
        scope = deepcopy(row.scope)
        if "channels" in scope:
            scope["channels"] = sorted(channels[pk] for pk in scope["channels"] if pk in channels)
        copy = Variable(
            space_id=project.space_id,
            set=target,
            name=row.name,
            value=row.value,
            is_sensitive=row.is_sensitive,
            type=row.type,
            description=row.description,
            scope=scope,
            prompt=row.prompt,
        )
        if row.secret:
            copy.seal_field("secret", row.reveal("secret"))
        copy.save()
    VariableSet.objects.filter(pk=target.pk).update(version=1)
