"""Which rows keep a blob: every row of every table that has a column `sha256`."""

from collections.abc import Iterator

from django.apps import apps
from django.db import connection, models, transaction

from deployments import blobs

COLUMN = "sha256"


def hold(what: str) -> None:
    """Until the transaction ends nobody else holds the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])


def forget_blob(sha256: str) -> None:
    """Removes bytes that no row refers to any more."""
    with transaction.atomic():
        hold(sha256)
        if not any(keeper._base_manager.filter(sha256=sha256).exists() for keeper in keepers()):
            blobs.store().delete(sha256)


def keepers() -> Iterator[type[models.Model]]:
    """The tables whose rows have bytes in the blob store."""
    for model in apps.get_models():
        if any(column.name == COLUMN for column in model._meta.local_fields):
            yield model
