"""Where a right reaches: the four dimensions of a scoped role, as plain values. domain.md 4.3."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from spaces.models import SpaceOwned

Ids = frozenset[int] | None  # None: any

# How ids of the dimensions begin on the wire (api-dialect.md 1.1).
WIRE_PREFIXES = {
    "project": "Projects",
    "group": "ProjectGroups",
    "environment": "Environments",
    "tenant": "Tenants",
}

# The models behind the dimensions. `spaces` does not know them: their app adds them when it is ready.
dimension_models: "dict[str, type[SpaceOwned]]" = {}


@dataclass(frozen=True)
class Scope:
    """The limits of one assignment; all of them hold together.

    projects, groups: one dimension; a project passes when it, or its group, is listed.
    within: a second limit to projects, which an API key may carry.
    """

    projects: Ids = None
    groups: Ids = None
    environments: Ids = None
    tenants: Ids = None
    within: Ids = None

    @classmethod
    def of(
        cls,
        *,
        projects: Iterable[int] | None = None,
        groups: Iterable[int] | None = None,
        environments: Iterable[int] | None = None,
        tenants: Iterable[int] | None = None,
    ) -> Self:
        """From lists of ids, where an empty one means any, as on the wire."""
        return cls(_ids(projects), _ids(groups), _ids(environments), _ids(tenants))

    @property
    def limits_projects(self) -> bool:
        return self.projects is not None or self.groups is not None

    def has_project(self, project: int | None, group: int | None) -> bool:
        if self.within is not None and project not in self.within:
            return False
        if not self.limits_projects:
            return True
        return project in (self.projects or ()) or group in (self.groups or ())

    def narrowed(self, *, projects: Ids, environments: Ids, tenants: Ids) -> "Scope":
        """What is left of it for a key with these limits."""
        return replace(
            self,
            within=_both(self.within, projects),
            environments=_both(self.environments, environments),
            tenants=_both(self.tenants, tenants),
        )

    def covers(self, other: "Scope") -> bool:
        """Whether everything that `other` reaches is reached by this one alone."""
        return (
            self._covers_projects(other)
            and _is_within(other.environments, self.environments)
            and _is_within(other.tenants, self.tenants)
        )

    def _covers_projects(self, other: "Scope") -> bool:
        if self.within is not None:
            listed = other.projects is not None and other.groups is None
            if not listed or not _is_within(other.projects, self.within):
                return False
        if not self.limits_projects:
            return True
        return other.limits_projects and (
            (other.projects or frozenset()) <= (self.projects or frozenset())
            and (other.groups or frozenset()) <= (self.groups or frozenset())
        )


EVERYTHING = Scope()


def _ids(given: Iterable[int] | None) -> Ids:
    return frozenset(given or ()) or None


def _both(one: Ids, other: Ids) -> Ids:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _is_within(inner: Ids, outer: Ids) -> bool:
    return outer is None or (inner is not None and inner <= outer)
