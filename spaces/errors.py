"""What a user can cause, in sentences a user can act on. Django-free.

Pages and the API translate each kind once, with its `status`: `spaces.api.errors` into the error body of
the dialect, `octoplat.middleware` into a page. Bugs of ours stay ordinary exceptions.
"""

from collections.abc import Sequence
from typing import ClassVar


class DomainError(Exception):
    """A refusal. `reasons` holds every reason at once; `str()` joins them."""

    status: ClassVar[int] = 400

    def __init__(self, reasons: str | Sequence[str]) -> None:
        self.reasons = [reasons] if isinstance(reasons, str) else list(reasons)
        super().__init__(" ".join(self.reasons))


class Invalid(DomainError):
    """The request makes no sense or a rule refuses it (400)."""


class NotFound(DomainError):
    """There is no such thing, or the actor may not know that there is (404)."""

    status = 404


class Conflict(DomainError):
    """It exists already, or somebody changed it first (409)."""

    status = 409


class TooLarge(DomainError):
    """Over a size limit; the text names the limit and the actual size (413)."""

    status = 413


class Unprocessable(DomainError):
    """Understood, but its content is unsafe or contradicts an earlier request (422)."""

    status = 422


class StorageFull(DomainError):
    """The blob store or disk cannot take it (507)."""

    status = 507


class TooManyRequests(DomainError):
    """Too often in too short a time (429). retry_after: seconds until another try makes sense."""

    status = 429

    def __init__(self, reasons: str | Sequence[str], *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(reasons)


class NotAuthenticated(DomainError):
    """No credentials, or bad ones (401)."""

    status = 401


class PermissionRefused(DomainError):
    """The actor may see the thing but lacks a permission for the act (403)."""

    status = 403

    def __init__(self, permission: str, reasons: str | Sequence[str] | None = None) -> None:
        self.permission = permission
        super().__init__(
            reasons or f"You do not have permission to do this: {permission} is missing."
        )
