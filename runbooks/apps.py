"""Django's registration of `runbooks`, and what it tells `deployments` about itself."""

from django.apps import AppConfig


class RunbooksConfig(AppConfig):
    name = "runbooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from deployments.api.projects import runbook_counts
        from deployments.models import ServerTask
        from deployments.queries import referrers, run_kinds
        from deployments.services import projects
        from runbooks.queries.references import runbooks_in, runbooks_with_tags
        from runbooks.services.runbook_runs import RunbookRuns
        from runbooks.services.runbooks import clone_runbooks

        runbook_counts.append(lambda project: project.runbooks.count())
        run_kinds.register(ServerTask.Kind.RUNBOOK_RUN, RunbookRuns())
        referrers.environment_users.append(runbooks_in)
        referrers.tag_users.append(runbooks_with_tags)
        projects.project_cloned_hooks.append(clone_runbooks)
