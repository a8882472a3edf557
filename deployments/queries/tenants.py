"""Whom something runs for: tenants with their tags and connections, for many at once. domain.md 23."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Value
from django.db.models.functions import Concat, Lower

from deployments.core.tags import SEPARATOR, tag_key, tag_keys
from deployments.models import (
    Environment,
    Project,
    Tag,
    Tenant,
    TenantProjectEnvironment,
    TenantTag,
)
from spaces.models import Space


def carrying(space: Space | int, names: Iterable[str]) -> QuerySet[Any]:
    """The ids of the tenants that carry one of these tags (canonical names), as a subquery."""
    rows = TenantTag.objects.in_space(space).annotate(
        key=Lower(Concat("tag__tag_set__name", Value(SEPARATOR), "tag__name"))
    )
    return rows.filter(key__in=tag_keys(names)).values("tenant_id")


def tags_in(space: Space | int) -> QuerySet[Tag]:
    """The tags of a space with their sets."""
    rows: QuerySet[Tag] = Tag.objects.in_space(space)
    return rows.select_related("tag_set")


def tag_names(space: Space | int) -> dict[str, str]:
    """The canonical names of a space's tags by the form in which they are compared."""
    return {tag_key(tag.canonical_name): tag.canonical_name for tag in tags_in(space)}


def tags_of(tenants: Iterable[Tenant]) -> dict[int, frozenset[str]]:
    """The canonical names of the tags that each carries, by tenant id, in one query."""
    found: dict[int, set[str]] = {tenant.pk: set() for tenant in tenants}
    rows = TenantTag.objects.filter(tenant__in=found).select_related("tag__tag_set")
    for row in rows:
        found[row.tenant_id].add(row.tag.canonical_name)
    return {pk: frozenset(names) for pk, names in found.items()}


def connections(project: Project, tenants: Collection[Tenant]) -> dict[int, frozenset[int]]:
    """The environments in which each of the tenants gets the project, by tenant id. Those that do not
    take part in it are absent."""
    found: dict[int, set[int]] = defaultdict(set)
    joined = project.tenants.filter(tenant__in=tenants)
    for tenant_id in joined.values_list("tenant_id", flat=True):
        found[tenant_id] = set()
    pairs = TenantProjectEnvironment.objects.filter(connection__in=joined)
    for tenant_id, environment_id in pairs.values_list("connection__tenant_id", "environment_id"):
        found[tenant_id].add(environment_id)
    return {pk: frozenset(environments) for pk, environments in found.items()}


@dataclass(frozen=True)
class Subject:
    """For whom a project runs: a tenant, or nobody in particular (`UNTENANTED`).

    tags: canonical names of those that the tenant carries. connected: the environments in which it gets
    the project; None when it does not take part in it.
    """

    tenant: Tenant | None = None
    tags: frozenset[str] = frozenset()
    connected: frozenset[int] | None = None

    @property
    def id(self) -> int | None:
        return self.tenant.pk if self.tenant else None


UNTENANTED = Subject()


def subjects(project: Project, tenants: Collection[Tenant | None]) -> list[Subject]:
    """The tenants as subjects of the project, in the given order, in three queries; None is nobody."""
    known = [tenant for tenant in tenants if tenant is not None]
    if not known:
        return [UNTENANTED for _ in tenants]
    tags, places = tags_of(known), connections(project, known)
    return [
        Subject(tenant, tags[tenant.pk], places.get(tenant.pk)) if tenant else UNTENANTED
        for tenant in tenants
    ]


def subject(project: Project, tenant: Tenant | None) -> Subject:
    """One tenant as the subject of the project."""
    return subjects(project, [tenant])[0]


def connected_environments(project: Project) -> set[int]:
    """The environments in which the project has any tenant."""
    pairs = TenantProjectEnvironment.objects.filter(connection__project=project)
    return set(pairs.values_list("environment_id", flat=True))


def connected_tenants(project: Project, environment: Environment) -> QuerySet[Tenant]:
    """The enabled tenants that get the project in this environment."""
    rows: QuerySet[Tenant] = Tenant.objects.in_space(project.space_id).filter(
        is_disabled=False,
        projects__project=project,
        projects__environments__environment=environment,
    )
    return rows
