"""Worker pools. domain.md 7."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

from django.db import transaction
from django.db.models import Max

from deployments.models import WorkerPool
from deployments.queries import referrers
from deployments.services.changes import (
    create_named,
    refuse,
    refuse_while_used,
    update_named,
)
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict
from spaces.models import Space
from spaces.permissions import Permission


class PoolFields(TypedDict, total=False):
    """What can be said about a pool; what is left out stays. is_default: True replaces the other."""

    slug: str
    description: str
    is_default: bool


class PoolChanges(PoolFields, total=False):
    name: str
    sort_order: int


@transaction.atomic
def create_worker_pool(
    *, actor: Actor, space: Space, name: str, **fields: Unpack[PoolFields]
) -> WorkerPool:
    """A new pool, last in order. Raises PermissionRefused, Invalid."""
    authorize(actor, Permission.WORKER_EDIT, space)
    siblings = WorkerPool.objects.in_space(space)
    if fields.get("is_default"):
        siblings.update(is_default=False)
    last = siblings.aggregate(last=Max("sort_order"))["last"]
    place = 0 if last is None else last + 1
    pool = WorkerPool(space=space, name=name, sort_order=place, **fields)
    return create_named(actor, pool, fields)


@transaction.atomic
def update_worker_pool(
    *, actor: Actor, pool: WorkerPool, **fields: Unpack[PoolChanges]
) -> WorkerPool:
    """Change it. The default pool stays it until another one is made it.

    Raises PermissionRefused, Invalid.
    """
    authorize(actor, Permission.WORKER_EDIT, pool)
    stays_default = pool.is_default and fields.get("is_default") is False
    problems = ["Make another pool the default one instead."] if stays_default else []
    if fields.get("is_default"):
        WorkerPool.objects.in_space(pool.space_id).exclude(pk=pool.pk).update(is_default=False)
    return update_named(actor, pool, fields, problems)


@transaction.atomic
def sort_worker_pools(*, actor: Actor, space: Space, order: Sequence[int]) -> list[WorkerPool]:
    """Put the pools into this order of ids; those not named follow in their old order."""
    authorize(actor, Permission.WORKER_EDIT, space)
    rows = list(WorkerPool.objects.in_space(space).select_for_update())
    unknown = set(order) - {row.pk for row in rows}
    refuse([f"There is no worker pool WorkerPools-{pk}." for pk in sorted(unknown)])
    place = {pk: index for index, pk in enumerate(dict.fromkeys(order))}
    rows.sort(key=lambda row: (place.get(row.pk, len(place)), row.sort_order, row.pk))
    for index, row in enumerate(rows):
        row.sort_order = index
    WorkerPool.objects.bulk_update(rows, ["sort_order"])
    record(actor, "Modified", space, details={"pool_order": [None, [row.name for row in rows]]})
    return rows


@transaction.atomic
def delete_worker_pool(*, actor: Actor, pool: WorkerPool) -> None:
    """Delete it. Raises Conflict for the default pool, or listing the steps that use it."""
    authorize(actor, Permission.WORKER_EDIT, pool)
    if pool.is_default:
        raise Conflict("The default worker pool cannot be deleted.")
    refuse_while_used(pool, referrers.of_pool(actor, pool))
    record(actor, "Deleted", pool)
    pool.delete()
