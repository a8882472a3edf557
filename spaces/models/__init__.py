"""The tables of `spaces`, one module per noun."""

from spaces.models.api_keys import ApiKey
from spaces.models.base import Dimensions, SpaceOwned, SpaceOwnedQuerySet, WireIdentified
from spaces.models.data_keys import DataKey
from spaces.models.elevations import Elevation
from spaces.models.events import Event, EventHead
from spaces.models.installation import Installation
from spaces.models.invitations import Invitation
from spaces.models.oidc_identities import OidcIdentity, TokenKey
from spaces.models.rate_limits import RateLimit
from spaces.models.second_factors import AuthenticatorApp, RecoveryCode, SecurityKey
from spaces.models.sessions import BrowserSession
from spaces.models.spaces import Space
from spaces.models.teams import ScopedUserRole, ScopedUserRoleGrant, Team, UserRole
from spaces.models.users import SignInFailure, User, canonical_username

__all__ = [
    "ApiKey",
    "AuthenticatorApp",
    "BrowserSession",
    "DataKey",
    "Dimensions",
    "Elevation",
    "Event",
    "EventHead",
    "Installation",
    "Invitation",
    "OidcIdentity",
    "RateLimit",
    "RecoveryCode",
    "ScopedUserRole",
    "ScopedUserRoleGrant",
    "SecurityKey",
    "SignInFailure",
    "Space",
    "SpaceOwned",
    "SpaceOwnedQuerySet",
    "Team",
    "TokenKey",
    "User",
    "UserRole",
    "WireIdentified",
    "canonical_username",
]
