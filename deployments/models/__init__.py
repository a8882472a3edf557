"""The tables of `deployments`, one module per noun."""

from deployments.models.accounts import Account, AccountEnvironment
from deployments.models.assemblies import Assembly
from deployments.models.channels import Channel
from deployments.models.deployments import Deployment
from deployments.models.environments import Environment
from deployments.models.interruptions import Artifact, Interruption
from deployments.models.lifecycles import Lifecycle, Phase, PhaseEnvironment
from deployments.models.packages import BuildInformation, Feed, Package
from deployments.models.processes import EditedProcess, FrozenProcess, Process, ProcessSnapshot
from deployments.models.projects import Project, ProjectGroup
from deployments.models.releases import Defect, Release
from deployments.models.run_settings import RunSettings
from deployments.models.runs import ProcessRun
from deployments.models.tags import Tag, TagSet
from deployments.models.targets import MachinePolicy, Target, TargetEnvironment, TargetTenant
from deployments.models.tasks import (
    OutputVariable,
    ServerTask,
    StepJournal,
    TaskLogLine,
    TaskLogNode,
)
from deployments.models.tenants import (
    Tenant,
    TenantProject,
    TenantProjectEnvironment,
    TenantTag,
    TenantVariable,
    TenantVariableEnvironment,
    VariableTemplate,
)
from deployments.models.variables import (
    LibraryVariableSet,
    Variable,
    VariableSet,
    VariableSnapshot,
)
from deployments.models.workers import WorkerPool

__all__ = [
    "Account",
    "AccountEnvironment",
    "Artifact",
    "Assembly",
    "BuildInformation",
    "Channel",
    "Defect",
    "Deployment",
    "EditedProcess",
    "Environment",
    "Feed",
    "FrozenProcess",
    "Interruption",
    "LibraryVariableSet",
    "Lifecycle",
    "MachinePolicy",
    "OutputVariable",
    "Package",
    "Phase",
    "PhaseEnvironment",
    "Process",
    "ProcessRun",
    "ProcessSnapshot",
    "Project",
    "ProjectGroup",
    "Release",
    "RunSettings",
    "ServerTask",
    "StepJournal",
    "Tag",
    "TagSet",
    "Target",
    "TargetEnvironment",
    "TargetTenant",
    "TaskLogLine",
    "TaskLogNode",
    "Tenant",
    "TenantProject",
    "TenantProjectEnvironment",
    "TenantTag",
    "TenantVariable",
    "TenantVariableEnvironment",
    "Variable",
    "VariableSet",
    "VariableSnapshot",
    "VariableTemplate",
    "WorkerPool",
]
