"""What may be deleted: installations on a target, releases, and runs of runbooks. Pure.

Rules: variables-and-versions.md 9.5 (targets), domain.md 29 (releases, runs).
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Installation:
    """An entry of a target's install journal. policy: its set (environment, project, step, machine)."""

    id: str
    policy: str
    age_days: float
    extracted_to: str = ""
    successful: bool = True
    package_files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cleanup:
    """What goes. A directory or file that a kept entry uses stays, though an entry is forgotten."""

    removed_ids: list[str] = field(default_factory=list)
    deleted_directories: list[str] = field(default_factory=list)
    deleted_files: list[str] = field(default_factory=list)


def plan(
    entries: Sequence[Installation],
    policy: str,
    *,
    keep_days: int | None = None,
    keep_releases: int | None = None,
) -> Cleanup:
    """By days: older entries go. By count: the current and `keep_releases` previous successful ones
    stay; failed ones go, but nothing does until there are more successful ones than that.

    Neither: everything stays.
    """
    ours = [entry for entry in entries if entry.policy == policy]
    if keep_days is not None:
        going = [entry for entry in ours if entry.age_days > keep_days]
    elif keep_releases is not None:
        going = _beyond_count(ours, keep_releases)
    else:
        going = []
    gone = {entry.id for entry in going}
    kept = [entry for entry in entries if entry.id not in gone]
    directories = {entry.extracted_to for entry in kept}
    files = {file for entry in kept for file in entry.package_files}
    return Cleanup(
        removed_ids=[entry.id for entry in going],
        deleted_directories=_unused((entry.extracted_to for entry in going), directories),
        deleted_files=_unused((f for entry in going for f in entry.package_files), files),
    )


def _beyond_count(entries: Sequence[Installation], keep: int) -> list[Installation]:
    newest_first = sorted(entries, key=lambda entry: entry.age_days)
    successful = [entry for entry in newest_first if entry.successful]
    if len(successful) <= keep:
        return []
    kept = {entry.id for entry in successful[: keep + 1]}
    return [entry for entry in entries if entry.id not in kept]


def _unused(paths: Iterable[str], used: Collection[str]) -> list[str]:
    return [path for path in dict.fromkeys(paths) if path and path not in used]


@dataclass(frozen=True)
class PhasePolicy:
    """How much of a phase's releases stay; None = forever. Exactly one of the two counts."""

    phase: str
    items: int | None = None
    days: int | None = None


@dataclass(frozen=True)
class ReleaseFacts:
    """A release as retention sees it. reached: ids of the phases it was deployed to.

    age_days: since its last deployment, or since it was assembled. protected: the reason why it is
    kept whatever the policies say (shown on the dashboard, queued, pinned ...), "" for none.
    """

    id: int
    age_days: float
    reached: frozenset[str] = frozenset()
    protected: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether a release stays, and why, in words for the report."""

    release: int
    keep: bool
    reason: str


def runs_beyond(newest_first: Iterable[tuple[int, Hashable]], kept: int) -> list[int]:
    """Of runs (id, place), those that are not among the `kept` newest of their place. domain.md 29."""
    counts: Counter[Hashable] = Counter()
    gone = []
    for run, place in newest_first:
        counts[place] += 1
        if counts[place] > kept:
            gone.append(run)
    return gone


def judge_releases(
    releases: Sequence[ReleaseFacts], policies: Sequence[PhasePolicy]
) -> list[Verdict]:
    """Each release's fate; `releases` newest first, `policies` in order of phases.

    Protected releases are kept and not counted. Never-deployed ones have a counter of their own
    against the first phase's policy; deployed ones stay while any phase they reached has room.
    """
    counters = {policy.phase: 0 for policy in policies}
    undeployed = 0
    verdicts = []
    for release in releases:
        if release.protected:
            verdicts.append(Verdict(release.id, True, release.protected))
        elif not release.reached:
            keep = not policies or _has_room(policies[0], undeployed, release)
            undeployed += keep
            verdicts.append(Verdict(release.id, keep, _reason(keep, "never deployed")))
        else:
            verdicts.append(_judge_deployed(release, policies, counters))
    return verdicts


def _judge_deployed(
    release: ReleaseFacts, policies: Sequence[PhasePolicy], counters: dict[str, int]
) -> Verdict:
    with_room = [
        policy.phase
        for policy in policies
        if policy.phase in release.reached and _has_room(policy, counters[policy.phase], release)
    ]
    for phase in with_room:
        counters[phase] += 1
    return Verdict(release.id, bool(with_room), _reason(bool(with_room), "deployed"))


def _has_room(policy: PhasePolicy, kept: int, release: ReleaseFacts) -> bool:
    if policy.items is not None:
        return kept < policy.items
    return policy.days is None or release.age_days <= policy.days


def _reason(keep: bool, kind: str) -> str:
    return f"within the policy ({kind})" if keep else f"beyond the policy ({kind})"
