"""Octopus.Manual: a person looks and decides. domain.md 18.1."""

import re
from collections.abc import Mapping

from deployments.core.operations import AskPerson, Work
from deployments.steps.base import BadAction, ReadyAction, handles

INSTRUCTIONS = "Octopus.Action.Manual.Instructions"
TEAMS = "Octopus.Action.Manual.ResponsibleTeamIds"
BLOCK = "Octopus.Action.Manual.BlockConcurrentDeployments"
_TEAM = re.compile(r"(?:Teams-)?(\d+)")


@handles("Octopus.Manual")
class ManualStep:
    """Asks, and waits as rows only until somebody answers."""

    def problems(self, properties: Mapping[str, str]) -> list[str]:
        if not properties.get(INSTRUCTIONS, "").strip():
            return ["Instructions are missing: people must know what they approve."]
        teams = properties.get(TEAMS, "")
        return [] if "#{" in teams else _team_problems(teams)

    def work(self, action: ReadyAction) -> Work:
        if problems := _team_problems(action.property(TEAMS)):
            raise BadAction(" ".join(problems))
        question = AskPerson(
            title=action.name,
            instructions=action.property(INSTRUCTIONS),
            teams=tuple(int(team) for team in _TEAM.findall(action.property(TEAMS))),
            keeps_turn=action.flag(BLOCK),
        )
        return Work((question,))


def _team_problems(teams: str) -> list[str]:
    """A team that cannot be read must never widen who may answer."""
    names = [name.strip() for name in teams.split(",") if name.strip()]
    return [
        f"{name!r} is not the id of a team, such as Teams-7."
        for name in names
        if not _TEAM.fullmatch(name)
    ]
