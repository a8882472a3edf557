"""The links of the root documents, by which clients build every address. api-dialect.md 3.3.

Clients expand a template by parameter name and drop parameters it does not list, so these are to the
letter. Other apps add links of theirs to the two tables when they are ready.
"""

from spaces.api.documents import api_address
from spaces.models import Space

PAGE = "{/id}{?skip,take,ids,partialName}"

# Paths after /api/; the same in every document.
SYSTEM_LINKS = {
    "CurrentUser": "users/me",
    "Users": "users{/id}{?skip,take,ids,filter}",
    "SignIn": "users/login{?returnUrl}",
    "SignOut": "users/logout",
    "Register": "users/register",
    "Invitations": "users/invitations",
    "Permissions": "permissions/all",
    "UserRoles": f"userroles{PAGE}",
    "ServerStatus": "serverstatus",
    "FeaturesConfiguration": "featuresconfiguration",
    "OctopusServerNodes": f"octopusservernodes{PAGE}",
    "DeploymentFreezes": "deploymentfreezes{/id}{?skip,take,ids,partialName,projectIds,tenantIds,"
    "environmentIds,includeComplete,status}",
    "Events": "events{/id}{?skip,take,ids,regarding,regardingAny,user,users,projects,projectGroups,"
    "environments,eventGroups,eventCategories,eventAgents,tags,tenants,from,to,documentTypes,asCsv,"
    "spaces,includeSystem,excludeDifference}",
    "EventCategories": "events/categories{?appliesTo}",
    "EventGroups": "events/groups{?appliesTo}",
    "EventDocumentTypes": "events/documenttypes",
    "EventAgents": "events/agents",
    "ScopedUserRoles": "scopeduserroles{/id}{?skip,take,ids,partialName,spaces,includeSystem}",
    "TaskTypes": "tasks/tasktypes",
    "Teams": "teams{/id}{?skip,take,ids,partialName,spaces,includeSystem}",
    "TeamMembership": "teammembership{?userId,spaces,includeSystem}",
}

# Only in the root document.
ROOT_LINKS = {
    "Spaces": "spaces{/id}{?skip,ids,take,partialName}",
    "SpaceHome": "{spaceId}",
}

