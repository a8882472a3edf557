"""What a run would do, and where it could happen."""

from typing import Any

from django.db.models import QuerySet

from deployments.api.previews import library_changed, run_preview, variables_changed
from deployments.models import Environment
from runbooks.models import Runbook, RunbookSnapshot
from runbooks.queries.places import environments_of
from spaces.access import UNKNOWN, allowed, visible
from spaces.actors import Actor
from spaces.errors import NotFound
from spaces.permissions import Permission
from spaces.queries.references import find


def run_template(actor: Actor, snapshot: RunbookSnapshot, address: str) -> dict[str, Any]:
    """Where it can run: environments in its scope that the actor may run it in.

    address: of the runs, below which previews are.
    """
    runbook = snapshot.runbook
    return {
        "RunbookId": runbook.wire_id,
        "RunbookProcessId": runbook.process.wire_id,
        "IsRunbookProcessModified": snapshot.process.version != runbook.process.version,
        "IsVariableSetModified": variables_changed(snapshot),
        "IsLibraryVariableSetModified": library_changed(snapshot),
        "DeploymentNotes": snapshot.notes,
        "PromoteTo": [
            {
                "Id": environment.wire_id,
                "Name": environment.name,
                "Links": {
                    "Preview": f"{address}/preview/{environment.wire_id}{{?includeDisabledSteps}}"
                },
            }
            for environment in _open_environments(actor, runbook)
        ],
        "TenantPromotions": [],
        "Links": {},
    }


def environment_preview(
    request: Any, snapshot: RunbookSnapshot, text: str, include_disabled: bool
) -> dict[str, Any]:
    """The preview in the environment that an address names. Raises NotFound."""
    rows: QuerySet[Any] = Environment.objects.in_space(request.space)
    environment = find(visible(request.actor, Permission.ENVIRONMENT_VIEW, rows), text)
    if environment is None:
        raise NotFound(UNKNOWN)
    return run_preview(snapshot, environment, include_disabled=include_disabled)


def _open_environments(actor: Actor, runbook: Runbook) -> list[Environment]:
    return [
        environment
        for environment in visible(actor, Permission.ENVIRONMENT_VIEW, environments_of(runbook))
        if allowed(actor, Permission.RUNBOOK_RUN_CREATE, runbook, environment=environment)
    ]
