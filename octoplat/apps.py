"""octoplat as a Django app: system checks and static files."""

from django.apps import AppConfig


class OctoplatConfig(AppConfig):
    name = "octoplat"

    def ready(self) -> None:
        from octoplat import checks  # noqa: F401 - importing registers the checks
