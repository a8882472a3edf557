"""Which tenants carry which tags, and where they are connected, for many at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import QuerySet, Value
from django.db.models.functions import Concat, Lower

from deployments.core.tags import SEPARATOR, tag_keys
from deployments.models import Environment, Project, Tenant, TenantProjectEnvironment, TenantTag
from spaces.models import Space


def carrying(space: Space | int, names: Iterable[str]) -> QuerySet[Any]:
    """The ids of the tenants that carry one of these tags (canonical names), as a subquery."""
    rows = TenantTag.objects.in_space(space).annotate(
        key=Lower(Concat("tag__tag_set__name", Value(SEPARATOR), "tag__name"))
    )
    return rows.filter(key__in=tag_keys(names)).values("tenant_id")


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


def connected_tenants(project: Project, environment: Environment) -> QuerySet[Tenant]:
    """The enabled tenants that get the project in this environment."""
    rows: QuerySet[Tenant] = Tenant.objects.in_space(project.space_id).filter(
        is_disabled=False,
        projects__project=project,
        projects__environments__environment=environment,
    )
    return rows
