"""Every permission, at which level it exists and which limits of a scoped role it knows. domain.md 4.4."""

import re
from enum import StrEnum
from functools import cached_property


class Level(StrEnum):
    SPACE = "space"
    SYSTEM = "system"
    BOTH = "both"


class Permission(StrEnum):
    """The value is the name on the wire.

    limits: letters of the dimensions it knows: P projects (and through them groups), G groups alone,
    E environments, T tenants, T! tenants where untenanted work is refused to whoever is limited to
    tenants. Other limits of a role are ignored for the permission.
    """

    limits: str
    level: Level

    def __new__(cls, name: str, limits: str = "", level: Level = Level.SPACE) -> "Permission":
        member = str.__new__(cls, name)
        member._value_ = name
        member.limits = limits
        member.level = level
        return member

    PROJECT_VIEW = "ProjectView", "P T"
    PROJECT_EDIT = "ProjectEdit", "P T"
    PROJECT_DELETE = "ProjectDelete", "P T"
    PROJECT_CREATE = "ProjectCreate", "G"
    PROJECT_GROUP_VIEW = "ProjectGroupView", "G"
    PROJECT_GROUP_CREATE = "ProjectGroupCreate", "G"
    PROJECT_GROUP_EDIT = "ProjectGroupEdit", "G"
    PROJECT_GROUP_DELETE = "ProjectGroupDelete", "G"
    PROCESS_VIEW = "ProcessView", "P"
    PROCESS_EDIT = "ProcessEdit", "P"
    VARIABLE_VIEW = "VariableView", "P E"
    VARIABLE_EDIT = "VariableEdit", "P E"
    VARIABLE_VIEW_UNSCOPED = "VariableViewUnscoped", "P"
    VARIABLE_EDIT_UNSCOPED = "VariableEditUnscoped", "P"
    RELEASE_VIEW = "ReleaseView", "P T"
    RELEASE_CREATE = "ReleaseCreate", "P T"
    RELEASE_EDIT = "ReleaseEdit", "P T"
    RELEASE_DELETE = "ReleaseDelete", "P T"
    DEFECT_REPORT = "DefectReport", "P"
    DEFECT_RESOLVE = "DefectResolve", "P"
    DEPLOYMENT_VIEW = "DeploymentView", "P E T!"
    DEPLOYMENT_CREATE = "DeploymentCreate", "P E T!"
    DEPLOYMENT_DELETE = "DeploymentDelete", "P E T!"
    RUNBOOK_VIEW = "RunbookView", "P"
    RUNBOOK_EDIT = "RunbookEdit", "P"
    RUNBOOK_SNAPSHOT_CREATE = "RunbookSnapshotCreate", "P"
    RUNBOOK_RUN_VIEW = "RunbookRunView", "P E T!"
    RUNBOOK_RUN_CREATE = "RunbookRunCreate", "P E T!"
    RUNBOOK_RUN_DELETE = "RunbookRunDelete", "P E T!"
    INTERRUPTION_VIEW = "InterruptionView", "P E T!"
    INTERRUPTION_SUBMIT = "InterruptionSubmit", "P E T!"
    INTERRUPTION_VIEW_SUBMIT_RESPONSIBLE = "InterruptionViewSubmitResponsible", "P E T!"
    TASK_VIEW = "TaskView", "P E T", Level.BOTH
    TASK_CREATE = "TaskCreate", "P E T", Level.BOTH
    TASK_CANCEL = "TaskCancel", "P E T", Level.BOTH
    TASK_EDIT = "TaskEdit", "P E T", Level.BOTH
    TASK_PRIORITIZE = "TaskPrioritize"
    ARTIFACT_VIEW = "ArtifactView", "P E T!"
    ARTIFACT_CREATE = "ArtifactCreate", "P E T!"
    ARTIFACT_EDIT = "ArtifactEdit", "P E T!"
    ARTIFACT_DELETE = "ArtifactDelete", "P E T!"
    EVENT_VIEW = "EventView", "P E T!", Level.BOTH
    ENVIRONMENT_VIEW = "EnvironmentView", "E"
    ENVIRONMENT_CREATE = "EnvironmentCreate", "E"
    ENVIRONMENT_EDIT = "EnvironmentEdit", "E"
    ENVIRONMENT_DELETE = "EnvironmentDelete", "E"
    MACHINE_VIEW = "MachineView", "E T"
    MACHINE_CREATE = "MachineCreate", "E T"
    MACHINE_EDIT = "MachineEdit", "E T"
    MACHINE_DELETE = "MachineDelete", "E T"
    ACCOUNT_VIEW = "AccountView", "E"
    ACCOUNT_CREATE = "AccountCreate", "E"
    ACCOUNT_EDIT = "AccountEdit", "E"
    ACCOUNT_DELETE = "AccountDelete", "E"
    CERTIFICATE_VIEW = "CertificateView", "E T"
    CERTIFICATE_CREATE = "CertificateCreate"
    CERTIFICATE_EDIT = "CertificateEdit", "E T"
    CERTIFICATE_DELETE = "CertificateDelete", "E T"
    CERTIFICATE_EXPORT_PRIVATE_KEY = "CertificateExportPrivateKey", "E T"
    TENANT_VIEW = "TenantView", "T"
    TENANT_CREATE = "TenantCreate", "T"
    TENANT_EDIT = "TenantEdit", "T"
    TENANT_DELETE = "TenantDelete", "T"
    TRIGGER_VIEW = "TriggerView", "P"
    TRIGGER_CREATE = "TriggerCreate", "P"
    TRIGGER_EDIT = "TriggerEdit", "P"
    TRIGGER_DELETE = "TriggerDelete", "P"
    BUILT_IN_FEED_PUSH = "BuiltInFeedPush", "P"
    BUILT_IN_FEED_ADMINISTER = "BuiltInFeedAdminister", "P"
    BUILT_IN_FEED_DOWNLOAD = "BuiltInFeedDownload", "P"
    FEED_VIEW = "FeedView"
    FEED_EDIT = "FeedEdit"
    LIFECYCLE_VIEW = "LifecycleView"
    LIFECYCLE_CREATE = "LifecycleCreate"
    LIFECYCLE_EDIT = "LifecycleEdit"
    LIFECYCLE_DELETE = "LifecycleDelete"
    LIBRARY_VARIABLE_SET_VIEW = "LibraryVariableSetView"
    LIBRARY_VARIABLE_SET_CREATE = "LibraryVariableSetCreate"
    LIBRARY_VARIABLE_SET_EDIT = "LibraryVariableSetEdit"
    LIBRARY_VARIABLE_SET_DELETE = "LibraryVariableSetDelete"
    ACTION_TEMPLATE_VIEW = "ActionTemplateView"
    ACTION_TEMPLATE_CREATE = "ActionTemplateCreate"
    ACTION_TEMPLATE_EDIT = "ActionTemplateEdit"
    ACTION_TEMPLATE_DELETE = "ActionTemplateDelete"
    MACHINE_POLICY_VIEW = "MachinePolicyView"
    MACHINE_POLICY_CREATE = "MachinePolicyCreate"
    MACHINE_POLICY_EDIT = "MachinePolicyEdit"
    MACHINE_POLICY_DELETE = "MachinePolicyDelete"
    PROXY_VIEW = "ProxyView"
    PROXY_CREATE = "ProxyCreate"
    PROXY_EDIT = "ProxyEdit"
    PROXY_DELETE = "ProxyDelete"
    SUBSCRIPTION_VIEW = "SubscriptionView"
    SUBSCRIPTION_CREATE = "SubscriptionCreate"
    SUBSCRIPTION_EDIT = "SubscriptionEdit"
    SUBSCRIPTION_DELETE = "SubscriptionDelete"
    TAG_SET_CREATE = "TagSetCreate"
    TAG_SET_EDIT = "TagSetEdit"
    TAG_SET_DELETE = "TagSetDelete"
    TARGET_TAG_VIEW = "TargetTagView"
    TARGET_TAG_ADMINISTER = "TargetTagAdminister"
    WORKER_VIEW = "WorkerView"
    WORKER_EDIT = "WorkerEdit"
    GIT_CREDENTIAL_VIEW = "GitCredentialView"
    GIT_CREDENTIAL_EDIT = "GitCredentialEdit"
    BUILD_INFORMATION_PUSH = "BuildInformationPush"
    BUILD_INFORMATION_ADMINISTER = "BuildInformationAdminister"
    INSIGHTS_REPORT_VIEW = "InsightsReportView"
    INSIGHTS_REPORT_CREATE = "InsightsReportCreate"
    INSIGHTS_REPORT_EDIT = "InsightsReportEdit"
    INSIGHTS_REPORT_DELETE = "InsightsReportDelete"
    # domain.md 4.4 lists it for spaces, 4.5 gives it to the System Manager: freezes of several spaces
    DEPLOYMENT_FREEZE_ADMINISTER = "DeploymentFreezeAdminister", "", Level.BOTH
    RETENTION_ADMINISTER = "RetentionAdminister"
    TEAM_VIEW = "TeamView", "", Level.BOTH
    TEAM_CREATE = "TeamCreate", "", Level.BOTH
    TEAM_EDIT = "TeamEdit", "", Level.BOTH
    TEAM_DELETE = "TeamDelete", "", Level.BOTH

    ADMINISTER_SYSTEM = "AdministerSystem", "", Level.SYSTEM
    CONFIGURE_SERVER = "ConfigureServer", "", Level.SYSTEM
    SPACE_VIEW = "SpaceView", "", Level.SYSTEM
    SPACE_CREATE = "SpaceCreate", "", Level.SYSTEM
    SPACE_EDIT = "SpaceEdit", "", Level.SYSTEM
    SPACE_DELETE = "SpaceDelete", "", Level.SYSTEM
    USER_VIEW = "UserView", "", Level.SYSTEM
    USER_EDIT = "UserEdit", "", Level.SYSTEM
    USER_INVITE = "UserInvite", "", Level.SYSTEM
    USER_ROLE_VIEW = "UserRoleView", "", Level.SYSTEM
    USER_ROLE_EDIT = "UserRoleEdit", "", Level.SYSTEM
    EVENT_RETENTION_VIEW = "EventRetentionView", "", Level.SYSTEM
    EVENT_RETENTION_DELETE = "EventRetentionDelete", "", Level.SYSTEM

    @classmethod
    def named(cls, name: str) -> "Permission | None":
        """The permission of this name, if there is one."""
        return _BY_NAME.get(name)

    @cached_property
    def knows_projects(self) -> bool:
        return "P" in self.limits

    @cached_property
    def knows_groups(self) -> bool:
        return "G" in self.limits or self.knows_projects

    @cached_property
    def knows_environments(self) -> bool:
        return "E" in self.limits

    @cached_property
    def knows_tenants(self) -> bool:
        return "T" in self.limits

    @cached_property
    def explicit_tenant(self) -> bool:
        """Someone limited to tenants has no such right over untenanted work."""
        return "T!" in self.limits

    @cached_property
    def is_view(self) -> bool:
        """It only shows: seeing one of several environments of a thing is enough (P6)."""
        return self.value.endswith("View") or self is Permission.BUILT_IN_FEED_DOWNLOAD

    @cached_property
    def view(self) -> "Permission | None":
        """The permission that shows what this one acts on; None when nothing guards the sight."""
        if self.is_view:
            return self
        if self in _VIEWS:
            return _VIEWS[self]
        return Permission.named(f"{_ACT.sub('', self.value)}View")

    @property
    def in_spaces(self) -> bool:
        return self.level is not Level.SYSTEM

    @property
    def at_system_level(self) -> bool:
        return self.level is not Level.SPACE

    @property
    def description(self) -> str:
        """Its name in words: "Project group: create"."""
        act = _ACT.search(self.value)
        thing = self.value[: act.start()] if act else self.value
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", thing).capitalize()
        return f"{words}: {re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', act[0]).lower()}" if act else words


