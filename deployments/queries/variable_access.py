"""Which variables of a set an actor may see and edit. domain.md 4.4.

A value is judged by every environment it reaches: those of its scope, else those of the machines it
names. One that reaches all needs the *unscoped* permission, or a role that no environment limits.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from deployments.core.variables import VariableScope
from deployments.models import Environment, TargetEnvironment, Variable, VariableSet
from spaces.access import allowed
from spaces.actors import Actor
from spaces.permissions import Permission


@dataclass(frozen=True)
class VariableAccess:
    """One actor before one set; loads what it needs once, so that asking is cheap."""

    actor: Actor
    variable_set: VariableSet
    environments: dict[int, Environment]
    machine_environments: dict[int, frozenset[int]]

    @classmethod
    def of(cls, actor: Actor, variable_set: VariableSet) -> "VariableAccess":
        space = variable_set.space_id
        served: dict[int, set[int]] = defaultdict(set)
        pairs = TargetEnvironment.objects.in_space(space).values_list("target_id", "environment_id")
        for target_id, environment_id in pairs:
            served[target_id].add(environment_id)
        return cls(
            actor=actor,
            variable_set=variable_set,
            environments=Environment.objects.in_space(space).in_bulk(),
            machine_environments={pk: frozenset(found) for pk, found in served.items()},
        )

    def may_see(self, scope: VariableScope) -> bool:
        return self._covers(scope, Permission.VARIABLE_VIEW, Permission.VARIABLE_VIEW_UNSCOPED)

    def may_edit(self, scope: VariableScope) -> bool:
        return self._covers(scope, Permission.VARIABLE_EDIT, Permission.VARIABLE_EDIT_UNSCOPED)

    def seen(self, rows: Iterable[Variable]) -> list[Variable]:
        """Those of the rows that the actor may see."""
        return [row for row in rows if self.may_see(VariableScope.from_json(row.scope))]

    def may_edit_something(self) -> bool:
        """Whether there is any scope at all whose values the actor may edit."""
        return self._somewhere(Permission.VARIABLE_EDIT)

    def may_see_something(self) -> bool:
        return self._somewhere(Permission.VARIABLE_VIEW)

    def _covers(self, scope: VariableScope, limited: Permission, unscoped: Permission) -> bool:
        if reached := self._reached(scope):
            return all(
                allowed(self.actor, limited, self.variable_set, environment=environment)
                for environment in reached
            )
        if allowed(self.actor, limited, self.variable_set):
            return True
        return allowed(self.actor, unscoped, self.variable_set) and self._somewhere(limited)

    def _somewhere(self, permission: Permission) -> bool:
        return allowed(self.actor, permission, self.variable_set) or any(
            allowed(self.actor, permission, self.variable_set, environment=environment)
            for environment in self.environments.values()
        )

    def _reached(self, scope: VariableScope) -> list[Environment]:
        """The environments a value is tied to; none when it reaches all. Deleted ones do not count."""
        ids = scope.environments or frozenset().union(
            *(self.machine_environments.get(pk, frozenset()) for pk in scope.machines)
        )
        return [self.environments[pk] for pk in ids if pk in self.environments]
