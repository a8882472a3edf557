"""What a runbook run tells beside what every run does. variables-and-versions.md 3."""

from dataclasses import replace
from datetime import UTC

from deployments.core.bindings import RunFacts
from deployments.core.plan import Plan
from deployments.queries.run_facts import moment_text, project_link, run_facts
from runbooks.models import RunbookRun


def runbook_run_facts(run: RunbookRun, plan: Plan) -> RunFacts:
    """Everything system variables tell, secrets of the process opened: for the worker that runs it."""
    facts = run_facts(run, plan)
    return replace(facts, mode="", own=_own_values(run), links=dict(facts.links) | _links(run))


def _own_values(run: RunbookRun) -> dict[str, str]:
    return {
        "Octopus.Runbook.Id": run.runbook.wire_id,
        "Octopus.Runbook.Name": run.runbook.name,
        "Octopus.RunbookSnapshot.Id": run.snapshot.wire_id,
        "Octopus.RunbookSnapshot.Name": run.snapshot.name,
        "Octopus.RunbookSnapshot.Notes": run.snapshot.notes,
        "Octopus.RunbookRun.Id": run.wire_id,
        "Octopus.RunbookRun.Name": f"Run in {run.environment.name}",
        "Octopus.RunbookRun.Created": moment_text(run.created_at),
        "Octopus.RunbookRun.CreatedUtc": moment_text(run.created_at.astimezone(UTC)),
    }


def _links(run: RunbookRun) -> dict[str, str]:
    """Addresses of pages, relative to the server."""
    operations = f"{project_link(run)}/operations/runbooks/{run.runbook.wire_id}"
    snapshot = f"{operations}/snapshots/{run.snapshot.wire_id}"
    return {
        "RunbookSnapshotLink": snapshot,
        "RunbookRunLink": f"{snapshot}/runs/{run.wire_id}",
    }
