"""What projects and library sets ask every tenant for, and what the tenants said. domain.md 14.5.

These values are read as they are now, never from a snapshot (domain.md 14.3).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from deployments.core.variables import UNSCOPED, Definition, Source, VariableScope
from deployments.models import Project, Tenant, TenantVariable, VariableTemplate


@dataclass(frozen=True)
class TenantValues:
    """What one project asks, and the values of some tenants, loaded once for all of them.

    templates: the project's own, then those of its library sets in their order. values: by tenant id.
    """

    templates: Sequence[VariableTemplate]
    values: Mapping[int, Sequence[TenantVariable]]
    order: Mapping[int | None, int]

    @classmethod
    def of(cls, project: Project, tenants: Collection[Tenant]) -> "TenantValues":
        """In three queries, one where nothing is asked and none without tenants."""
        templates = templates_of(project) if tenants else []
        rows = values_in(templates, tenants) if templates else []
        by_tenant: dict[int, list[TenantVariable]] = defaultdict(list)
        for row in rows:
            by_tenant[row.tenant_id].append(row)
        return cls(templates, by_tenant, library_order(project))

    def missing(self, tenant_id: int | None, environment_id: int) -> list[VariableTemplate]:
        """What the tenant has no value for there, although there is no default either."""
        if tenant_id is None:
            return []
        given = {
            row.template_id
            for row in self.values.get(tenant_id, ())
            if row.is_filled and counts_in(row, environment_id)
        }
        return [t for t in self.templates if not t.has_default and t.pk not in given]

    def definitions(self, tenant_id: int, *, reveal: bool = False) -> list[Definition]:
        """The tenant's values, and the defaults of what it left out. Without `reveal` sensitive ones have
        no value."""
        filled = [row for row in self.values.get(tenant_id, ()) if row.is_filled]
        return [self._default(t, reveal) for t in self.templates if t.has_default] + [
            self._value(row, reveal) for row in filled
        ]

    def only(self, may_see: Callable[[VariableTemplate, Collection[int]], bool]) -> "TenantValues":
        """The same with what somebody may see: values by where they count, defaults as counting everywhere."""
        return replace(
            self,
            templates=[t for t in self.templates if may_see(t, ())],
            values={
                tenant_id: [r for r in rows if may_see(r.template, environment_ids(r))]
                for tenant_id, rows in self.values.items()
            },
        )

    def _default(self, template: VariableTemplate, reveal: bool) -> Definition:
        value = template.default_value
        if template.is_sensitive:
            value = template.reveal("default_secret") if reveal else ""
        # after everything that the tenant says, in any template of that name
        order = self.order.get(template.library_set_id, 0) + len(self.order)
        return _definition(template, template.pk, value, UNSCOPED, order)

    def _value(self, row: TenantVariable, reveal: bool) -> Definition:
        value = row.value
        if row.template.is_sensitive:
            value = row.reveal("secret") if reveal else ""
        scope = VariableScope(environments=frozenset(environment_ids(row)))
        order = self.order.get(row.template.library_set_id, 0)
        return _definition(row.template, row.pk, value, scope, order)


def templates_of(project: Project) -> list[VariableTemplate]:
    """What tenants of the project are asked for: by itself, then by its library sets in their order."""
    rows = VariableTemplate.objects.in_space(project.space_id).select_related(
        "project", "library_set"
    )
    own = list(rows.filter(project=project))
    order = library_order(project)
    included = rows.filter(library_set__in=[pk for pk in order if pk is not None])
    return own + sorted(included, key=lambda row: order[row.library_set_id])


def library_order(project: Project) -> dict[int | None, int]:
    """Precedence by library set; the project itself, None, comes first."""
    return {None: 0} | {pk: index for index, pk in enumerate(project.library_sets, start=1)}


def values_in(
    templates: Iterable[VariableTemplate], tenants: Collection[Tenant]
) -> QuerySet[TenantVariable]:
    """What the tenants say to these templates, with where it counts."""
    rows: QuerySet[TenantVariable] = TenantVariable.objects.filter(
        tenant__in=tenants, template__in=list(templates)
    )
    return rows.select_related(
        "template__project__group", "template__library_set"
    ).prefetch_related("environments")


def environment_ids(row: TenantVariable) -> list[int]:
    """Where the value counts; empty: everywhere."""
    return sorted(member.environment_id for member in row.environments.all())


def counts_in(row: TenantVariable, environment_id: int) -> bool:
    """Whether the value is used in this environment."""
    there = environment_ids(row)
    return not there or environment_id in there


def _definition(
    template: VariableTemplate, pk: int, value: str, scope: VariableScope, order: int
) -> Definition:
    return Definition(
        id=pk,
        name=template.name,
        value=None if template.is_sensitive and not value else value,
        scope=scope,
        is_sensitive=template.is_sensitive,
        source=Source.TENANT,
        order=order,
    )
