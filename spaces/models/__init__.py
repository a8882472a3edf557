"""The tables of `spaces`, one module per noun."""

from spaces.models.base import Dimensions, SpaceOwned, SpaceOwnedQuerySet
from spaces.models.spaces import Space

__all__ = ["Dimensions", "Space", "SpaceOwned", "SpaceOwnedQuerySet"]
