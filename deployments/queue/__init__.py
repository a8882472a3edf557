"""The one door to django-q2. A message is a doorbell: it names an entry point and rows, nothing else.

The rows decide what happens, so a message may be lost, doubled or late without harm; a sweeper rings
again (security-and-reliability.md 6.1).
"""

from deployments.queue.ringing import enqueue, ring

__all__ = ["enqueue", "ring"]
