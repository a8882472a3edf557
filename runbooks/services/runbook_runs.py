"""Runbook runs as a kind of process run."""

from collections.abc import Mapping

from deployments.core.bindings import RunFacts
from deployments.core.plan import Plan
from deployments.models import ServerTask
from deployments.queries.blockers import Blocker, Place
from deployments.queries.plan_inputs import RunOptions
from runbooks.models import RunbookRun
from runbooks.queries.blockers import run_blockers, start_blockers
from runbooks.queries.run_facts import runbook_run_facts
from runbooks.services.runs import run_runbook
from spaces.actors import Actor
from spaces.permissions import Permission

READ = (
    "space",
    "project__group",
    "project__space",
    "runbook__project",
    "snapshot__project",
    "snapshot__runbook",
    "environment",
    "tenant",
    "task__requested_by",
)


class RunbookRuns:
    """`deployments.queries.run_kinds.RunKind`."""

    event = "RunbookRun"
    permission = Permission.RUNBOOK_RUN_CREATE
    source = Permission.RUNBOOK_VIEW
    relation = "runbookrun"
    again = "Run again"
    head = "runbooks/partials/run_head.html"
    paths: Mapping[str, str] = {
        "runbookruns": "runbookrun__id",
        "runbooks": "runbookrun__runbook_id",
        "runbooksnapshots": "runbookrun__snapshot_id",
    }

    def load(self, task: ServerTask) -> RunbookRun:
        return RunbookRun.objects.select_related(*READ).get(task=task)

    def facts(self, run: RunbookRun, plan: Plan) -> RunFacts:
        return runbook_run_facts(run, plan)

    def start_blockers(self, run: RunbookRun) -> list[Blocker]:
        return start_blockers(run.snapshot, Place(run.environment, run.tenant))

    def again_blockers(self, actor: Actor, run: RunbookRun) -> list[Blocker]:
        return run_blockers(actor, run.snapshot, Place(run.environment, run.tenant))

    def do_again(self, actor: Actor, run: RunbookRun) -> RunbookRun:
        """The same snapshot, published or not."""
        return run_runbook(
            actor=actor,
            runbook=run.runbook,
            snapshot=run.snapshot,
            places=[Place(run.environment, run.tenant)],
            options=RunOptions.of(run),
        )[0]

    def follow_up(self, run: RunbookRun) -> None:
        """Nothing follows."""