_ACT = re.compile(
    r"(ViewSubmitResponsible|ViewUnscoped|EditUnscoped|ExportPrivateKey|Administer|Download"
    r"|Create|Delete|Submit|Cancel|Prioritize|Report|Resolve|Invite|View|Edit|Push)$"
)
_VIEWS: dict[Permission, Permission | None] = {
    Permission.DEFECT_REPORT: Permission.RELEASE_VIEW,
    Permission.DEFECT_RESOLVE: Permission.RELEASE_VIEW,
    Permission.RUNBOOK_SNAPSHOT_CREATE: Permission.RUNBOOK_VIEW,
    Permission.BUILT_IN_FEED_PUSH: Permission.FEED_VIEW,
    Permission.BUILT_IN_FEED_ADMINISTER: Permission.FEED_VIEW,
}

_BY_NAME = {permission.value: permission for permission in Permission}

SPACE_PERMISSIONS = tuple(p for p in Permission if p.in_spaces)
SYSTEM_PERMISSIONS = tuple(p for p in Permission if p.at_system_level)

SYSTEM_MARK = "System."


def codename(permission: Permission, *, system: bool) -> str:
    """How django-guardian's rows spell it: a name of both levels is two permissions there."""
    return f"{SYSTEM_MARK}{permission.value}" if system else permission.value
