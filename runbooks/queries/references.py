"""What runbooks refer to, so that it is not deleted under them. domain.md 5, 23.2."""

from django.db.models import Q

from deployments.core.tags import tag_keys
from deployments.models import Environment
from deployments.queries.referrers import named
from runbooks.models import Runbook, RunbookRun, RunbookSnapshot
from spaces.actors import Actor
from spaces.permissions import Permission


def runbooks_in(actor: Actor, environment: Environment) -> list[str]:
    """Runbooks that are limited to the environment, and runs there."""
    limited = Runbook.objects.filter(environments__environment=environment)
    runs = RunbookRun.objects.filter(environment=environment).select_related("runbook")
    return [
        *named(actor, Permission.RUNBOOK_VIEW, limited, "the runbook"),
        *named(actor, Permission.RUNBOOK_RUN_VIEW, runs, "the run of"),
    ]


def runbooks_with_tags(actor: Actor, space_id: int, keys: frozenset[str]) -> list[str]:
    """Runbooks that carry one of these tags, or of which the published snapshot names one."""
    every = Runbook.objects.in_space(space_id)
    carrying = [row.pk for row in every if tag_keys(row.tags) & keys]
    published = RunbookSnapshot.objects.in_space(space_id).filter(
        pk__in=every.exclude(published=None).values("published_id")
    )
    naming = [
        row.runbook_id
        for row in published.select_related("process", "variables")
        if _names(row) & keys
    ]
    rows = every.filter(Q(pk__in=carrying) | Q(pk__in=naming))
    return named(actor, Permission.RUNBOOK_VIEW, rows, "the runbook")


def _names(snapshot: RunbookSnapshot) -> frozenset[str]:
    """The tags that a snapshot's steps and variables name."""
    in_steps = [tag for step in snapshot.steps for a in step.actions for tag in a.tenant_tags]
    scopes = [entry["scope"].get("tenant_tags", ()) for entry in snapshot.variables.entries]
    return tag_keys([*in_steps, *(tag for tags in scopes for tag in tags)])