# Paths after /api/ in the root document, where they mean the default space, and after /api/{space}/.
SPACE_LINKS = {
    "Accounts": "accounts{/id}{?skip,take,ids,partialName,accountType}",
    "ActionTemplates": f"actiontemplates{PAGE}",
    "ActionTemplatesCategories": "actiontemplates/categories",
    "ActionTemplatesSearch": "actiontemplates/search",
    "Artifacts": "artifacts{/id}{?skip,take,regarding,ids,partialName,order}",
    "BuildInformation": "build-information{/id}{?packageId,filter,latest,skip,take,overwriteMode}",
    "BuildInformationBulk": "build-information/bulk{?ids}",
    "Certificates": "certificates{/id}{?skip,take,search,archived,tenant,firstResult,orderBy,ids,partialName}",
    "Channels": f"channels{PAGE}",
    "VersionRuleTest": "channels/rule-test{?version,versionRange,preReleaseTag,feedType}",
    "Dashboard": "dashboard{?projectId,releaseId,selectedTenants,selectedTags,showAll,"
    "highestLatestVersionPerProjectAndEnvironment}",
    "DashboardDynamic": "dashboard/dynamic{?projects,environments,includePrevious}",
    "DashboardConfiguration": "dashboardconfiguration",
    "DeploymentProcesses": "deploymentprocesses{/id}{?skip,take,ids}",
    "Deployments": "deployments{/id}{?skip,take,ids,projects,environments,tenants,channels,taskState,partialName}",
    "DiscoverMachine": "machines/discover{?host,port,type,proxyId}",
    "DiscoverWorker": "workers/discover{?host,port,type,proxyId}",
    "Environments": "environments{/id}{?name,skip,ids,take,partialName}",
    "EnvironmentSortOrder": "environments/sortorder",
    "EnvironmentsSummary": "environments/summary{?ids,partialName}",
    "Feeds": "feeds{/id}{?skip,take,ids,partialName,feedType,name}",
    "GitCredentials": "git-credentials{/id}{?skip,take,name}",
    "Interruptions": "interruptions{/id}{?skip,take,regarding,pendingOnly,ids}",
    "LibraryVariables": "libraryvariablesets{/id}{?skip,contentType,take,ids,partialName}",
    "Lifecycles": f"lifecycles{PAGE}",
    "MachinePolicies": f"machinepolicies{PAGE}",
    "MachinePolicyTemplate": "machinepolicies/template",
    "MachineRoles": "machineroles/all",
    "Machines": "machines{/id}{?skip,take,name,ids,partialName,roles,isDisabled,healthStatuses,commStyles,"
    "tenantIds,tenantTags,environmentIds,thumbprint,deploymentId,shellNames,deploymentTargetTypes}",
    "Packages": "packages{/id}{?nuGetPackageId,filter,latest,skip,take,includeNotes}",
    "PackagesBulk": "packages/bulk{?ids}",
    "PackageNotesList": "packages/notes{?packageIds}",
    "PackageUpload": "packages/raw{?replace,overwriteMode}",
    "ProjectGroups": f"projectgroups{PAGE}",
    "Projects": "projects{/id}{?name,skip,ids,clone,take,partialName,clonedFromProjectId}",
    "ProjectTriggers": "projecttriggers{/id}{?skip,take,ids,runbooks}",
    "Triggers": "projecttriggers{/id}{?skip,take,ids,runbooks}",
    "Proxies": f"proxies{PAGE}",
    "Releases": "releases{/id}{?skip,ignoreChannelRules,take,ids}",
    "Runbooks": "runbooks{/id}{?skip,take,ids,partialName,clone,projectIds}",
    "RunbookProcesses": "runbookProcesses{/id}{?skip,take,ids}",
    "RunbookRuns": "runbookRuns{/id}{?skip,take,ids,projects,environments,tenants,runbooks,taskState,partialName}",
    "RunbookSnapshots": "runbookSnapshots{/id}{?skip,take,ids,publish}",
    "Subscriptions": "subscriptions{/id}{?skip,take,ids,partialName,spaces}",
    "TagSets": "tagsets{/id}{?skip,take,ids,partialName,scopes}",
    "TagSetSortOrder": "tagsets/sortorder",
    "Tasks": "tasks{/id}{?skip,active,environment,tenant,runbook,project,name,node,running,states,"
    "hasPendingInterruptions,hasWarningsOrErrors,take,ids,partialName,spaces,includeSystem}",
    "Tenants": "tenants{/id}{?skip,projectId,name,tags,take,ids,clone,partialName,isDisabled,clonedFromTenantId}",
    "TenantsStatus": "tenants/status",
    "TenantsMissingVariables": "tenants/variables-missing{?tenantId,projectId,environmentId,includeDetails}",
    "TenantTagTest": "tenants/tag-test{?tenantIds,tags}",
    "TenantVariables": "tenantvariables/all{?projectId}",
    "Variables": "variables{/id}{?ids}",
    "VariableNames": "variables/names{?project,runbook,projectEnvironmentsFilter}",
    "VariablePreview": "variables/preview{?project,runbook,environment,channel,tenant,action,machine,role}",
    "WorkerPools": "workerpools{/id}{?name,skip,ids,take,partialName}",
    "WorkerPoolsSummary": "workerpools/summary",
    "WorkerPoolsSortOrder": "workerpools/sortorder",
    "Workers": "workers{/id}{?skip,take,name,ids,partialName,isDisabled,healthStatuses,commStyles,"
    "workerPoolIds,thumbprint,shellNames}",
}


def root_links() -> dict[str, str]:
    """The links of `/api`."""
    paths = SYSTEM_LINKS | ROOT_LINKS | SPACE_LINKS
    return {
        "Self": api_address("").rstrip("/"),
        "Web": "/app",
        **{name: api_address(path) for name, path in paths.items()},
    }


def space_links(space: Space) -> dict[str, str]:
    """The links of `/api/{space}`; clients lay them over those of the root document."""
    home = api_address(space.wire_id)
    return {
        "Self": home,
        "SpaceHome": home,
        "Web": f"/app#/{space.wire_id}",
        **{name: api_address(path) for name, path in SYSTEM_LINKS.items()},
        **{name: f"{home}/{path}" for name, path in SPACE_LINKS.items()},
    }
