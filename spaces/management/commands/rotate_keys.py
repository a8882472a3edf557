"""Replace the master key that wraps all secrets."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from spaces.actors import Actor
from spaces.keyring import KeyUnavailable
from spaces.services.master_keys import rotate_master_key


class Command(BaseCommand):
    help = "Makes a new master key, wraps every data key by it and drops the old one."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            dropped = rotate_master_key(actor=Actor.system("rotate_keys"))
        except KeyUnavailable as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(
            f"Done. Keys dropped: {', '.join(dropped) or 'none'}. Back up the key file."
        )
