"""Recompute the chains of the audit trail."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from spaces.audit import verify
from spaces.models import EventHead, Space


class Command(BaseCommand):
    help = "Checks that no event was changed, removed or reordered; prints the end of every chain."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = [line for chain in [None, *Space.objects.all()] if (line := self._judged(chain))]
        if broken:
            raise CommandError("\n".join(broken))

    def _judged(self, chain: Space | None) -> str:
        name = str(chain) if chain else "system"
        if broken := verify(chain):
            return f"{name}: {broken}"
        head = EventHead.objects.filter(space=chain).first()
        number, end = (head.sequence, head.hash) if head else (0, "-")
        self.stdout.write(f"{name}: {number} events, intact, ending with {end}")
        return ""
