"""A node's consumer in a process of its own: takes what the queue gives and prints the numbers.

Ends after the number in argv, or once nothing came for five seconds.
"""

import sys
import time

import django

django.setup()

from django_q.signing import SignedPackage  # noqa: E402 - needs settings

from deployments.queue.broker import Doorbells  # noqa: E402


def main(last: int) -> None:
    broker = Doorbells()
    quiet_since = time.monotonic()
    print("ready", flush=True)
    while time.monotonic() - quiet_since < 5:
        for _, package in broker.dequeue() or ():
            number = SignedPackage.loads(package)["args"][1]
            print(number, time.time(), flush=True)
            quiet_since = time.monotonic()
            if number == last:
                return


if __name__ == "__main__":
    main(int(sys.argv[1]))
