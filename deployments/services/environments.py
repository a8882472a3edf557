"""Environments: creating, changing, ordering and deleting them. domain.md 5."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

from django.db import transaction
from django.db.models import Max

from deployments.models import Environment
from deployments.queries import referrers
from deployments.services.changes import (
    apply,
    naming_problems,
    new_slug,
    refuse,
    refuse_while_used,
    save,
    texts_problems,
)
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.models import Space
from spaces.permissions import Permission
from spaces.services.teams import forget

LONGEST_NAME = 50


class EnvironmentFields(TypedDict, total=False):
    """What can be said about an environment; what is left out stays as it is."""

    slug: str
    description: str
    use_guided_failure: bool
    allow_dynamic_infrastructure: bool
    is_production: bool
    tags: list[str]


class EnvironmentChanges(EnvironmentFields, total=False):
    name: str
    sort_order: int


@transaction.atomic
def create_environment(
    *, actor: Actor, space: Space, name: str, **fields: Unpack[EnvironmentFields]
) -> Environment:
    """A new environment, last in order. Raises PermissionRefused, Invalid."""
    authorize(actor, Permission.ENVIRONMENT_CREATE, space)
    siblings = Environment.objects.in_space(space)
    slug = fields.pop("slug", "")
    refuse(
        naming_problems(siblings, name, slug=slug, longest=LONGEST_NAME) + texts_problems(fields)
    )
    last = siblings.aggregate(last=Max("sort_order"))["last"]
    environment = Environment(
        space=space,
        name=name.strip(),
        slug=new_slug(siblings, name, slug),
        sort_order=0 if last is None else last + 1,
        **fields,
    )
    save(environment)
    record(actor, "Created", environment)
    return environment


@transaction.atomic
def update_environment(
    *, actor: Actor, environment: Environment, **fields: Unpack[EnvironmentChanges]
) -> Environment:
    """Change some fields. Raises PermissionRefused, Invalid."""
    authorize(actor, Permission.ENVIRONMENT_EDIT, environment)
    fields["name"] = fields.get("name", environment.name).strip()
    fields["slug"] = fields.get("slug") or environment.slug
    siblings = Environment.objects.in_space(environment.space_id)
    refuse(
        naming_problems(
            siblings,
            fields["name"],
            slug=fields["slug"],
            existing=environment,
            longest=LONGEST_NAME,
        )
        + texts_problems(fields)
    )
    changes = apply(environment, fields)
    save(environment)
    record(actor, "Modified", environment, details=changes)
    return environment


@transaction.atomic
def sort_environments(*, actor: Actor, space: Space, order: Sequence[int]) -> list[Environment]:
    """Put the environments into this order of ids; those not named follow in their old order.

    The order decides the phases of lifecycles without phases (domain.md 8.2).
    """
    rows = list(Environment.objects.in_space(space).select_for_update())
    for row in rows:
        authorize(actor, Permission.ENVIRONMENT_EDIT, row)
    unknown = set(order) - {row.pk for row in rows}
    refuse([f"There is no environment Environments-{pk}." for pk in sorted(unknown)])
    place = {pk: index for index, pk in enumerate(dict.fromkeys(order))}
    rows.sort(key=lambda row: (place.get(row.pk, len(place)), row.sort_order, row.pk))
    before = {row.name: row.sort_order for row in rows}
    for index, row in enumerate(rows):
        row.sort_order = index
    Environment.objects.bulk_update(rows, ["sort_order"])
    after = {row.name: row.sort_order for row in rows}
    record(actor, "Modified", space, details={"environment_order": [before, after]})
    return rows


@transaction.atomic
def delete_environment(*, actor: Actor, environment: Environment) -> None:
    """Delete it. Raises Conflict listing what still names it: phases above all, because a phase that
    lost its last environment would mean "any environment" (domain.md 5)."""
    authorize(actor, Permission.ENVIRONMENT_DELETE, environment)
    refuse_while_used(environment, referrers.of_environment(actor, environment))
    record(actor, "Deleted", environment)
    forget(actor, environment.space, "environment", environment.pk)
    environment.delete()
