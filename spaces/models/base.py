"""What every table of a space has: its owner, a queryset that starts there, and access dimensions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from spaces.models.spaces import Space

Owned = TypeVar("Owned", bound="SpaceOwned")


@dataclass(frozen=True)
class Dimensions:
    """Where a model keeps what scoped roles ask about, as Django lookup paths to ids.

    "" means that the dimension does not apply. A path may cross relations
    ("release__project_id"); `many` names those of them that lead to several rows.
    Rules: domain.md 4.3.
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


class SpaceOwned(models.Model):
    """A row that belongs to one space and refers only to rows of the same space.

    The last is held by composite foreign keys `(space_id, x_id)`, made by `spaces.integrity` for every
    foreign key between two space-owned tables (security-and-reliability.md P5).
    """

    dimensions: ClassVar[Dimensions] = Dimensions()
    wire_prefix: ClassVar[str] = ""

    space = models.ForeignKey("spaces.Space", on_delete=models.CASCADE, related_name="+")

    objects: ClassVar[Any] = SpaceOwnedQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def wire_id(self) -> str:
        """The id clients see, such as "Projects-12" (api-dialect.md 1.1)."""
        return f"{self.wire_prefix}-{self.pk}"
