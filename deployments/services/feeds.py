"""Feeds: where packages come from. domain.md 15."""

from typing import TypedDict, Unpack
from urllib.parse import urlsplit

from django.db import transaction

from deployments.models import Feed
from deployments.queries import referrers
from deployments.services.changes import (
    apply,
    naming_problems,
    new_slug,
    refuse,
    refuse_while_used,
    save,
    seal,
    texts_problems,
)
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict
from spaces.models import Space
from spaces.permissions import Permission

TYPES = (
    Feed.BUILT_IN,
    "NuGet",
    "Docker",
    "Maven",
    "OctopusProject",
    "GitHub",
    "Helm",
    "AwsElasticContainerRegistry",
    "OciRegistry",
    "AzureContainerRegistry",
    "GoogleContainerRegistry",
    "ArtifactoryGeneric",
    "Npm",
    "PyPi",
)


class FeedFields(TypedDict, total=False):
    """What can be said about a feed; what is left out stays. password: None keeps, "" clears."""

    slug: str
    uri: str
    username: str
    password: str | None
    download_attempts: int
    download_backoff_seconds: int


class FeedChanges(FeedFields, total=False):
    name: str


@transaction.atomic
def create_feed(
    *, actor: Actor, space: Space, name: str, feed_type: str, **fields: Unpack[FeedFields]
) -> Feed:
    """A feed elsewhere; each space has its built-in one from the start.

    Raises PermissionRefused, Invalid.
    """
    authorize(actor, Permission.FEED_EDIT, space)
    siblings = Feed.objects.in_space(space)
    password = fields.pop("password", None)
    slug = fields.pop("slug", "")
    feed = Feed(
        space=space,
        name=name.strip(),
        slug=new_slug(siblings, name, slug),
        feed_type=feed_type,
        **fields,
    )
    refuse(naming_problems(siblings, name, slug=slug) + texts_problems(fields) + _problems(feed))
    seal(feed, {"password": password})
    save(feed)
    record(actor, "Created", feed)
    return feed


@transaction.atomic
def update_feed(*, actor: Actor, feed: Feed, **fields: Unpack[FeedChanges]) -> Feed:
    """Change it. Raises PermissionRefused, Invalid."""
    authorize(actor, Permission.FEED_EDIT, feed)
    fields["name"] = fields.get("name", feed.name).strip()
    fields["slug"] = fields.get("slug") or feed.slug
    password = fields.pop("password", None)
    changes = apply(feed, fields)
    siblings = Feed.objects.in_space(feed.space_id)
    refuse(
        naming_problems(siblings, feed.name, slug=feed.slug, existing=feed)
        + texts_problems(fields)
        + ([] if feed.is_builtin else _problems(feed))
    )
    changes |= seal(feed, {"password": password})
    save(feed)
    record(actor, "Modified", feed, details=changes)
    return feed


@transaction.atomic
def delete_feed(*, actor: Actor, feed: Feed) -> None:
    """Delete it. Raises Conflict for the built-in feed, or listing the steps that use it."""
    authorize(actor, Permission.FEED_EDIT, feed)
    if feed.is_builtin:
        raise Conflict("The built-in feed cannot be deleted.")
    refuse_while_used(feed, referrers.of_feed(actor, feed))
    record(actor, "Deleted", feed)
    feed.delete()


def _problems(feed: Feed) -> list[str]:
    if feed.feed_type == Feed.BUILT_IN:
        return ["Each space has exactly one built-in feed."]
    if feed.feed_type not in TYPES:
        return [f"There are no feeds of type {feed.feed_type!r}."]
    parts = urlsplit(feed.uri)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ["The address of the feed must start with http:// or https://."]
    if parts.username or parts.password:
        return ["Give user name and password in their own fields, not in the address."]
    return []
