"""Whose turn it is in the queue: fair between spaces, and between projects in a hurry. Pure.

Rules: domain.md 19.3, security-and-reliability.md R13.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """The tasks of one space with one priority that wait. space None: those of the system."""

    space: int | None
    priority: int


def in_turn(
    lines: Iterable[Line], running: Mapping[int, int], served: Mapping[int, float]
) -> list[Line]:
    """In which order lines are served: higher priority first, the system's own work first among equals,
    then the space that has fewest tasks running, then the one that was served longest ago.

    served: when a task of the space started last; never is 0.
    """

    def rank(line: Line) -> tuple[int, int, int, float]:
        if line.space is None:
            return (-line.priority, 0, 0, 0.0)
        return (
            -line.priority,
            1,
            running.get(line.space, 0),
            served.get(line.space, 0.0),
        )

    return sorted(lines, key=rank)


def slots_of_one_space(slots: int, spaces: int) -> int:
    """How many of a node's slots one space may hold: all but one where there are other spaces, so that a
    long queue here never makes a first task elsewhere wait for its end."""
    return slots if spaces < 2 else max(1, slots - 1)


def over_their_share(
    running: Mapping[int, int], waiting: Collection[int], slots: int
) -> frozenset[int]:
    """The projects that have their share of the slots already, among those whose priority tasks wait:
    the others go first."""
    if len(waiting) < 2:
        return frozenset()
    share = slots / len(waiting)
    return frozenset(project for project in waiting if running.get(project, 0) >= share)
