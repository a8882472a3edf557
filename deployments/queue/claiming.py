"""Claims of tasks go one after another, over all nodes."""

from django.db import connection

_CLAIMING = 7_261_001  # advisory lock


def claim_alone() -> None:
    """Returns when every claim that began before has committed. For the rest of this transaction nobody
    else claims anything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CLAIMING])
