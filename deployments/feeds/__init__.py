"""Where packages come from. One module per kind of feed; `client_for` picks it."""

from deployments.feeds.base import FeedClient, FeedPackage, FeedUnreachable
from deployments.feeds.builtin import BuiltInFeed
from deployments.models import Feed

_CLIENTS: dict[str, type[BuiltInFeed]] = {Feed.BUILT_IN: BuiltInFeed}


def client_for(feed: Feed) -> FeedClient:
    """The client for a feed of this kind. Raises FeedUnreachable for kinds nobody can ask yet."""
    client = _CLIENTS.get(feed.feed_type)
    if client is None:
        raise FeedUnreachable(f"Feeds of type {feed.feed_type} cannot be searched.")
    return client(feed)


__all__ = ["FeedClient", "FeedPackage", "FeedUnreachable", "client_for"]
