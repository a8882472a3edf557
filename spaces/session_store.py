"""Where Django keeps sessions: in our own table, under a hash of the cookie's value.

Unlike Django's own table this one is of no use to whoever steals it (security-and-reliability.md A9), and
it knows whose session each row is, so that they can be shown and ended.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.utils import timezone

from spaces.models import BrowserSession

USER_AGENT_LENGTH = 400


def digest_of(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionStore(SessionBase):
    """Django's session engine (SESSION_ENGINE names this module)."""

    def load(self) -> dict[str, Any]:
        living = BrowserSession.objects.filter(expires_at__gt=timezone.now())
        row = living.filter(digest=digest_of(self.session_key or "")).first()
        if row is None:
            self._session_key = None
            return {}
        content: dict[str, Any] = self.decode(row.content)
        return content

    def exists(self, session_key: str) -> bool:
        return BrowserSession.objects.filter(digest=digest_of(session_key)).exists()

    def create(self) -> None:
        self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]  # the stubs leave it out
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Raises CreateError, or UpdateError when the session was ended meanwhile."""
        if self.session_key is None:
            return self.create()
        content = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # likewise
        columns = self._columns(content)
        if not must_create:
            rows = BrowserSession.objects.filter(digest=digest_of(self.session_key))
            if not rows.update(**columns):
                raise UpdateError
            return None
        try:
            with transaction.atomic():
                BrowserSession.objects.create(digest=digest_of(self.session_key), **columns)
        except IntegrityError as exc:
            raise CreateError from exc
        return None

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            BrowserSession.objects.filter(digest=digest_of(key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        BrowserSession.objects.filter(expires_at__lt=timezone.now()).delete()

    def _columns(self, content: dict[str, Any]) -> dict[str, Any]:
        now = timezone.now()
        user = content.get(SESSION_KEY)
        return {
            "content": self.encode(content),
            "user_id": int(user) if user else None,
            "how": content.get("how", ""),
            "has_second_factor": content.get("second_factor", False),
            "address": content.get("address"),
            "user_agent": content.get("user_agent", "")[:USER_AGENT_LENGTH],
            "started_at": _moment(content.get("started"), now),
            "seen_at": _moment(content.get("seen"), now),
            "expires_at": self.get_expiry_date(),
        }


def _moment(seconds: int | None, otherwise: datetime) -> datetime:
    return datetime.fromtimestamp(seconds, UTC) if seconds else otherwise
