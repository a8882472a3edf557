"""What every table of a space has: its owner, a queryset that starts there, and access dimensions."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from spaces.models.spaces import Space

Owned = TypeVar("Owned", bound="SpaceOwned")


class WireIdentified:
    """Rows that clients know by an id such as "Projects-12" (api-dialect.md 1.1)."""

    wire_prefix: ClassVar[str] = ""
    pk: Any

    @property
    def wire_id(self) -> str:
        return f"{self.wire_prefix}-{self.pk}"

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        """The filter for the row with this id; None when `text` has not the form of one."""
        if not cls.wire_prefix:
            return None
        match = re.fullmatch(rf"{re.escape(cls.wire_prefix)}-(\d{{1,18}})", text, re.IGNORECASE)
        return Q(pk=int(match[1])) if match and match[1].isascii() else None


@dataclass(frozen=True)
class Dimensions:
    """Where a model keeps what scoped roles ask about, as Django lookup paths to ids.

    "" means that the dimension does not apply. A path may cross relations
    ("release__project_id"); `many` names those of them that lead to several rows. No such row means
    "everywhere": an account without environments is seen by whoever sees one environment, and changed
    only by those who are not restricted to some. Rules: domain.md 4.3.
    """

    project: str = ""
    group: str = ""
    environment: str = ""
    tenant: str = ""
    many: frozenset[str] = frozenset()


class SpaceOwnedQuerySet(models.QuerySet[Owned]):
    def in_space(self, space: "Space | int") -> Self:
        """Only the rows of `space`: where every query of a space begins (domain.md 1)."""
        return self.filter(space_id=space if isinstance(space, int) else space.pk)


class SpaceOwned(WireIdentified, models.Model):
    """A row that belongs to one space and refers only to rows of the same space.

    The last is held by composite foreign keys `(space_id, x_id)`, made by `spaces.integrity` for every
    foreign key between two space-owned tables (security-and-reliability.md P5).

    view_permission: name of the permission that shows a row; empty: "<model name>View" if there is one,
    else the View permission of the family somebody asks about (`spaces.access`).
    """

    dimensions: ClassVar[Dimensions] = Dimensions()
    wire_prefix: ClassVar[str] = ""
    view_permission: ClassVar[str] = ""

    space = models.ForeignKey("spaces.Space", on_delete=models.CASCADE, related_name="+")

    objects: ClassVar[Any] = SpaceOwnedQuerySet.as_manager()

    class Meta:
        abstract = True
