"""Browsers that somebody signed in with, or is about to. security-and-reliability.md S7."""

from django.db import models

from spaces.models.users import User


class BrowserSession(models.Model):
    """One browser. Who steals the table cannot continue a session: the cookie's value is not in it.

    digest: SHA-256 of the cookie's value, hexadecimal.
    content: what the session remembers, signed. The other columns repeat what people want to see of it.
    user: nobody, until everything that signing in asks for was given.
    """

    digest = models.CharField(max_length=64, unique=True)
    content = models.TextField()
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="sessions", null=True, blank=True
    )
    how = models.CharField(max_length=250, blank=True, default="")
    has_second_factor = models.BooleanField(default=False)
    address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=400, blank=True, default="")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"Session of {self.user}"
