"""How much somebody has asked lately."""

from django.db import models


class RateLimit(models.Model):
    """One bucket of `spaces.rates`. The table is not logged: a crash of the database forgives everybody.

    name: whose. due: when the bucket will be full again; in the past, it is full.
    """

    name = models.CharField(max_length=100, primary_key=True)
    due = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["due"], name="ratelimit_due")]

    def __str__(self) -> str:
        return self.name
