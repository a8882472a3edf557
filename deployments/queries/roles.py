"""The roles (target tags) that a space's targets have."""

from django.db.models import F, Func, TextField

from deployments.models import Target
from spaces.models import Space


def known_roles(space: Space) -> list[str]:
    """Each role once, by name."""
    each = Func(F("roles"), function="unnest", output_field=TextField())
    rows = Target.objects.in_space(space).order_by().values_list(each, flat=True)
    return sorted(set(rows), key=str.lower)
