"""What a new snapshot of a runbook would be called and hold."""

from deployments.queries.release_packages import (
    Selection,
    Wanted,
    feeds_of,
    needed_packages,
    select_packages,
)
from deployments.queries.variable_inputs import variables_now
from runbooks.models import Runbook, RunbookProcessSnapshot, RunbookSnapshot

DRAFT = "Draft"


def proposed_name(runbook: Runbook) -> str:
    """The next free one of "Snapshot 1", "Snapshot 2" and so on."""
    taken = {name.lower() for name in runbook.snapshots.values_list("name", flat=True)}
    number = len(taken) + 1
    while f"snapshot {number}" in taken:
        number += 1
    return f"Snapshot {number}"


def draft_of(runbook: Runbook, wanted: Wanted = Wanted()) -> tuple[RunbookSnapshot, Selection]:  # noqa: B008 - frozen
    """The snapshot that would be taken now, not saved: for previews. And how its packages were chosen."""
    process = runbook.process
    needed = needed_packages(process.parsed())
    selection = select_packages(needed, None, wanted, feeds_of(runbook.space_id))
    snapshot = RunbookSnapshot(
        space_id=runbook.space_id,
        project=runbook.project,
        runbook=runbook,
        name=DRAFT,
        process=RunbookProcessSnapshot(
            space_id=runbook.space_id,
            runbook=runbook,
            version=process.version,
            steps=process.steps,
        ),
        variables=variables_now(runbook.project),
        packages=selection.frozen(),
    )
    return snapshot, selection


def runnable(runbook: Runbook) -> RunbookSnapshot:
    """What is published, or what a snapshot would hold now."""
    return runbook.published or draft_of(runbook)[0]
