"""Routes of `deployments`. `octoplat.api` mounts `space_routes` below /api, where they mean the default
space, and below /api/{space}; `system_routes` below /api; `root_routes` at the root."""

from deployments.api.absent import absent_routes
from deployments.api.accounts import AccountViewSet
from deployments.api.artifacts import ArtifactViewSet
from deployments.api.build_information import BuildInformationViewSet
from deployments.api.channels import ChannelViewSet
from deployments.api.commands import CommandViewSet
from deployments.api.dashboard import DashboardViewSet
from deployments.api.deployments import DeploymentViewSet
from deployments.api.environments import EnvironmentV2ViewSet, EnvironmentViewSet
from deployments.api.feeds import FeedViewSet
from deployments.api.interruptions import InterruptionViewSet
from deployments.api.lifecycles import LifecycleViewSet
from deployments.api.machine_policies import MachinePolicyViewSet
from deployments.api.machines import MachineRolesViewSet, MachineViewSet
from deployments.api.packages import NuGetPushViewSet, PackageViewSet
from deployments.api.processes import ProcessViewSet
from deployments.api.project_groups import ProjectGroupViewSet
from deployments.api.projects import ProjectViewSet
from deployments.api.releases import ReleaseViewSet
from deployments.api.spaces import SpaceViewSet
from deployments.api.tag_sets import TagSetViewSet
from deployments.api.tasks import AnyTaskViewSet, TaskViewSet
from deployments.api.tenant_variables import TenantVariablesViewSet
from deployments.api.tenants import TenantViewSet
from deployments.api.variables import LibrarySetViewSet, VariableSetViewSet
from deployments.api.worker_pools import WorkerPoolViewSet
from spaces.api.routes import Route, collection, route

# Tasks are addressed without their space: clients follow the links of 8.10 and 8.14.
system_routes: list[Route] = [
    *collection("spaces", SpaceViewSet),
    route("tasks/rerun/<str:id>", AnyTaskViewSet.as_view({"post": "rerun"})),
    route("tasks/tasktypes", AnyTaskViewSet.as_view({"get": "tasktypes"})),
    route("tasks/<str:id>", AnyTaskViewSet.as_view({"get": "retrieve"})),
    route("tasks/<str:id>/details", AnyTaskViewSet.as_view({"get": "details"})),
    route("tasks/<str:id>/raw", AnyTaskViewSet.as_view({"get": "raw"})),
    route("tasks/<str:id>/cancel", AnyTaskViewSet.as_view({"post": "cancel"})),
    route("tasks/<str:id>/state", AnyTaskViewSet.as_view({"post": "state"})),
    route("tasks/<str:id>/queued-behind", AnyTaskViewSet.as_view({"get": "queued_behind"})),
    # one client spells the space this way
    route("spaces/<str:space>/tasks/<str:id>/cancel", TaskViewSet.as_view({"post": "cancel"})),
]

space_routes: list[Route] = [
    route("releases/create/v1", CommandViewSet.as_view({"post": "create_release"})),
    route(
        "deployments/create/untenanted/v1", CommandViewSet.as_view({"post": "deploy_untenanted"})
    ),
    route("deployments/create/tenanted/v1", CommandViewSet.as_view({"post": "deploy_tenanted"})),
    *collection("accounts", AccountViewSet),
    *collection("artifacts", ArtifactViewSet),
    *collection("build-information", BuildInformationViewSet),
    *collection("channels", ChannelViewSet),
    route("dashboard", DashboardViewSet.as_view({"get": "list"})),
    route("dashboard/dynamic", DashboardViewSet.as_view({"get": "list"})),
    route("dashboardconfiguration", DashboardViewSet.as_view({"get": "configuration"})),
    *collection("deploymentprocesses", ProcessViewSet),
    *collection("deployments", DeploymentViewSet),
    *collection("environments/v2", EnvironmentV2ViewSet),
    *collection("environments", EnvironmentViewSet),
    *collection("feeds", FeedViewSet),
    *collection("interruptions", InterruptionViewSet),
    *collection("libraryvariablesets", LibrarySetViewSet),
    *collection("lifecycles", LifecycleViewSet),
    *collection("machinepolicies", MachinePolicyViewSet),
    route("machineroles/all", MachineRolesViewSet.as_view({"get": "all"})),
    *collection("machines", MachineViewSet),
    *collection("packages", PackageViewSet),
    route("progression/<str:id>", ProjectViewSet.as_view({"get": "progression"})),
    *collection("projectgroups", ProjectGroupViewSet),
    *collection("projects", ProjectViewSet),
    *collection("releases", ReleaseViewSet),
    *collection("tagsets", TagSetViewSet),
    *collection("tasks", TaskViewSet),
    route("tenants/variables-missing", TenantVariablesViewSet.as_view({"get": "missing"})),
    *collection("tenants", TenantViewSet),
    route(
        "tenants/<str:id>/variables",
        TenantVariablesViewSet.as_view({"get": "retrieve", "put": "replace", "post": "post_all"}),
    ),
    route(
        "tenants/<str:id>/commonvariables",
        TenantVariablesViewSet.as_view({"get": "common", "put": "replace_common"}),
    ),
    route(
        "tenants/<str:id>/projectvariables",
        TenantVariablesViewSet.as_view({"get": "projects", "put": "replace_projects"}),
    ),
    route("tenantvariables/all", TenantVariablesViewSet.as_view({"get": "everyones"})),
    *collection("variables", VariableSetViewSet),
    *collection("workerpools", WorkerPoolViewSet),
    *absent_routes(),
]

root_routes: list[Route] = [
    route("nuget/packages", NuGetPushViewSet.as_view({"put": "push", "post": "push"})),
    route("nuget/<str:space>/packages", NuGetPushViewSet.as_view({"put": "push"})),
]
