"""All that tenants are asked for and what they say, as far as somebody may see it: for the API and the pages
of tenants. domain.md 14.5, 23."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Q

from deployments.models import Tenant, TenantVariable, VariableTemplate
from deployments.queries.tenant_value_access import TenantValueAccess
from deployments.queries.tenant_values import counts_in, environment_ids, values_in
from spaces.actors import Actor


@dataclass(frozen=True)
class Gap:
    """A template that has neither a value nor a default. environment_id: None where it has none at all."""

    template: VariableTemplate
    environment_id: int | None
    project_id: int | None


@dataclass(frozen=True)
class TenantSheet:
    """One tenant. templates: of its projects and of their library sets; values: what it says to them."""

    access: TenantValueAccess
    templates: Sequence[VariableTemplate]
    values: Sequence[TenantVariable]

    @property
    def tenant(self) -> Tenant:
        return self.access.tenant

    def asked_by(
        self, *, project_id: int | None = None, library_set_id: int | None = None
    ) -> list[VariableTemplate]:
        """The templates of one owner."""
        return [
            template
            for template in self.templates
            if (template.project_id, template.library_set_id) == (project_id, library_set_id)
        ]

    def value(self, template: VariableTemplate, environment_id: int) -> TenantVariable | None:
        """The value that counts there: one for this environment before one for all."""
        here = [row for row in self.said(template) if counts_in(row, environment_id)]
        return max(here, key=lambda row: bool(environment_ids(row)), default=None)

    def everywhere(self, template: VariableTemplate) -> TenantVariable | None:
        """The value for all environments."""
        return next((row for row in self.said(template) if not environment_ids(row)), None)

    def said(self, template: VariableTemplate) -> list[TenantVariable]:
        """Every value for the template."""
        return [row for row in self.values if row.template_id == template.pk and row.is_filled]

    def places(self, template: VariableTemplate) -> list[int]:
        """The environments in which the tenant needs a value, by id."""
        connected = self.access.connected
        if template.project_id is not None:
            return sorted(connected.get(template.project_id, ()))
        including = self.access.including.get(template.library_set_id or 0, [])
        return sorted({pk for project in including for pk in connected[project.pk]})

    def gaps(
        self, projects: Collection[int] | None = None, environments: Collection[int] | None = None
    ) -> Iterator[Gap]:
        """What is missing, in some projects and environments only if they are given."""
        for template in self.templates:
            if template.has_default or not self._concerns(template, projects):
                continue
            places = self.places(template)
            lacking = [pk for pk in places if self.value(template, pk) is None]
            if not template.project_id and lacking == places:
                yield from [Gap(template, None, None)] if places else []
                continue
            for pk in lacking:
                if environments is None or pk in environments:
                    yield Gap(template, pk, template.project_id)

    def _concerns(self, template: VariableTemplate, projects: Collection[int] | None) -> bool:
        if projects is None:
            return True
        if template.project_id is not None:
            return template.project_id in projects
        including = self.access.including.get(template.library_set_id or 0, [])
        return any(project.pk in projects for project in including)


def tenant_sheets(actor: Actor, tenants: Iterable[Tenant]) -> list[TenantSheet]:
    """The sheets of the tenants, in their order, in six queries however many they are."""
    accesses = TenantValueAccess.of_all(actor, tenants)
    projects = {pk for access in accesses for pk in access.projects}
    sets = {pk for access in accesses for pk in access.including}
    templates = list(
        VariableTemplate.objects.filter(Q(project__in=projects) | Q(library_set__in=sets))
        .select_related("project__group", "library_set")
        .order_by("library_set__name", "project__name", "sort_order", "pk")
    )
    said: dict[int, list[TenantVariable]] = defaultdict(list)
    if templates:
        for row in values_in(templates, [access.tenant for access in accesses]):
            said[row.tenant_id].append(row)
    return [
        TenantSheet(
            access=access,
            templates=[template for template in templates if access.is_asked(template)],
            values=[
                row
                for row in said[access.tenant.pk]
                if access.may_see(row.template, environment_ids(row))
            ],
        )
        for access in accesses
    ]


def tenant_sheet(actor: Actor, tenant: Tenant) -> TenantSheet:
    """The sheet of one tenant."""
    return tenant_sheets(actor, [tenant])[0]
