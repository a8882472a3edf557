"""What the services of named things share: judging names, applying fields, telling audit what changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet

from deployments.models.named import Named
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid
from spaces.naming import (
    SLUG,
    free_slug,
    name_key,
    name_problems,
    text_problems,
)

Changes = dict[str, list[Any]]
Row = TypeVar("Row", bound=Named)


def refuse(problems: Sequence[str]) -> None:
    """Raises Invalid with all of them, if there are any."""
    if problems:
        raise Invalid(list(dict.fromkeys(problems)))


def naming_problems(
    siblings: QuerySet[Any],
    name: str,
    *,
    slug: str = "",
    existing: Model | None = None,
    longest: int = 200,
) -> list[str]:
    """Why the row cannot be called this among `siblings`: those that share its scope of names.

    slug: "" where none was asked for. existing: the row itself when it is renamed.
    """
    problems = name_problems(name, longest=longest)
    others = siblings.exclude(pk=existing.pk) if existing else siblings
    taken = {name_key(other) for other in others.values_list("name", flat=True)}
    if name_key(name) in taken:
        problems.append(f"The name {name.strip()!r} is already in use.")
    if slug and not SLUG.fullmatch(slug):
        problems.append(f"The slug {slug!r} may hold only lower-case letters, digits and dashes.")
    elif slug and others.filter(slug=slug).exists():
        problems.append(f"The slug {slug!r} is already in use.")
    return problems


def new_slug(siblings: QuerySet[Any], name: str, asked: str = "") -> str:
    """The slug asked for, else a free one made from the name."""
    kind = str(siblings.model._meta.verbose_name).replace(" ", "-")
    return asked or free_slug(name, set(siblings.values_list("slug", flat=True)), otherwise=kind)


def texts_problems(fields: Mapping[str, Any]) -> list[str]:
    """What is wrong with the free texts among these fields."""
    return [
        problem
        for label, value in fields.items()
        if isinstance(value, str)
        for problem in text_problems(label.replace("_", " "), value)
    ]


def apply(row: Model, fields: Mapping[str, Any]) -> Changes:
    """Sets the fields that differ. Returns {field: [before, after]}, rows shown by their text."""
    changes: Changes = {}
    for name, value in fields.items():
        before = getattr(row, name)
        if before != value:
            setattr(row, name, value)
            changes[name] = [_shown(before), _shown(value)]
    return changes


def seal(row: Any, secrets: Mapping[str, str | None]) -> Changes:
    """Seals new secrets into the row: None keeps what is stored, "" clears it.

    What changed is told, but neither value.
    """
    changes: Changes = {}
    for name, text in secrets.items():
        if text is not None and (text or getattr(row, name)):
            row.seal_field(name, text)
            changes[name] = ["********", "changed"]
    return changes


@contextmanager
def names_settled() -> Iterator[None]:
    """The database has the last word on duplicates: of two equal names at once one gets Conflict."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as exc:
        if "name_unique" in str(exc) or "slug_unique" in str(exc):
            raise Conflict("The name or slug is already in use.") from exc
        raise


def create_named(
    actor: Actor, row: Row, fields: Mapping[str, Any], problems: Sequence[str] = ()
) -> Row:
    """Name, save and audit a new row of a space whose name is set already.

    fields: what was asked for; its texts are judged, and its slug is taken where there is one.
    Raises Invalid with every reason, Conflict.
    """
    siblings = _siblings(row)
    slug = fields.get("slug", "")
    refuse(naming_problems(siblings, row.name, slug=slug) + texts_problems(fields) + [*problems])
    row.name = row.name.strip()
    row.slug = new_slug(siblings, row.name, slug)
    save(row)
    record(actor, "Created", row)
    return row


def update_named(
    actor: Actor,
    row: Row,
    fields: Mapping[str, Any],
    problems: Sequence[str] = (),
    also: Callable[[], Changes] = dict,
) -> Row:
    """Apply changes to a named row of a space and audit them; a name or slug left out stays.

    problems: what else speaks against it. also: what else changes with it. Raises Invalid with every reason, Conflict.
    """
    name, slug = fields.get("name", row.name).strip(), fields.get("slug") or row.slug
    refuse(
        naming_problems(_siblings(row), name, slug=slug, existing=row)
        + texts_problems(fields)
        + [*problems]
    )
    changes = apply(row, {**fields, "name": name, "slug": slug})
    save(row)
    record(actor, "Modified", row, details=changes | also())
    return row


def _siblings(row: Named) -> QuerySet[Any]:
    siblings: QuerySet[Any] = type(row).objects.in_space(row.space_id)
    return siblings


def refuse_while_used(subject: Model, users: Sequence[str]) -> None:
    """Deleting something still referred to is refused, and the referrers are listed (domain.md 1)."""
    if users:
        raise Conflict([f"{subject} is still used by {user}." for user in users])


def save(row: Model) -> None:
    """Saves a named row; a duplicate name becomes Conflict."""
    with names_settled():
        row.save()


def _shown(value: Any) -> Any:
    return str(value) if isinstance(value, Model) else value
