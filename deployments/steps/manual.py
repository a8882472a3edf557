"""Octopus.Manual: a person looks and decides, or several do. domain.md 18.1."""

import re
from collections.abc import Mapping
from datetime import timedelta

from deployments.core.approvals import ABORT, ANSWERS, Terms
from deployments.core.operations import AskPerson, Work
from deployments.steps.base import BadAction, ReadyAction, handles

INSTRUCTIONS = "Octopus.Action.Manual.Instructions"
TEAMS = "Octopus.Action.Manual.ResponsibleTeamIds"
BLOCK = "Octopus.Action.Manual.BlockConcurrentDeployments"
MINIMUM = "Octoplat.Action.Manual.MinimumApprovals"
EACH_TEAM = "Octoplat.Action.Manual.EachTeam"
FOUR_EYES = "Octoplat.Action.Manual.FourEyes"
EXPIRES_AFTER = "Octoplat.Action.Manual.ExpiresAfterMinutes"
WHEN_EXPIRED = "Octoplat.Action.Manual.WhenExpired"
MOST_PEOPLE = 20
MOST_MINUTES = 60 * 24 * 365
_TEAM = re.compile(
    r"(?:Teams-)?\d+|teams-(?:everyone|administrators|managers|spacemanagers-Spaces-\d+)", re.I
)


@handles("Octopus.Manual")
class ManualStep:
    """Asks, and waits as rows only until somebody answers."""

    def problems(self, properties: Mapping[str, str]) -> list[str]:
        if not properties.get(INSTRUCTIONS, "").strip():
            return ["Instructions are missing: people must know what they approve."]
        known = {name: text for name, text in properties.items() if "#{" not in text}
        return _problems_of_terms(known)

    def work(self, action: ReadyAction) -> Work:
        if problems := _problems_of_terms(action.properties):
            raise BadAction(" ".join(problems))
        question = AskPerson(
            title=action.name,
            instructions=action.property(INSTRUCTIONS),
            teams=tuple(
                f"Teams-{t}" if t.isdigit() else t for t in _listed(action.property(TEAMS))
            ),
            keeps_turn=action.flag(BLOCK),
            terms=_terms(action),
        )
        return Work((question,))


def _terms(action: ReadyAction) -> Terms:
    minutes = action.property(EXPIRES_AFTER)
    return Terms(
        minimum=int(action.property(MINIMUM) or 1),
        each_team=action.flag(EACH_TEAM),
        four_eyes=action.flag(FOUR_EYES),
        expires_after=timedelta(minutes=int(minutes)) if minutes else None,
        when_expired=action.property(WHEN_EXPIRED) or ABORT,
    )


def _problems_of_terms(properties: Mapping[str, str]) -> list[str]:
    """What cannot be read must never widen who may answer, or make it easier."""
    given = {name: text.strip() for name, text in properties.items()}
    found = [
        f"{name!r} is not the id of a team, such as Teams-7."
        for name in _listed(given.get(TEAMS, ""))
        if not _TEAM.fullmatch(name)
    ]
    for name, what, most in (
        (MINIMUM, "How many people have to proceed", MOST_PEOPLE),
        (EXPIRES_AFTER, "After how many minutes it expires", MOST_MINUTES),
    ):
        if not _is_number(given.get(name, ""), most):
            found.append(f"{what} is a whole number from 1 to {most}.")
    for name in (EACH_TEAM, FOUR_EYES):
        if given.get(name, "").lower() not in ("", "true", "false"):
            found.append(f"{name} is True or False.")
    if given.get(WHEN_EXPIRED, "") not in ("", *ANSWERS):
        found.append(f"What counts when it expires is {' or '.join(ANSWERS)}.")
    return found


def _listed(teams: str) -> list[str]:
    return [name.strip() for name in teams.split(",") if name.strip()]


def _is_number(text: str, most: int) -> bool:
    return not text or (text.isdecimal() and len(text) < 9 and 1 <= int(text) <= most)
