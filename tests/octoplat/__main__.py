"""`python -m tests.octoplat`: every address, what it asks for, and the status of each standing actor."""

import os
import sys

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octoplat.settings.test")
    django.setup()
    from tests.octoplat.expected import table
    from tests.octoplat.test_permission_matrix import ONCE

    sys.stdout.write(table(ONCE) + "\n")


if __name__ == "__main__":
    main()
