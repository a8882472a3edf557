"""`manage.py install`: the first administrator and the default space, once."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from spaces.errors import DomainError
from spaces.services.bootstrap import install


class Command(BaseCommand):
    help = "Make the first administrator and the default space, and print a random password once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="admin")
        parser.add_argument("--space", default="Default", help="name of the first space")

    def handle(self, *args: Any, **options: Any) -> None:
        password = secrets.token_urlsafe(12)
        try:
            installed = install(options["username"], password, space_name=options["space"])
        except DomainError as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(
            f"Sign in as {installed.administrator.username} with the password {password}"
        )
