"""Tag sets: creating, changing, ordering and deleting them and their tags. domain.md 23.2."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

from django.db import transaction
from django.db.models import Count, Max

from deployments.core.tags import SEPARATOR, canonical_name, tag_key
from deployments.models import Tag, TagSet, TenantTag
from deployments.queries import referrers
from deployments.services.changes import (
    apply,
    create_named,
    names_settled,
    naming_problems,
    refuse,
    refuse_while_used,
    save,
    texts_problems,
)
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.models import Space
from spaces.naming import name_key, name_problems, text_problems
from spaces.permissions import Permission

COLOR = re.compile(r"#[0-9a-fA-F]{6}")
DEFAULT_COLOR = "#333333"


@dataclass(frozen=True)
class TagRow:
    """One tag as somebody wants it. id: of the tag that it is, None for a new one."""

    name: str
    id: int | None = None
    description: str = ""
    color: str = DEFAULT_COLOR


class TagSetFields(TypedDict, total=False):
    """What can be said about a tag set; what is left out stays as it is."""

    slug: str
    description: str
    type: str
    scopes: list[str]


class TagSetChanges(TagSetFields, total=False):
    name: str


@transaction.atomic
def create_tag_set(
    *,
    actor: Actor,
    space: Space,
    name: str,
    tags: Sequence[TagRow] = (),
    **fields: Unpack[TagSetFields],
) -> TagSet:
    """A new set with these tags in this order, last among the sets. Without scopes it is for tenants.

    Raises PermissionRefused, Invalid with every reason.
    """
    authorize(actor, Permission.TAG_SET_CREATE, space)
    fields["scopes"] = fields.get("scopes") or [TagSet.Scope.TENANT.value]
    last = TagSet.objects.in_space(space).aggregate(last=Max("sort_order"))["last"]
    tag_set = TagSet(space=space, name=name, sort_order=0 if last is None else last + 1, **fields)
    create_named(actor, tag_set, fields, _problems(tag_set, tags))
    _write(tag_set, [], _matched([], tags))
    return tag_set


@transaction.atomic
def update_tag_set(
    *,
    actor: Actor,
    tag_set: TagSet,
    tags: Sequence[TagRow] | None = None,
    **fields: Unpack[TagSetChanges],
) -> TagSet:
    """Change it. tags: None leaves them; else these are all of them, in their new order.

    Raises PermissionRefused, Invalid; Conflict naming who uses a tag that would go, or who names one that
    would be called otherwise: steps, channels, targets and variables know tags by their names.
    """
    authorize(actor, Permission.TAG_SET_EDIT, tag_set)
    tag_set = TagSet.objects.select_for_update().get(pk=tag_set.pk)
    known = list(tag_set.tags.select_related("tag_set"))
    rows = [_as_row(tag) for tag in known]
    if tags is not None and tag_set.type != TagSet.Type.FREE:
        rows = _matched(known, tags)
    fields["name"] = fields.get("name", tag_set.name).strip()
    fields["slug"] = fields.get("slug") or tag_set.slug
    _refuse_losing(actor, tag_set, known, rows, fields["name"])
    siblings, before = TagSet.objects.in_space(tag_set.space_id), tag_set.type
    changes = apply(tag_set, fields)
    refuse(
        naming_problems(siblings, tag_set.name, slug=tag_set.slug, existing=tag_set)
        + texts_problems(fields)
        + _problems(tag_set, rows)
        + _narrowing_problems(tag_set, before)
    )
    save(tag_set)
    if (told := [_told(known), _told(_write(tag_set, known, rows))])[0] != told[1]:
        changes["tags"] = told
    record(actor, "Modified", tag_set, details=changes)
    return tag_set


@transaction.atomic
def sort_tag_sets(*, actor: Actor, space: Space, order: Sequence[int]) -> list[TagSet]:
    """Put the sets into this order of ids; those not named follow in their old order."""
    rows = list(TagSet.objects.in_space(space).select_for_update())
    authorize(actor, Permission.TAG_SET_EDIT, space)
    unknown = set(order) - {row.pk for row in rows}
    refuse([f"There is no tag set TagSets-{pk}." for pk in sorted(unknown)])
    place = {pk: index for index, pk in enumerate(dict.fromkeys(order))}
    rows.sort(key=lambda row: (place.get(row.pk, len(place)), row.sort_order, row.pk))
    before = [row.name for row in sorted(rows, key=lambda row: (row.sort_order, row.pk))]
    for index, row in enumerate(rows):
        row.sort_order = index
    TagSet.objects.bulk_update(rows, ["sort_order"])
    after = [row.name for row in rows]
    record(actor, "Modified", space, details={"tag_set_order": [before, after]})
    return rows


@transaction.atomic
def delete_tag_set(*, actor: Actor, tag_set: TagSet) -> None:
    """Delete it with its tags. Raises Conflict listing who carries or names any of them."""
    authorize(actor, Permission.TAG_SET_DELETE, tag_set)
    tags = list(tag_set.tags.select_related("tag_set"))
    refuse_while_used(tag_set, referrers.of_tags(actor, tag_set.space_id, tags))
    record(actor, "Deleted", tag_set)
    tag_set.delete()


def _as_row(tag: Tag) -> TagRow:
    return TagRow(tag.name, tag.pk, tag.description, tag.color)


def _matched(known: Collection[Tag], rows: Sequence[TagRow]) -> list[TagRow]:
    """The rows with the ids of the tags that they mean: clients may name them without an id."""
    there = {tag.pk for tag in known}
    by_name = {name_key(tag.name): tag.pk for tag in known}
    return [
        TagRow(
            row.name,
            row.id if row.id in there else by_name.get(name_key(row.name)),
            row.description,
            row.color,
        )
        for row in rows
    ]


def _refuse_losing(
    actor: Actor, tag_set: TagSet, known: Sequence[Tag], rows: Sequence[TagRow], set_name: str
) -> None:
    """Tags in use stay (domain.md 23.2), and those that something names keep their names."""
    kept = {row.id: canonical_name(set_name, row.name.strip()) for row in rows}
    gone = [tag for tag in known if tag.pk not in kept]
    renamed = [
        tag
        for tag in known
        if tag.pk in kept and tag_key(tag.canonical_name) != tag_key(kept[tag.pk])
    ]
    for tag in gone:
        refuse_while_used(tag, referrers.of_tags(actor, tag_set.space_id, [tag]))
    for tag in renamed:
        refuse_while_used(tag, referrers.naming_tags(actor, tag_set.space_id, [tag]))


def _write(tag_set: TagSet, known: Sequence[Tag], rows: Sequence[TagRow]) -> list[Tag]:
    """The tags as they are now."""
    by_id = {tag.pk: tag for tag in known}
    kept = {row.id for row in rows}
    with names_settled():
        tag_set.tags.filter(pk__in=by_id.keys() - kept).delete()
        for order, row in enumerate(rows):
            tag = by_id.get(row.id or 0) or Tag(space_id=tag_set.space_id, tag_set=tag_set)
            tag.name, tag.description = row.name.strip(), row.description
            tag.color, tag.sort_order = row.color.lower(), order
            tag.save()
    return list(tag_set.tags.all())


def _problems(tag_set: TagSet, rows: Sequence[TagRow]) -> list[str]:
    problems = []
    if SEPARATOR in tag_set.name:
        problems.append("The name of a tag set must not contain a slash.")
    if tag_set.type not in TagSet.Type.values:
        problems.append(f"The type must be one of {', '.join(TagSet.Type.values)}.")
    if unknown := sorted(set(tag_set.scopes) - set(TagSet.Scope.values)):
        problems.append(f"There is no scope {', '.join(unknown)}.")
    keys = [name_key(row.name) for row in rows]
    twice = {row.name.strip() for row in rows if keys.count(name_key(row.name)) > 1}
    problems += [f"The tag {name!r} is listed more than once." for name in sorted(twice)]
    for row in rows:
        problems += _tag_problems(row, is_free=tag_set.type == TagSet.Type.FREE)
    return problems


def _tag_problems(row: TagRow, *, is_free: bool) -> list[str]:
    label = row.name.strip() or "A tag"
    found = name_problems(row.name) + text_problems("description", row.description)
    if SEPARATOR in row.name and not is_free:
        found.append("The name of a tag must not contain a slash.")
    if not COLOR.fullmatch(row.color):
        found.append(f"The colour {row.color!r} should look like #1f6feb.")
    return [f"{label}: {problem}" for problem in found]


def _narrowing_problems(tag_set: TagSet, type_before: str) -> list[str]:
    """What tenants carry today must stay possible."""
    carried = TenantTag.objects.filter(tag__tag_set=tag_set)
    problems = []
    if tag_set.type not in (TagSet.Type.MULTI, type_before):
        several = carried.values("tenant__name").annotate(count=Count("pk")).filter(count__gt=1)
        problems += [
            f"{row['tenant__name']} carries {row['count']} tags of {tag_set}." for row in several
        ]
    if TagSet.Scope.TENANT not in tag_set.scopes and carried.exists():
        problems.append(f"Tenants carry tags of {tag_set}.")
    return problems


def _told(tags: Sequence[Tag]) -> list[str]:
    return [f"{tag.name} {tag.color}" for tag in tags]
