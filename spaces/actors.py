"""Who does something: a person, a service account through a key, or octoplat itself."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spaces.models import ApiKey, User


@dataclass(frozen=True)
class Actor:
    """The first argument of every service.

    user: None for octoplat itself (lifecycle automation, recovery), which `cause` then explains.
    api_key: the key the request came with; its down-scope narrows the user's rights.
    identity: how the user was established, as audit shows it ("Session", "API key 'CI'").
    memo: what `spaces.access` loads once per request; nothing else writes here.
    """

    user: "User | None"
    api_key: "ApiKey | None" = None
    identity: str = "System"
    ip_address: str | None = None
    user_agent: str = ""
    request_id: str = ""
    cause: str = ""
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def system(cls, cause: str) -> "Actor":
        """octoplat acting by itself; it may do everything, and audit shows why."""
        return cls(user=None, cause=cause)

    @property
    def is_system(self) -> bool:
        return self.user is None

    @property
    def name(self) -> str:
        return self.user.username if self.user else "system"
