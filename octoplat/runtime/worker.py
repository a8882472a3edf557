"""`python -m octoplat.runtime.worker`: runs this node's workers until SIGTERM.

It forks the cluster, rings its canary, replaces it when it dies or hangs, and calls
deployments.tasks.tick() about once a second. One per machine; any number of machines share the database.
"""

import gc
import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octoplat.settings.dev")
    django.setup()
    from octoplat.checks import refuse_insecure, refuse_wrong_keys
    from octoplat.runtime.node import Node  # loads models, so not before setup()

    refuse_insecure()
    refuse_wrong_keys()
    gc.freeze()  # the copies of this process then share what is loaded by now
    Node().run()


if __name__ == "__main__":
    main()
