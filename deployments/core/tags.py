"""Tags: their canonical names, and whom a list of them means. Pure. Rules: domain.md 23.2."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

ID = TypeVar("ID", bound=Hashable)

SEPARATOR = "/"


def canonical_name(tag_set: str, tag: str) -> str:
    """`Set/Tag`: what a tag is called outside of its set."""
    return f"{tag_set}{SEPARATOR}{tag}"


def split_name(canonical: str) -> tuple[str, str]:
    """(set, tag) of a canonical name. Names of sets hold no slash; those of free texts may.

    Raises ValueError for text that is none.
    """
    tag_set, found, tag = canonical.partition(SEPARATOR)
    if not (found and tag_set.strip() and tag.strip()):
        raise ValueError(f"{canonical!r} is not a tag: it should read Set/Tag.")
    return tag_set.strip(), tag.strip()


def tag_key(canonical: str) -> str:
    """The form in which canonical names are compared: without regard to case."""
    return canonical.strip().lower()


def tag_keys(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(tag_key, names))


def by_set(names: Iterable[str]) -> dict[str, set[str]]:
    """Canonical names grouped by their set, in the form they are compared in."""
    grouped: dict[str, set[str]] = defaultdict(set)
    for key in tag_keys(names):
        grouped[key.partition(SEPARATOR)[0]].add(key)
    return dict(grouped)


def carries(wanted: Iterable[str], carried: Collection[str]) -> bool:
    """Whether somebody with the tags `carried` is meant by `wanted`: one tag of each set it names.

    An empty `wanted` means everybody; where it must mean nobody, the caller asks `means`.
    """
    has = tag_keys(carried)
    return all(not has.isdisjoint(tags) for tags in by_set(wanted).values())


@dataclass(frozen=True)
class TagFilter(Generic[ID]):
    """Whom a list of ids and tags means together: those listed, and those who carry the tags.

    "Capital, and whoever is VIP and in Alpha or Beta" is
    `TagFilter(ids={Capital}, tags=("Type/VIP", "Ring/Alpha", "Ring/Beta"))`.
    """

    ids: frozenset[ID] = frozenset()
    tags: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Says nothing: that means everybody for channels and steps, and nobody for targets."""
        return not self.ids and not self.tags

    def means(self, who: ID, carried: Collection[str]) -> bool:
        """Whether it means this one. An empty filter means nobody."""
        return who in self.ids or (bool(self.tags) and carries(self.tags, carried))

    def among(self, everyone: Mapping[ID, Collection[str]]) -> list[ID]:
        """Those whom it means, in the given order, with the tags that each carries."""
        return [who for who, carried in everyone.items() if self.means(who, carried)]


def in_words(names: Iterable[str]) -> str:
    """A list of tags as it is read: "(Alpha or Beta) and VIP"."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for name in names:
        tag_set, _, tag = name.partition(SEPARATOR)
        grouped[tag_set.lower()].append(tag)
    several = len(grouped) > 1
    parts = [
        f"({' or '.join(tags)})" if several and len(tags) > 1 else " or ".join(tags)
        for tags in grouped.values()
    ]
    return " and ".join(parts)
