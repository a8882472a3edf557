"""Which package versions a new release would hold, and why not others. domain.md 16.2."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from deployments.core.package_overrides import Override, version_for
from deployments.core.process import Action, PackageReference, Step
from deployments.core.versions import channel_rules
from deployments.feeds import FeedPackage, FeedUnreachable, client_for
from deployments.models import Channel, Feed


@dataclass(frozen=True)
class NeededPackage:
    """A package reference of an action that a release must pick a version for."""

    step: Step
    action: Action
    reference: PackageReference

    @property
    def label(self) -> str:
        """How people recognise it: the step, and the reference where there are several."""
        extra = f" ({self.reference.name})" if self.reference.name else ""
        return f"{self.reference.package_id} in step {self.step.name}{extra}"


@dataclass
class Selection:
    """Chosen versions, and every reason why the release cannot be made of them."""

    chosen: list[tuple[NeededPackage, FeedPackage]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def frozen(self) -> list[dict[str, Any]]:
        """What `Release.packages` stores."""
        return [
            {
                "action": needed.action.id,
                "action_name": needed.action.name,
                "step_name": needed.step.name,
                "reference": needed.reference.name,
                "package_id": found.package_id,
                "version": found.version,
                "feed": needed.reference.feed,
                "extension": found.extension,
                "sha256": found.sha256,
                "size": found.size,
            }
            for needed, found in self.chosen
        ]


@dataclass(frozen=True)
class Wanted:
    """What the creator of a release said about versions.

    version: for all packages. prerelease: tag to prefer when picking the latest.
    """

    overrides: Sequence[Override] = ()
    version: str = ""
    prerelease: str = ""
    ignore_rules: bool = False


def needed_packages(steps: Sequence[Step], channel: Channel | None = None) -> list[NeededPackage]:
    """The references that count: of enabled actions that the channel allows."""
    return [
        NeededPackage(step, action, reference)
        for step in steps
        for action in step.actions
        if not action.is_disabled
        and (channel is None or not action.channels or channel.pk in action.channels)
        for reference in action.packages
    ]


def select_packages(
    needed: Sequence[NeededPackage],
    channel: Channel | None,
    wanted: Wanted,
    feeds: dict[int, Feed],
) -> Selection:
    """A version for each reference: the one asked for, else the latest the channel's rules allow.

    channel: None where there are none, as for runbooks.
    """
    selection = Selection()
    for package in needed:
        try:
            found = _select(package, channel, wanted, feeds)
        except (LookupError, FeedUnreachable) as problem:
            selection.problems.append(str(problem.args[0]))
        else:
            selection.chosen.append((package, found))
    return selection


def choose_channel(
    channels: Sequence[Channel], steps: Sequence[Step], wanted: Wanted, feeds: dict[int, Feed]
) -> Channel:
    """The channel a release belongs to when nobody named one. domain.md 10.

    Without package versions, and where they fit nowhere, the default one. Else the channel whose rules
    they satisfy; those that have rules come first. Raises LookupError naming the channels when several
    fit equally well.
    """
    default = next(channel for channel in channels if channel.is_default)
    if not (wanted.overrides or wanted.version) or len(channels) == 1:
        return default
    fitting = [
        channel
        for channel in channels
        if not select_packages(needed_packages(steps, channel), channel, wanted, feeds).problems
    ]
    return channel_rules.select_channel(fitting) or default


def feeds_of(space_id: int) -> dict[int, Feed]:
    """The feeds of a space by id; 0 is the built-in one, for references without a feed."""
    rows = Feed.objects.in_space(space_id).select_related("space")
    feeds = {row.pk: row for row in rows}
    builtin = next((row for row in feeds.values() if row.is_builtin), None)
    if builtin is not None:
        feeds[0] = builtin
    return feeds


def rule_problems(
    channel: Channel | None, needed: NeededPackage, version: str, feed_type: str
) -> list[str]:
    """Which rules of the channel the version breaks, in words."""
    problems = []
    for rule in channel.rules if channel else ():
        if not _names(rule, needed):
            continue
        verdict = channel_rules.passes(
            version, rule.get("version_range", ""), rule.get("tag", ""), feed_type
        )
        if not verdict.satisfies_range:
            problems.append(f"is outside {rule['version_range']}")
        if not verdict.satisfies_tag:
            problems.append(f"has a tag that does not match {rule['tag']}")
    return problems


def _names(rule: dict[str, Any], needed: NeededPackage) -> bool:
    named = {(item["action"], item.get("reference", "")) for item in rule.get("packages", ())}
    return not named or not named.isdisjoint(
        {
            (key, needed.reference.name)
            for key in (needed.action.name, needed.action.id, needed.step.name)
        }
    )


def _select(
    package: NeededPackage, channel: Channel | None, wanted: Wanted, feeds: dict[int, Feed]
) -> FeedPackage:
    """Raises LookupError with a sentence."""
    feed = feeds.get(package.reference.feed or 0)
    if feed is None:
        raise LookupError(f"The feed of {package.label} does not exist.")
    client = client_for(feed)
    version = _explicit(package, wanted)
    if version:
        found = client.find(package.reference.package_id, version)
        if found is None:
            raise LookupError(f"There is no version {version} of the package {package.label}.")
        broken = (
            []
            if wanted.ignore_rules
            else rule_problems(channel, package, found.version, feed.feed_type)
        )
        if broken:
            raise LookupError(
                f"The version {version} of {package.label} {' and '.join(broken)}, "
                f"which the channel {channel} requires."
            )
        return found
    return _latest(package, channel, wanted, feed, client.versions(package.reference.package_id))


def _explicit(package: NeededPackage, wanted: Wanted) -> str:
    asked = version_for(
        wanted.overrides,
        step=package.step.name,
        action=package.action.name,
        package_id=package.reference.package_id,
        reference=package.reference.name,
    )
    return asked or wanted.version or package.reference.version


def _latest(
    package: NeededPackage,
    channel: Channel | None,
    wanted: Wanted,
    feed: Feed,
    versions: Sequence[FeedPackage],
) -> FeedPackage:
    if not versions:
        raise LookupError(f"The feed {feed.name} has no version of the package {package.label}.")
    for candidate in versions:
        if wanted.prerelease and wanted.prerelease.lower() not in candidate.version.lower():
            continue
        if wanted.ignore_rules or not rule_problems(
            channel, package, candidate.version, feed.feed_type
        ):
            return candidate
    raise LookupError(
        f"No version of the package {package.label} satisfies the rules of the channel {channel}."
    )
