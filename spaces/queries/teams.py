"""Which teams somebody may know of."""

from django.db.models import QuerySet

from spaces.access import allowed_system, anywhere, visible_spaces
from spaces.actors import Actor
from spaces.models import Team
from spaces.permissions import Permission


def seen_teams(actor: Actor) -> QuerySet[Team]:
    """Teams of the spaces where the actor may view teams, and system teams for all who may view them
    anywhere, because these hold roles in spaces as well."""
    spaces = [s.pk for s in visible_spaces(actor) if anywhere(actor, Permission.TEAM_VIEW, s)]
    teams = Team.objects.filter(space__in=spaces)
    if allowed_system(actor, Permission.TEAM_EDIT):
        return Team.objects.all()
    if spaces or allowed_system(actor, Permission.TEAM_VIEW):
        teams |= Team.objects.filter(space=None)
    return teams
