"""What every feed can tell: which versions of a package there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class FeedPackage:
    """One version of a package as its feed knows it. sha256 and size only where we hold the bytes."""

    package_id: str
    version: str
    published_at: datetime | None = None
    extension: str = ""
    sha256: str = ""
    size: int = 0


class FeedUnreachable(Exception):
    """The feed did not answer, or not sensibly. The text is for people."""


class FeedClient(Protocol):
    """A feed, asked. All raise FeedUnreachable."""

    def versions(self, package_id: str) -> Sequence[FeedPackage]:
        """Every version of a package, highest first; empty where there is no such package."""

    def find(self, package_id: str, version: str) -> FeedPackage | None:
        """One version; equal by value, so that 1.0 finds 1.0.0."""
