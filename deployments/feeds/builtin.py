"""The built-in feed: packages that CI pushed to us."""

from collections.abc import Sequence

from deployments.core.versions import parse
from deployments.feeds.base import FeedPackage
from deployments.models import Feed, Package


class BuiltInFeed:
    """Asks the `Package` table of the feed's space."""

    def __init__(self, feed: Feed) -> None:
        self._rows = Package.objects.in_space(feed.space_id)

    def versions(self, package_id: str) -> Sequence[FeedPackage]:
        rows = self._rows.filter(package_id__iexact=package_id).order_by("-version_key")
        return [_found(row) for row in rows]

    def find(self, package_id: str, version: str) -> FeedPackage | None:
        try:
            key = parse(version, "semver").sort_text
        except ValueError:
            return None
        row = self._rows.filter(package_id__iexact=package_id, version_key=key).first()
        return _found(row) if row else None


def _found(row: Package) -> FeedPackage:
    return FeedPackage(
        package_id=row.package_id,
        version=row.version,
        published_at=row.published_at,
        extension=row.extension,
        sha256=row.sha256,
        size=row.size,
    )
