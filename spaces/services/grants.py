"""Keeps django-guardian's rows what the assignments say, and the cached rights honest."""

from collections.abc import Iterable
from uuid import uuid4

from django.contrib.auth.models import Permission as GuardianPermission
from django.contrib.contenttypes.models import ContentType

from spaces.models import Installation, ScopedUserRole, ScopedUserRoleGrant
from spaces.permissions import SYSTEM_MARK


def keep_in_step(assignments: Iterable[ScopedUserRole]) -> None:
    """Give the teams' groups exactly what the roles hold, through each of these assignments.

    System permissions of a role that is assigned in a space hold at system level as well (domain.md 4.2).
    """
    rows = list(
        ScopedUserRole.objects.filter(pk__in=[row.pk for row in assignments]).select_related(
            "team", "role"
        )
    )
    numbers = _permission_numbers()
    wanted = {
        (row.pk, row.team.group_id, numbers[name]) for row in rows for name in _codenames(row)
    }
    there = {
        (grant.content_object_id, grant.group_id, grant.permission_id): grant.pk
        for grant in ScopedUserRoleGrant.objects.filter(content_object__in=rows)
    }
    surplus = [pk for key, pk in there.items() if key not in wanted]
    if surplus:
        ScopedUserRoleGrant.objects.filter(pk__in=surplus).delete()
    ScopedUserRoleGrant.objects.bulk_create(
        ScopedUserRoleGrant(content_object_id=row, group_id=group, permission_id=permission)
        for row, group, permission in sorted(wanted - there.keys())
    )
    rights_changed()


def rights_changed() -> None:
    """Make every process forget cached rights, once this transaction has committed."""
    Installation.objects.update(access_stamp=uuid4())


def _codenames(row: ScopedUserRole) -> Iterable[str]:
    if row.space_id is not None:
        yield from row.role.space_permissions
    for name in row.role.system_permissions:
        yield f"{SYSTEM_MARK}{name}"


def _permission_numbers() -> dict[str, int]:
    kind = ContentType.objects.get_for_model(ScopedUserRole)
    rows = GuardianPermission.objects.filter(content_type=kind)
    return dict(rows.values_list("codename", "pk"))
