"""Django's registration of `deployments`, and what it tells `spaces` about itself."""

from django.apps import AppConfig

from spaces.scopes import dimension_models


class DeploymentsConfig(AppConfig):
    name = "deployments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from deployments.models import Environment, Project, ProjectGroup, ServerTask, Tenant
        from deployments.queries import run_kinds
        from deployments.services.deployment_runs import DeploymentRuns
        from deployments.services.space_defaults import furnish_space
        from deployments.services.space_deletion import SpaceDeletions
        from spaces.services import spaces

        dimension_models.update(
            project=Project, group=ProjectGroup, environment=Environment, tenant=Tenant
        )
        run_kinds.register(ServerTask.Kind.DEPLOY, DeploymentRuns())
        spaces.space_created_hooks.append(furnish_space)
        spaces.deletion_queues.append(SpaceDeletions())
