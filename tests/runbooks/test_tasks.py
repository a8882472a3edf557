"""What the node calls every second."""

from datetime import UTC, datetime

from runbooks import tasks
from runbooks.models import RunbookRun
from tests.factories.runbooks import make_run, make_runbook


def test_old_runs_go_once_a_night(project, dev):
    runbook = make_runbook(project, runs_kept=1)
    kept = []
    for day, hour in [(1, 1), (1, 2), (1, 23), (2, 0), (2, 4)]:
        make_run(runbook, dev)
        tasks.tick(datetime(2026, 3, day, hour, tzinfo=UTC))
        kept.append(RunbookRun.objects.count())

    assert kept == [1, 1, 2, 3, 1]
