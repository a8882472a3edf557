"""The keys that encrypt the secrets of a space, themselves encrypted."""

from django.db import models
from django.db.models import Q

from spaces.models.spaces import Space


class DataKey(models.Model):
    """One AES key, wrapped by the master key outside the database. No space: secrets of the system.

    id: random; the second part of every sealed text. master: which master key wraps it.
    """

    id = models.CharField(max_length=16, primary_key=True)
    space = models.ForeignKey(
        Space, on_delete=models.CASCADE, related_name="+", null=True, blank=True
    )
    master = models.CharField(max_length=16)
    wrapped = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["space"],
                condition=Q(is_active=True),
                nulls_distinct=False,
                name="datakey_one_active",
            )
        ]

    def __str__(self) -> str:
        return self.id
