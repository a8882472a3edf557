"""Who does something: a person, a service account through a key, or octoplat itself."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spaces.models import ApiKey, User


SYSTEM = "System"


@dataclass(frozen=True)
class AccessToken:
    """What a machine shows that has proved its identity elsewhere. domain.md 3.4.

    identity_id: the OIDC identity that admitted it. subject: what it is called there.
    """

    user: "User"
    identity_id: int
    subject: str


@dataclass(frozen=True)
class Actor:
    """The first argument of every service.

    user: None for octoplat itself (lifecycle automation, recovery), which `cause` then explains, and for
    somebody who has yet to sign in, who may do nothing.
    api_key: the key the request came with; its down-scope narrows the user's rights.
    token: the access token it came with instead; it can do all that its user can, but make keys.
    session: digest of the browser session it came with, empty for keys and tokens.
    is_proven: False for a browser session that began without a second factor.
    identity: how the user was established, as audit shows it ("Session", "API key 'CI'").
    memo: what `spaces.access` loads once per request; nothing else writes here.
    """

    user: "User | None"
    api_key: "ApiKey | None" = None
    token: AccessToken | None = None
    session: str = ""
    is_proven: bool = True
    identity: str = SYSTEM
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
        return self.user is None and self.identity == SYSTEM

    @property
    def name(self) -> str:
        if self.user:
            return self.user.username
        return "system" if self.is_system else "anonymous"
