"""Where runbooks may run. domain.md 24."""

from django.db.models import QuerySet

from deployments.models import Channel, Environment
from deployments.queries.progression import effective_phases
from runbooks.models import Runbook


def environments_of(runbook: Runbook) -> "QuerySet[Environment]":
    """The environments in the runbook's scope, in their order."""
    every: QuerySet[Environment] = Environment.objects.in_space(runbook.space_id)
    match runbook.environment_scope:
        case Runbook.EnvironmentScope.SPECIFIED:
            return every.filter(pk__in=runbook.environments.values("environment_id"))
        case Runbook.EnvironmentScope.LIFECYCLES:
            return every.filter(pk__in=_in_lifecycles(runbook))
    return every


def _in_lifecycles(runbook: Runbook) -> set[int]:
    """The environments that releases of the project may reach, by any of its channels."""
    channels = Channel.objects.filter(project_id=runbook.project_id, lifecycle__isnull=False)
    lifecycles = {runbook.project.lifecycle_id, *channels.values_list("lifecycle_id", flat=True)}
    phases = effective_phases(runbook.space_id, lifecycles)
    return {pk for found in phases.values() for phase in found for pk in phase.environments}
