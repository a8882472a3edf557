"""The tables of `runbooks`, one module per noun."""

from runbooks.models.processes import RunbookProcess, RunbookProcessSnapshot
from runbooks.models.runbooks import Runbook, RunbookEnvironment
from runbooks.models.runs import RunbookRun
from runbooks.models.snapshots import RunbookSnapshot

__all__ = [
    "Runbook",
    "RunbookEnvironment",
    "RunbookProcess",
    "RunbookProcessSnapshot",
    "RunbookRun",
    "RunbookSnapshot",
]
