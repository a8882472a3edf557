"""What named rows of a space share: a name unique without regard to case, and a slug."""

from django.db import models
from django.db.models.functions import Lower

from spaces.models import SpaceOwned


class Named(SpaceOwned):
    """A row people know by name. Names are unique per space and kind, ignoring case; the slug is
    stable on rename. domain.md 1."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=210)
    description = models.TextField(blank=True, default="")

    class Meta:
        abstract = True
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), "space", name="%(class)s_name_unique"),
            models.UniqueConstraint(fields=["space", "slug"], name="%(class)s_slug_unique"),
        ]

    def __str__(self) -> str:
        return self.name
