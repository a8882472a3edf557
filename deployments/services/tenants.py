"""Tenants: creating, changing, connecting, copying and deleting them. domain.md 23.1."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TypedDict, Unpack

from django.db import transaction

from deployments.core.tags import split_name, tag_key
from deployments.models import (
    Environment,
    Project,
    Tag,
    TagSet,
    Tenant,
    TenantProject,
    TenantProjectEnvironment,
    TenantTag,
)
from deployments.queries import referrers
from deployments.queries.progression import effective_phases
from deployments.services.changes import (
    Changes,
    apply,
    create_named,
    naming_problems,
    refuse,
    refuse_while_used,
    save,
    texts_problems,
)
from deployments.services.tenant_variables import copy_values
from spaces.access import authorize, visible
from spaces.actors import Actor
from spaces.audit import record
from spaces.models import Space
from spaces.permissions import Permission
from spaces.services.teams import forget

Connections = Mapping[int, Collection[int]]  # environment ids by project id


class TenantFields(TypedDict, total=False):
    """What can be said about a tenant; what is left out stays as it is."""

    slug: str
    description: str
    is_disabled: bool


class TenantChanges(TenantFields, total=False):
    name: str


@transaction.atomic
def create_tenant(
    *,
    actor: Actor,
    space: Space,
    name: str,
    tags: Sequence[str] = (),
    connections: Connections | None = None,
    **fields: Unpack[TenantFields],
) -> Tenant:
    """A new tenant with these tags (canonical names) and connections.

    Raises PermissionRefused, Invalid with every reason.
    """
    authorize(actor, Permission.TENANT_CREATE, space)
    tenant = create_named(actor, Tenant(space=space, name=name, **fields), fields)
    changes = _set_tags(tenant, tags) if tags else {}
    if connections:
        changes |= _connect(actor, tenant, connections)
    if changes:
        record(actor, "Modified", tenant, details=changes)
    return tenant


@transaction.atomic
def update_tenant(
    *,
    actor: Actor,
    tenant: Tenant,
    tags: Sequence[str] | None = None,
    connections: Connections | None = None,
    **fields: Unpack[TenantChanges],
) -> Tenant:
    """Change it. None leaves tags or connections; else they replace those that the actor can see.

    Raises PermissionRefused, Invalid with every reason.
    """
    authorize(actor, Permission.TENANT_EDIT, tenant)
    tenant = Tenant.objects.select_for_update(of=("self",)).get(pk=tenant.pk)
    fields["name"] = fields.get("name", tenant.name).strip()
    fields["slug"] = fields.get("slug") or tenant.slug
    siblings = Tenant.objects.in_space(tenant.space_id)
    refuse(
        naming_problems(siblings, fields["name"], slug=fields["slug"], existing=tenant)
        + texts_problems(fields)
    )
    changes = apply(tenant, fields)
    save(tenant)
    if tags is not None:
        changes |= _set_tags(tenant, tags)
    if connections is not None:
        changes |= _connect(actor, tenant, connections)
    record(actor, "Modified", tenant, details=changes)
    return tenant


@transaction.atomic
def clone_tenant(
    *, actor: Actor, original: Tenant, name: str, **fields: Unpack[TenantFields]
) -> Tenant:
    """A copy with tags and, as far as the actor can see them, connections and values that are no secrets;
    without history. domain.md 23.1."""
    authorize(actor, Permission.TENANT_VIEW, original)
    settings: TenantFields = {"description": original.description}
    names = [row.tag.canonical_name for row in original.tags.select_related("tag__tag_set")]
    tenant = create_tenant(
        actor=actor,
        space=original.space,
        name=name,
        tags=names,
        connections=_seen_connections(actor, original),
        **(settings | fields),
    )
    copy_values(actor, original, tenant)
    tenant.cloned_from = original
    tenant.save(update_fields=["cloned_from"])
    record(actor, "Cloned", tenant, details={"original": [None, original.name]})
    return tenant


@transaction.atomic
def delete_tenant(*, actor: Actor, tenant: Tenant) -> None:
    """Delete it with its connections and values. Raises Conflict listing what was deployed for it and
    what names it; a tenant with a history is disabled instead."""
    authorize(actor, Permission.TENANT_DELETE, tenant)
    refuse_while_used(tenant, referrers.of_tenant(actor, tenant))
    record(actor, "Deleted", tenant)
    forget(actor, tenant.space, "tenant", tenant.pk)
    tenant.delete()


def _set_tags(tenant: Tenant, names: Sequence[str]) -> Changes:
    """Make these the tags. Raises Invalid for those that do not exist or do not go together."""
    before = list(tenant.tags.select_related("tag__tag_set"))
    told = [row.tag.canonical_name for row in before]
    wanted = _tags_named(tenant.space_id, names)
    refuse(_combination_problems(wanted))
    gone = [row for row in before if row.tag not in wanted]
    tenant.tags.filter(pk__in=[row.pk for row in gone]).delete()
    _forget_free_texts(gone)
    kept = {row.tag_id for row in before}
    TenantTag.objects.bulk_create(
        TenantTag(space_id=tenant.space_id, tenant=tenant, tag=tag)
        for tag in wanted
        if tag.pk not in kept
    )
    now = [tag.canonical_name for tag in wanted]
    return {"tags": [told, now]} if set(told) != set(now) else {}


def _tags_named(space_id: int, names: Sequence[str]) -> list[Tag]:
    """The tags with these canonical names, each once. A free text becomes a tag as it is first used."""
    sets = {row.name.lower(): row for row in TagSet.objects.in_space(space_id)}
    rows = Tag.objects.in_space(space_id).select_related("tag_set")
    known = {tag_key(tag.canonical_name): tag for tag in rows}
    found, problems = [], []
    for name in names:
        try:
            set_name, text = split_name(name)
        except ValueError as bad:
            problems.append(str(bad))
            continue
        tag_set = sets.get(set_name.lower())
        if tag := known.get(tag_key(f"{set_name}/{text}")):
            found.append(tag)
        elif tag_set and tag_set.type == TagSet.Type.FREE:
            found.append(Tag.objects.create(space_id=space_id, tag_set=tag_set, name=text[:200]))
        else:
            problems.append(f"The tag {name!r} does not exist.")
    refuse(problems)
    return list(dict.fromkeys(found))


def _combination_problems(tags: Collection[Tag]) -> list[str]:
    by_set: dict[TagSet, list[Tag]] = defaultdict(list)
    for tag in tags:
        by_set[tag.tag_set].append(tag)
    problems = [
        f"Only one tag of {tag_set} can be carried, not {' and '.join(t.name for t in found)}."
        for tag_set, found in by_set.items()
        if len(found) > 1 and tag_set.type != TagSet.Type.MULTI
    ]
    return problems + [
        f"The tag set {tag_set} is not for tenants."
        for tag_set in by_set
        if TagSet.Scope.TENANT not in tag_set.scopes
    ]


def _forget_free_texts(gone: Collection[TenantTag]) -> None:
    free = [row.tag_id for row in gone if row.tag.tag_set.type == TagSet.Type.FREE]
    Tag.objects.filter(pk__in=free, tenants__isnull=True).delete()


def _connect(actor: Actor, tenant: Tenant, wanted: Connections) -> Changes:
    """Make these the connections among projects and environments that the actor can see; the hidden
    ones stay (domain.md 4.4). Raises Invalid for what cannot be connected."""
    projects, environments = _visible_places(actor, tenant.space_id)
    known = {
        row.project_id: (row, {e.environment_id for e in row.environments.all()})
        for row in tenant.projects.prefetch_related("environments")
    }
    before = _told(projects, environments, {pk: envs for pk, (_, envs) in known.items()})
    refuse(_connection_problems(projects, environments, known, wanted))
    tenant.projects.filter(project__in=projects.keys() - wanted.keys()).delete()
    for project_id, chosen in wanted.items():
        row, there = known.get(project_id, (None, set()))
        if row is None:
            row = TenantProject.objects.create(
                space_id=tenant.space_id, tenant=tenant, project_id=project_id
            )
        seen = there & environments.keys()
        row.environments.filter(environment__in=seen - set(chosen)).delete()
        TenantProjectEnvironment.objects.bulk_create(
            TenantProjectEnvironment(
                space_id=tenant.space_id, connection=row, environment_id=environment_id
            )
            for environment_id in sorted(set(chosen) - there)
        )
    after = _told(projects, environments, wanted)
    return {"connections": [before, after]} if before != after else {}


def _connection_problems(
    projects: Mapping[int, Project],
    environments: Mapping[int, Environment],
    known: Mapping[int, tuple[TenantProject, set[int]]],
    wanted: Connections,
) -> list[str]:
    """Only what is new is judged: what was connected may stay when the project changes."""
    problems = [f"There is no project Projects-{pk}." for pk in wanted if pk not in projects]
    problems += [
        f"There is no environment Environments-{pk}."
        for pk in sorted(set().union(*wanted.values()) - environments.keys())
    ]
    fresh = {
        pk: set(chosen) - known.get(pk, (None, set()))[1]
        for pk, chosen in wanted.items()
        if pk in projects
    }
    for pk in fresh.keys() - known.keys():
        if projects[pk].tenanted_mode == "Untenanted":
            problems.append(
                f"{projects[pk]} is deployed without tenants: change its tenanted mode first."
            )
    reach = _reachable({pk: projects[pk] for pk, chosen in fresh.items() if chosen})
    problems += [
        f"{environments[env]} is in no lifecycle of {projects[pk]}."
        for pk, chosen in fresh.items()
        for env in sorted(chosen & environments.keys())
        if env not in reach[pk]
    ]
    return problems


def _reachable(projects: Mapping[int, Project]) -> dict[int, set[int]]:
    """For each project the environments of its lifecycle and of those of its channels."""
    if not projects:
        return {}
    space_id = next(iter(projects.values())).space_id
    lifecycles: dict[int, set[int]] = {pk: {row.lifecycle_id} for pk, row in projects.items()}
    pairs = Project.objects.filter(pk__in=projects, channels__lifecycle__isnull=False)
    for project_id, lifecycle_id in pairs.values_list("pk", "channels__lifecycle_id"):
        lifecycles[project_id].add(lifecycle_id)
    phases = effective_phases(space_id, set().union(*lifecycles.values()))
    return {
        pk: {env for one in found for phase in phases[one] for env in phase.environments}
        for pk, found in lifecycles.items()
    }


def _visible_places(
    actor: Actor, space_id: int
) -> tuple[dict[int, Project], dict[int, Environment]]:
    projects = visible(actor, Permission.PROJECT_VIEW, Project.objects.in_space(space_id))
    environments = visible(
        actor, Permission.ENVIRONMENT_VIEW, Environment.objects.in_space(space_id)
    )
    return {row.pk: row for row in projects}, {row.pk: row for row in environments}


def _seen_connections(actor: Actor, tenant: Tenant) -> Connections:
    projects, environments = _visible_places(actor, tenant.space_id)
    return {
        row.project_id: [
            member.environment_id
            for member in row.environments.all()
            if member.environment_id in environments
        ]
        for row in tenant.projects.prefetch_related("environments")
        if row.project_id in projects
    }


def _told(
    projects: Mapping[int, Project],
    environments: Mapping[int, Environment],
    connections: Connections,
) -> dict[str, list[str]]:
    """Connections in names, for audit."""
    return {
        projects[pk].name: sorted(environments[env].name for env in chosen if env in environments)
        for pk, chosen in connections.items()
        if pk in projects
    }
