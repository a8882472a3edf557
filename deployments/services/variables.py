"""Saving variables, and library variable sets. domain.md 14, 4.4."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.utils import timezone

from deployments.core.variables import VariableScope, ties
from deployments.models import (
    Channel,
    Environment,
    LibraryVariableSet,
    Target,
    Variable,
    VariableSet,
)
from deployments.queries import referrers
from deployments.queries.tenants import tag_names
from deployments.queries.variable_access import VariableAccess
from deployments.services.changes import (
    create_named,
    refuse,
    refuse_while_used,
    update_named,
)
from deployments.services.variable_templates import TemplateRow, set_templates, template_problems
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, PermissionRefused
from spaces.models import Space
from spaces.naming import text_problems
from spaces.permissions import Permission

LONGEST_NAME = 400
SHORTEST_MASKED = 4
TYPES = frozenset(
    {
        "String",
        "Sensitive",
        "Certificate",
        "AmazonWebServicesAccount",
        "AzureAccount",
        "GoogleCloudAccount",
        "UsernamePasswordAccount",
        "SshKeyPair",
        "WorkerPool",
        "GenericOidcAccount",
    }
)


@dataclass(frozen=True)
class VariableRow:
    """One value as somebody wants it.

    id: of the variable it replaces; None, or one that the set does not show, = a new one.
    value: None keeps the stored secret of a sensitive one.
    """

    name: str
    value: str | None = ""
    id: int | None = None
    is_sensitive: bool = False
    type: str = "String"
    description: str = ""
    scope: VariableScope = field(default_factory=VariableScope)
    prompt: dict[str, Any] | None = None


@transaction.atomic
def save_variables(
    *,
    actor: Actor,
    variable_set: VariableSet,
    rows: Sequence[VariableRow],
    version: int | None = None,
) -> VariableSet:
    """Make these the values the actor sees of the set; values hidden from them stay untouched.

    version: the one the edit began with; None skips that check. Raises Conflict when somebody else
    saved meanwhile, PermissionRefused naming the values out of reach, Invalid with every reason.
    """
    access = VariableAccess.of(actor, variable_set)
    _authorize_edit(access)
    variable_set = VariableSet.objects.select_for_update(of=("self",)).get(pk=variable_set.pk)
    if version is not None and version != variable_set.version:
        raise Conflict(
            f"The variables were changed by {variable_set.updated_by or 'somebody'} at "
            f"{variable_set.updated_at:%Y-%m-%d %H:%M:%S} UTC. Load them again; "
            f"yours were version {version}."
        )
    shown = {row.pk: row for row in access.seen(variable_set.variables.all())}
    refuse(_problems(variable_set, rows))
    _refuse_out_of_reach(access, shown, rows)
    changes = _write(variable_set, shown, rows)
    variable_set.version += 1
    variable_set.updated_by = actor.name
    variable_set.save()
    record(actor, "Modified", variable_set, details=changes)
    return variable_set


def variable_warnings(rows: Iterable[Variable]) -> list[str]:
    """What deserves a second look although it may be saved, each a sentence."""
    rows = list(rows)
    tied = ties([row.as_definition() for row in rows])
    warnings = [
        f"{first.name} has two values with the same scope; the older one is used."
        for first, _ in tied
    ]
    short = (
        row.name
        for row in rows
        if row.is_sensitive and row.secret and len(row.reveal("secret")) < SHORTEST_MASKED
    )
    return warnings + [
        f"{name} is shorter than {SHORTEST_MASKED} characters and cannot be masked in logs."
        for name in short
    ]


class LibrarySetFields(TypedDict, total=False):
    slug: str
    description: str


class LibrarySetChanges(LibrarySetFields, total=False):
    name: str


@transaction.atomic
def create_library_set(
    *,
    actor: Actor,
    space: Space,
    name: str,
    templates: Sequence[TemplateRow] = (),
    **fields: Unpack[LibrarySetFields],
) -> LibraryVariableSet:
    """A new set of shared variables, empty but for its templates. Raises PermissionRefused, Invalid."""
    authorize(actor, Permission.LIBRARY_VARIABLE_SET_CREATE, space)
    library_set = LibraryVariableSet(space=space, name=name, **fields)
    create_named(actor, library_set, fields, template_problems(None, templates))
    VariableSet.objects.create(space=space, library_set=library_set)
    set_templates(library_set, templates)
    return library_set


@transaction.atomic
def update_library_set(
    *,
    actor: Actor,
    library_set: LibraryVariableSet,
    templates: Sequence[TemplateRow] | None = None,
    **fields: Unpack[LibrarySetChanges],
) -> LibraryVariableSet:
    """Rename or describe it, or change what tenants are asked for; None leaves that as it is.

    Raises PermissionRefused, Invalid.
    """
    authorize(actor, Permission.LIBRARY_VARIABLE_SET_EDIT, library_set)
    return update_named(
        actor,
        library_set,
        fields,
        template_problems(library_set, templates),
        also=lambda: {} if templates is None else set_templates(library_set, templates),
    )


@transaction.atomic
def delete_library_set(*, actor: Actor, library_set: LibraryVariableSet) -> None:
    """Delete it with its values. Raises Conflict listing the projects that include it."""
    authorize(actor, Permission.LIBRARY_VARIABLE_SET_DELETE, library_set)
    refuse_while_used(library_set, referrers.of_library_set(actor, library_set))
    record(actor, "Deleted", library_set)
    library_set.delete()


def _authorize_edit(access: VariableAccess) -> None:
    """Raises PermissionRefused, or NotFound for who may not even see the set."""
    library_set = access.variable_set.library_set
    if library_set is not None:
        authorize(access.actor, Permission.LIBRARY_VARIABLE_SET_EDIT, library_set)
    if not access.may_edit_something():
        authorize(access.actor, Permission.VARIABLE_EDIT, access.variable_set)


def _refuse_out_of_reach(
    access: VariableAccess, shown: dict[int, Variable], rows: Sequence[VariableRow]
) -> None:
    """Every value that is added, changed or removed must be editable before and after (4.4)."""
    kept = {row.id for row in rows}
    touched = [
        (old.name, VariableScope.from_json(old.scope))
        for pk, old in shown.items()
        if pk not in kept
    ]
    for row in rows:
        old = shown.get(row.id or 0)
        if old is None:
            touched.append((row.name, row.scope))
        elif _differs(old, row):
            touched += [(row.name, row.scope), (old.name, VariableScope.from_json(old.scope))]
    refused = dict.fromkeys(name for name, scope in touched if not access.may_edit(scope))
    if refused:
        raise PermissionRefused(
            Permission.VARIABLE_EDIT.value,
            [f"You may not edit {name} in every environment that it reaches." for name in refused],
        )


def _differs(old: Variable, row: VariableRow) -> bool:
    return _values(row) != {name: getattr(old, name) for name in _values(row)} or (
        _new_value(old, row) is not None
    )


def _values(row: VariableRow) -> dict[str, Any]:
    """What a row says beside its value."""
    return {
        "name": row.name.strip(),
        "is_sensitive": row.is_sensitive,
        "type": "Sensitive" if row.is_sensitive else row.type,
        "description": row.description,
        "scope": row.scope.to_json(),
        "prompt": row.prompt,
    }


def _new_value(old: Variable | None, row: VariableRow) -> str | None:
    """The text to store, or None where the stored one stays.

    What was plain and becomes sensitive is sealed; what was sensitive and becomes plain is lost
    unless a value comes with it (security-and-reliability.md 4.1).
    """
    if old is None or row.is_sensitive != old.is_sensitive:
        was = old.value if old is not None else ""
        return row.value if row.value is not None else was
    if row.is_sensitive:
        return row.value
    return row.value if (row.value or "") != old.value else None


def _write(
    variable_set: VariableSet, shown: dict[int, Variable], rows: Sequence[VariableRow]
) -> dict[str, list[object]]:
    changes: dict[str, list[object]] = {}
    kept = {row.id for row in rows}
    gone = [old for pk, old in shown.items() if pk not in kept]
    for old in gone:
        changes[_label(old)] = [_told(old), None]
    variable_set.variables.filter(pk__in=[old.pk for old in gone]).delete()
    fresh: list[Variable] = []
    changed: list[Variable] = []
    taken: set[int] = set()
    for row in rows:
        known = None if row.id in taken else shown.get(row.id or 0)
        if known is None:
            fresh.append(
                _filled(Variable(space_id=variable_set.space_id, set=variable_set), None, row)
            )
            changes[_label(fresh[-1])] = [None, _told(fresh[-1])]
            continue
        taken.add(known.pk)
        if _differs(known, row):
            before = _told(known)
            changed.append(_filled(known, known, row))
            changes[_label(known)] = [before, _told(known)]
    Variable.objects.bulk_create(fresh)
    Variable.objects.bulk_update(
        changed, [*_values(rows[0]), "value", "secret"] if changed else ["value"]
    )
    return changes


def _filled(variable: Variable, old: Variable | None, row: VariableRow) -> Variable:
    value = _new_value(old, row)
    for name, new in _values(row).items():
        setattr(variable, name, new)
    if value is None:
        return variable
    if row.is_sensitive:
        variable.value = ""
        variable.seal_field("secret", value)
    else:
        variable.value, variable.secret = value, ""
    return variable


def _label(variable: Variable) -> str:
    return f"{variable.name} {variable.scope}" if variable.scope else variable.name


def _told(variable: Variable) -> dict[str, object]:
    """A variable as audit shows it; of a secret only when it was last changed."""
    secret = f"******** (set {timezone.now():%Y-%m-%d %H:%M:%S} UTC)"
    return {
        "value": secret if variable.is_sensitive else variable.value,
        "scope": variable.scope,
        "prompt": variable.prompt,
    }


def _problems(variable_set: VariableSet, rows: Sequence[VariableRow]) -> list[str]:
    problems = []
    for row in rows:
        label = row.name.strip() or "A variable"
        if not row.name.strip():
            problems.append("Every variable needs a name.")
        if len(row.name) > LONGEST_NAME:
            problems.append(f"{label[:60]}…: a name has at most {LONGEST_NAME} characters.")
        if row.type not in TYPES:
            problems.append(f"{label}: there is no type {row.type!r}.")
        for what, text in (
            ("name", row.name),
            ("value", row.value or ""),
            ("description", row.description),
        ):
            problems += [f"{label}: {problem}" for problem in text_problems(what, text)]
        if variable_set.library_set_id and (row.scope.actions or row.scope.channels):
            problems.append(
                f"{label}: variables of a library set cannot be limited to steps or channels."
            )
    return problems + _scope_problems(variable_set, rows)


def _scope_problems(variable_set: VariableSet, rows: Sequence[VariableRow]) -> list[str]:
    """Scopes that name what does not exist in the space, or in the project."""
    space = variable_set.space_id
    project = variable_set.project

    def ids(kind: Callable[[VariableScope], frozenset[Any]]) -> set[Any]:
        return set().union(*(kind(row.scope) for row in rows))

    def missing(model: Any, rows_there: Any, wanted: set[int]) -> list[str]:
        there = set(rows_there.filter(pk__in=wanted).values_list("pk", flat=True))
        return [f"There is no {model.wire_prefix}-{pk} here." for pk in sorted(wanted - there)]

    problems = missing(
        Environment, Environment.objects.in_space(space), ids(lambda scope: scope.environments)
    )
    problems += missing(Target, Target.objects.in_space(space), ids(lambda scope: scope.machines))
    if tags := ids(lambda scope: scope.tenant_tags):
        problems += [
            f"There is no tag {tag} here." for tag in sorted(tags - tag_names(space).keys())
        ]
    if project is not None:
        channels = Channel.objects.filter(project=project)
        problems += missing(Channel, channels, ids(lambda scope: scope.channels))
        steps = {
            key
            for step in project.process.parsed()
            for key in (step.id, *(a.id for a in step.actions))
        }
        gone = ids(lambda scope: scope.actions) - steps
        problems += [f"There is no step {key} in the process." for key in sorted(gone)]
    return problems
