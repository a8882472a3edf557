"""Which values of a tenant an actor may see and edit. domain.md 4.4.

A project's value is judged in that project; a common one in every project of the tenant that includes the
library set. In each, every environment where it counts must be in reach; one that counts everywhere needs
the *unscoped* permission, or a role that no environment limits.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from deployments.models import Environment, Project, Tenant, TenantProject, VariableTemplate
from spaces.access import allowed
from spaces.actors import Actor
from spaces.permissions import Permission


@dataclass(frozen=True)
class TenantValueAccess:
    """One actor before one tenant; loads what it needs once, so that asking is cheap.

    projects: those that the tenant takes part in. connected: in which environments, by project id.
    including: the projects that include a library set, by its id.
    """

    actor: Actor
    tenant: Tenant
    environments: dict[int, Environment]
    projects: dict[int, Project]
    connected: dict[int, frozenset[int]]
    including: dict[int, list[Project]]

    @classmethod
    def of(cls, actor: Actor, tenant: Tenant) -> "TenantValueAccess":
        """The actor before one tenant."""
        return cls.of_all(actor, [tenant])[0]

    @classmethod
    def of_all(cls, actor: Actor, tenants: Iterable[Tenant]) -> list["TenantValueAccess"]:
        """The actor before each of many, in three queries."""
        tenants = list(tenants)
        joined: dict[int, list[TenantProject]] = defaultdict(list)
        rows = TenantProject.objects.filter(tenant__in=tenants)
        rows = rows.select_related("project__group").prefetch_related("environments")
        for row in rows.order_by("project__name", "pk"):
            joined[row.tenant_id].append(row)
        spaces = {tenant.space_id for tenant in tenants}
        environments = Environment.objects.filter(space__in=spaces).in_bulk()
        return [cls._of(actor, tenant, environments, joined[tenant.pk]) for tenant in tenants]

    @classmethod
    def _of(
        cls,
        actor: Actor,
        tenant: Tenant,
        environments: dict[int, Environment],
        joined: Sequence[TenantProject],
    ) -> "TenantValueAccess":
        including: dict[int, list[Project]] = defaultdict(list)
        for row in joined:
            for set_id in row.project.library_sets:
                including[set_id].append(row.project)
        return cls(
            actor=actor,
            tenant=tenant,
            environments=environments,
            projects={row.project_id: row.project for row in joined},
            connected={
                row.project_id: frozenset(each.environment_id for each in row.environments.all())
                for row in joined
            },
            including=including,
        )

    def is_asked(self, template: VariableTemplate) -> bool:
        """Whether the tenant takes part in what asks, and the actor may see anything of the answer."""
        places = self._projects_of(template)
        if not any(place.pk in self.projects for place in places):
            return False
        needed = Permission.VARIABLE_VIEW
        return all(
            allowed(self.actor, needed, place, tenant=self.tenant)
            or any(self._in(place, needed, each) for each in self.environments.values())
            for place in places
        )

    def may_see(self, template: VariableTemplate, environments: Collection[int] = ()) -> bool:
        """Whether the value for these environments, none = all, may be seen."""
        return self._covers(
            Permission.VARIABLE_VIEW, Permission.VARIABLE_VIEW_UNSCOPED, template, environments
        )

    def may_edit(self, template: VariableTemplate, environments: Collection[int] = ()) -> bool:
        return self._covers(
            Permission.VARIABLE_EDIT, Permission.VARIABLE_EDIT_UNSCOPED, template, environments
        )

    def may_edit_something(self) -> bool:
        """Whether there is any place at all whose values the actor may edit."""
        return self._somewhere(Permission.VARIABLE_EDIT)

    def may_see_something(self) -> bool:
        return self._somewhere(Permission.VARIABLE_VIEW)

    def _somewhere(self, permission: Permission) -> bool:
        return allowed(self.actor, permission, self.tenant) or any(
            allowed(self.actor, permission, project, tenant=self.tenant)
            or any(self._in(project, permission, each) for each in self.environments.values())
            for project in self.projects.values()
        )

    def _covers(
        self,
        limited: Permission,
        unscoped: Permission,
        template: VariableTemplate,
        environments: Collection[int],
    ) -> bool:
        places = self._projects_of(template)
        if not places:
            return allowed(self.actor, limited, self.tenant)
        return all(self._at(place, limited, unscoped, environments) for place in places)

    def _projects_of(self, template: VariableTemplate) -> list[Project]:
        """Those in which a value of the template counts for the tenant."""
        if template.project is not None:
            return [template.project]
        return self.including.get(template.library_set_id or 0, [])

    def _at(
        self,
        project: Project,
        limited: Permission,
        unscoped: Permission,
        environments: Collection[int],
    ) -> bool:
        if reached := [self.environments[pk] for pk in environments if pk in self.environments]:
            return all(self._in(project, limited, environment) for environment in reached)
        if allowed(self.actor, limited, project, tenant=self.tenant):
            return True
        return allowed(self.actor, unscoped, project, tenant=self.tenant) and any(
            self._in(project, limited, environment) for environment in self.environments.values()
        )

    def _in(self, project: Project, permission: Permission, environment: Environment) -> bool:
        return allowed(self.actor, permission, project, environment=environment, tenant=self.tenant)
