"""Addresses of the pages of runbooks, below /app/spaces/<space>/. ui.md 2."""

from django.urls import path

from runbooks.web import processes, run, runbooks, snapshots

ALL = "projects/<slug:project>/runbooks"
RUNBOOK = f"{ALL}/<slug:runbook>"
PROCESS = f"{RUNBOOK}/process"

urlpatterns = [
    path(f"{ALL}/", runbooks.runbooks, name="runbooks"),
    path(f"{ALL}/new", runbooks.new_runbook, name="new_runbook"),
    path(f"{RUNBOOK}/", runbooks.runbook_page, name="runbook"),
    path(f"{RUNBOOK}/run", run.run, name="run_runbook"),
    path(f"{RUNBOOK}/settings", runbooks.runbook_settings, name="runbook_settings"),
    path(f"{RUNBOOK}/delete", runbooks.remove_runbook, name="remove_runbook"),
    path(f"{RUNBOOK}/snapshots/new", snapshots.new_snapshot, name="new_snapshot"),
    path(f"{RUNBOOK}/snapshots/withdraw", snapshots.withdraw, name="withdraw_snapshot"),
    path(
        f"{RUNBOOK}/snapshots/<int:snapshot_id>/publish", snapshots.publish, name="publish_snapshot"
    ),
    path(
        f"{RUNBOOK}/snapshots/<int:snapshot_id>/delete",
        snapshots.remove_snapshot,
        name="remove_snapshot",
    ),
    path(PROCESS, processes.process, name="runbook_process"),
    path(f"{PROCESS}/order", processes.move_step, name="runbook_move_step"),
    path(f"{PROCESS}/steps/new", processes.new_step, name="runbook_new_step"),
    path(f"{PROCESS}/steps/<str:action_id>", processes.step_page, name="runbook_step"),
    path(
        f"{PROCESS}/steps/<str:action_id>/toggle",
        processes.toggle_step,
        name="runbook_toggle_step",
    ),
    path(
        f"{PROCESS}/steps/<str:action_id>/remove",
        processes.remove_step,
        name="runbook_remove_step",
    ),
]
