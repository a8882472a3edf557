"""`manage.py import_server`: another server's projects and what they need, recreated here."""

import os
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from octoplat.imports.copying import Copy
from octoplat.imports.local import LocalServer
from octoplat.runtime.rest import Refused, RestClient
from spaces.actors import Actor
from spaces.errors import DomainError
from spaces.models import User
from spaces.services.api_keys import create_api_key, revoke_api_key

KEY_VARIABLE = "OCTOPLAT_IMPORT_API_KEY"
IDENTITY = "manage.py import_server"
LIFE = timedelta(hours=12)


class Command(BaseCommand):
    help = (
        "Copy environments, lifecycles, targets, projects, processes, variables without secrets, runbooks and "
        "tenants of another server. May be repeated: what has the same name here is left as it is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", required=True, help="address of the other server")
        parser.add_argument(
            "--api-key", help=f"a key of the other server; better in the variable {KEY_VARIABLE}"
        )
        parser.add_argument("--space", default="", help="its space; the default one unless named")
        parser.add_argument("--into", default="", help="our space; the default one unless named")
        parser.add_argument("--as", dest="username", required=True, help="who does it here")

    def handle(self, *args: Any, **options: Any) -> None:
        theirs = options["api_key"] or os.environ.get(KEY_VARIABLE, "")
        if not theirs:
            raise CommandError(f"Give the other server's API key in {KEY_VARIABLE}.")
        user = User.objects.filter(username__iexact=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']}.")
        actor = Actor(user, identity=IDENTITY)
        try:
            key, text = create_api_key(
                actor=actor, user=user, purpose="import_server", expires_at=timezone.now() + LIFE
            )
        except DomainError as refused:
            raise CommandError(str(refused)) from refused
        try:
            source = RestClient(options["url"] + _space(options["space"]), theirs)
            report = Copy(source, LocalServer(text, _space(options["into"]))).run()
        except (Refused, OSError, ValueError) as failed:
            raise CommandError(f"The import stopped: {failed}. It may be repeated.") from failed
        finally:
            revoke_api_key(actor=actor, key=key)
        for line in report.lines():
            self.stdout.write(line)


def _space(name: str) -> str:
    return f"/api/{name}" if name else "/api"
