"""A database for a benchmark: of its own, empty but for its tables, thrown away afterwards."""

import os
from contextlib import ExitStack
from pathlib import Path


def start_database(folder: Path, things: ExitStack) -> None:
    """Start it in `folder` and set Django up with it; `things` stops it."""
    from octoplat.runtime.postgres import Cluster

    cluster = Cluster(folder / "data", folder / "run", durable=False)
    things.enter_context(cluster.running(log=folder / "postgres.log"))
    os.environ |= {
        "DATABASE_URL": cluster.url(),
        "DJANGO_SETTINGS_MODULE": "octoplat.settings.test",
        "OCTOPLAT_LOG_LEVEL": "WARNING",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
