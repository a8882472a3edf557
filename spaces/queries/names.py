"""Whether a name is free. Names that look alike are the same name (S29)."""

from typing import Any

from django.db.models import Model, QuerySet

from spaces.naming import name_key


def is_taken(siblings: QuerySet[Any], name: str, *, but: Model) -> bool:
    """Whether a sibling other than `but` itself has this name, in other letters perhaps."""
    others = siblings.exclude(pk=but.pk).values_list("name", flat=True)
    return name_key(name) in {name_key(other) for other in others}
