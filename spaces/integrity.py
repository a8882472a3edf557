"""Same-space references, held by PostgreSQL.

For every foreign key between two space-owned tables a second, composite one `(space_id, x_id)` ->
`(space_id, id)` makes a row of one space refer to rows of that space only, whatever code forgets.
Promise P5 (security-and-reliability.md).
"""

from collections.abc import Iterator
from typing import Any

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation


def is_space_owned(model: type[models.Model]) -> bool:
    """Whether rows of spaces may refer to this model's: it has the `space` of SpaceOwned, or, where the
    system has rows as well, a unique key over space and id. Works on the models of a migration too."""
    field = next((f for f in model._meta.local_fields if f.name == "space"), None)
    if not isinstance(field, models.ForeignKey):
        return False
    return not field.null or any(
        isinstance(constraint, models.UniqueConstraint) and constraint.fields == ("space", "id")
        for constraint in model._meta.constraints
    )


def same_space_keys(model: type[models.Model]) -> Iterator["models.ForeignKey[Any, Any]"]:
    """The foreign keys of a space-owned model that lead to space-owned models."""
    for field in model._meta.local_fields:
        if (
            isinstance(field, models.ForeignKey)
            and field.name != "space"
            and is_space_owned(field.remote_field.model)
        ):
            yield field


def unique_name(table: str) -> str:
    """Name of the constraint that composite keys point at."""
    return f"{table}_space_row"


def key_name(table: str, column: str) -> str:
    """Name of the composite foreign key of a column."""
    return f"{table}_{column}_same_space"[:63]


class HoldSpacesApart(Operation):
    """Migration operation: adds what is missing for all models of an app, so a later migration that
    adds tables or keys simply runs it again."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing: the models do not change, only the database's guard over them."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        apps: Apps = to_state.apps
        owned = [m for m in apps.get_app_config(app_label).get_models() if is_space_owned(m)]
        for model in owned:
            _add_unless_there(schema_editor, model._meta.db_table, *_unique(model))
        for model in owned:
            for field in same_space_keys(model):
                _add_unless_there(schema_editor, model._meta.db_table, *_key(model, field))

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        """Nothing: constraints go with their tables."""

    def describe(self) -> str:
        return "Hold the rows of different spaces apart"


def _unique(model: type[models.Model]) -> tuple[str, str]:
    return unique_name(model._meta.db_table), "UNIQUE (space_id, id)"


def _key(model: type[models.Model], field: "models.ForeignKey[Any, Any]") -> tuple[str, str]:
    to = field.remote_field.model._meta.db_table
    return (
        key_name(model._meta.db_table, str(field.column)),
        f'FOREIGN KEY (space_id, "{field.column}") REFERENCES "{to}" (space_id, id) '
        "DEFERRABLE INITIALLY DEFERRED",
    )


def _add_unless_there(
    schema_editor: BaseDatabaseSchemaEditor, table: str, name: str, definition: str
) -> None:
    schema_editor.execute(
        f"""
        DO $$ BEGIN
            IF NOT EXISTS (
                SELECT FROM pg_constraint
                WHERE conname = '{name}' AND conrelid = '"{table}"'::regclass
            ) THEN
                ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition};
            END IF;
        END $$
        """
    )
