"""Django's registration of `spaces`."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class SpacesConfig(AppConfig):
    name = "spaces"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_install_builtins, sender=self)


def _install_builtins(*, using: str, **_: Any) -> None:
    """After migrations, and after Django's test cases have emptied the database."""
    from spaces.models import Team
    from spaces.services.installation import install_builtins

    if Team._meta.db_table in connections[using].introspection.table_names():
        install_builtins()
