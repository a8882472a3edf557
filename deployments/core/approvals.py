"""When a manual intervention is approved: how many people, who, until when. Pure. domain.md 18.1."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

PROCEED = "Proceed"
ABORT = "Abort"
ANSWERS = (PROCEED, ABORT)


@dataclass(frozen=True)
class Terms:
    """minimum: so many different people have to proceed. each_team: one of them for each responsible
    team. four_eyes: who asked for the deployment does not answer. expires_after: then `when_expired` is
    the answer; None = it waits for ever.
    """

    minimum: int = 1
    each_team: bool = False
    four_eyes: bool = False
    expires_after: timedelta | None = None
    when_expired: str = ABORT


PLAIN = Terms()


def is_approved(
    people: Sequence[frozenset[int]], minimum: int, teams: Sequence[int] = (), *, each_team: bool
) -> bool:
    """Whether these people suffice. people: for each who proceeded, the responsible teams they are in."""
    if len(people) < minimum:
        return False
    return not each_team or _cover(tuple(teams), tuple(people))


def _cover(teams: tuple[int, ...], people: tuple[frozenset[int], ...]) -> bool:
    """Whether each team can have a person of its own."""
    if not teams:
        return True
    return any(
        teams[0] in person and _cover(teams[1:], people[:index] + people[index + 1 :])
        for index, person in enumerate(people)
    )
