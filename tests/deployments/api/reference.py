"""The properties that clients find in each document: api-dialect.md 8, copied to the letter."""

RETENTION = "Unit QuantityToKeep ShouldKeepForever Strategy"
CONNECTIVITY = "SkipMachineBehavior TargetRoles AllowDeploymentsToNoTargets ExcludeUnhealthyTargets"
RUN = """Name ProjectId EnvironmentId TenantId TaskId ManifestVariableSetId Created QueueTime
    QueueTimeExpiry Comments FormValues SkipActions SpecificMachineIds ExcludedMachineIds
    ForcePackageDownload ForcePackageRedeployment UseGuidedFailure DeployedBy DeployedById
    FailureEncountered Changes ChangesMarkdown"""

# Dotted names are nested; "[]" means the first item of a list.
PROPERTIES = {
    "environments": """Name Slug Description SortOrder UseGuidedFailure AllowDynamicInfrastructure
        EnvironmentTags ExtensionSettings""",
    "environments/v2": "Name Slug SortOrder Type ParentEnvironmentId",
    "lifecycles": """Name Slug Description Phases ReleaseRetentionPolicy TentacleRetentionPolicy
        Phases[].Id Phases[].Name Phases[].AutomaticDeploymentTargets
        Phases[].OptionalDeploymentTargets Phases[].MinimumEnvironmentsBeforePromotion
        Phases[].IsOptionalPhase Phases[].IsPriorityPhase Phases[].ReleaseRetentionPolicy
        Phases[].TentacleRetentionPolicy ReleaseRetentionPolicy.Unit
        ReleaseRetentionPolicy.QuantityToKeep ReleaseRetentionPolicy.ShouldKeepForever
        ReleaseRetentionPolicy.Strategy""",
    "projectgroups": "Name Slug Description EnvironmentIds RetentionPolicyId",
    "projects": """Name Slug Description IsDisabled ProjectGroupId LifecycleId VariableSetId
        DeploymentProcessId ClonedFromProjectId IncludedLibraryVariableSetIds TenantedDeploymentMode
        DefaultGuidedFailureMode DefaultToSkipIfAlreadyInstalled DiscreteChannelRelease
        VersioningStrategy VersioningStrategy.Template VersioningStrategy.DonorPackage
        VersioningStrategy.DonorPackageStepId ReleaseCreationStrategy
        ReleaseCreationStrategy.ChannelId ReleaseCreationStrategy.ReleaseCreationPackage
        ReleaseCreationStrategy.ReleaseCreationPackageStepId AutoCreateRelease ReleaseNotesTemplate
        DeploymentChangesTemplate ProjectConnectivityPolicy
        ProjectConnectivityPolicy.SkipMachineBehavior ProjectConnectivityPolicy.TargetRoles
        ProjectConnectivityPolicy.AllowDeploymentsToNoTargets
        ProjectConnectivityPolicy.ExcludeUnhealthyTargets Templates AutoDeployReleaseOverrides
        ExtensionSettings IsVersionControlled PersistenceSettings.Type AllowIgnoreChannelRules
        ProjectTags""",
    "channels": """Name Slug Description ProjectId LifecycleId IsDefault Rules TenantTags
        GitReferenceRules GitResourceRules CustomFieldDefinitions Type Rules[].Id
        Rules[].VersionRange Rules[].Tag Rules[].ActionPackages Rules[].Actions
        Rules[].ActionPackages[].DeploymentAction Rules[].ActionPackages[].PackageReference""",
    "deploymentprocesses": """ProjectId Version LastSnapshotId Steps Steps[].Id Steps[].Name
        Steps[].Slug Steps[].Condition Steps[].StartTrigger Steps[].PackageRequirement
        Steps[].Properties Steps[].Actions Steps[].Actions[].Id Steps[].Actions[].Name
        Steps[].Actions[].Slug Steps[].Actions[].ActionType Steps[].Actions[].Notes
        Steps[].Actions[].IsDisabled Steps[].Actions[].IsRequired
        Steps[].Actions[].CanBeUsedForProjectVersioning Steps[].Actions[].Condition
        Steps[].Actions[].WorkerPoolId Steps[].Actions[].WorkerPoolVariable
        Steps[].Actions[].Container Steps[].Actions[].Environments
        Steps[].Actions[].ExcludedEnvironments Steps[].Actions[].Channels
        Steps[].Actions[].TenantTags Steps[].Actions[].Packages Steps[].Actions[].GitDependencies
        Steps[].Actions[].StepPackageVersion Steps[].Actions[].Properties
        Steps[].Actions[].Packages[].Id Steps[].Actions[].Packages[].Name
        Steps[].Actions[].Packages[].PackageId Steps[].Actions[].Packages[].FeedId
        Steps[].Actions[].Packages[].AcquisitionLocation Steps[].Actions[].Packages[].Version
        Steps[].Actions[].Packages[].Properties""",
    "releases": """Version ProjectId ChannelId Assembled ReleaseNotes IgnoreChannelRules
        SelectedPackages SelectedGitResources ProjectVariableSetSnapshotId
        LibraryVariableSetSnapshotIds ProjectDeploymentProcessSnapshotId BuildInformation
        CustomFields VersionControlReference SelectedPackages[].StepName
        SelectedPackages[].ActionName SelectedPackages[].PackageReferenceName
        SelectedPackages[].Version BuildInformation[].PackageId BuildInformation[].Version
        BuildInformation[].BuildNumber BuildInformation[].BuildUrl BuildInformation[].VcsType
        BuildInformation[].VcsRoot BuildInformation[].VcsCommitNumber
        BuildInformation[].VcsCommitUrl BuildInformation[].Branch BuildInformation[].WorkItems
        BuildInformation[].Commits""",
    "deployments": f"""{RUN} ReleaseId ChannelId DeploymentProcessId Changes[].Version Changes[].ReleaseNotes Changes[].BuildInformation
        Changes[].WorkItems Changes[].Commits""",
    "tasks": """Name Description State Arguments Completed QueueTime QueueTimeExpiry StartTime
        LastUpdatedTime CompletedTime Duration ErrorMessage ServerNode HasBeenPickedUpByProcessor
        IsCompleted FinishedSuccessfully HasPendingInterruptions HasWarningsOrErrors CanRerun
        ProjectId EnvironmentId TenantId""",
    "feeds": """Name Slug FeedType FeedUri Username Password PackageAcquisitionLocationOptions
        EnhancedMode DownloadAttempts DownloadRetryBackoffSeconds
        DeleteUnreleasedPackagesAfterDays IsBuiltInRepoSyncEnabled""",
    "packages": """PackageId NuGetPackageId FeedId NuGetFeedId Version Title Summary Description
        ReleaseNotes Published FileExtension PackageSizeBytes Hash
        PackageVersionBuildInformation""",
    "build-information": """PackageId Version BuildEnvironment BuildNumber BuildUrl Branch VcsType
        VcsRoot VcsCommitNumber VcsCommitUrl IssueTrackerName IncompleteDataWarning Created Commits
        WorkItems Commits[].Id Commits[].Comment Commits[].LinkUrl""",
    "interruptions": """Title Created IsPending Type TaskId CorrelationId RelatedDocumentIds
        ResponsibleTeamIds ResponsibleUserId CanTakeResponsibility HasResponsibility
        IsLinkedToOtherInterruption Form Form.Values Form.Elements Form.Elements[].Name
        Form.Elements[].Control Form.Elements[].IsValueRequired Form.Elements[].Control.Type
        Form.Elements[].Control.Text Form.Elements[].Control.Label Form.Elements[].Control.Name
        Form.Elements[].Control.Description Form.Elements[].Control.Required
        Form.Elements[].Control.Buttons""",
    "artifacts": "Filename Source ServerTaskId Created LogCorrelationId",
    "machines": """Name Slug IsDisabled EnvironmentIds Roles TenantedDeploymentParticipation
        TenantIds TenantTags MachinePolicyId Thumbprint Uri Status HealthStatus StatusSummary
        HasLatestCalamari IsInProcess OperatingSystem ShellName ShellVersion Architecture Endpoint
        Endpoint.CommunicationStyle Endpoint.Uri Endpoint.Thumbprint Endpoint.ProxyId
        Endpoint.AccountId Endpoint.Host Endpoint.Port Endpoint.Fingerprint
        Endpoint.DotNetCorePlatform""",
    "machinepolicies": """Name Description IsDefault MachineHealthCheckPolicy
        MachineHealthCheckPolicy.HealthCheckInterval MachineHealthCheckPolicy.HealthCheckCron
        MachineHealthCheckPolicy.HealthCheckType MachineHealthCheckPolicy.BashHealthCheckPolicy
        MachineHealthCheckPolicy.PowerShellHealthCheckPolicy
        MachineHealthCheckPolicy.BashHealthCheckPolicy.RunType
        MachineHealthCheckPolicy.BashHealthCheckPolicy.ScriptBody
        MachineConnectivityPolicy.MachineConnectivityBehavior
        MachineCleanupPolicy.DeleteMachinesBehavior
        MachineCleanupPolicy.DeleteMachinesElapsedTimeSpan
        MachineUpdatePolicy.CalamariUpdateBehavior MachineUpdatePolicy.TentacleUpdateBehavior
        PollingRequestQueueTimeout ConnectionRetrySleepInterval ConnectionRetryTimeLimit
        ConnectionConnectTimeout ConnectionRetryCountLimit""",
    "workerpools": """Name Slug Description WorkerPoolType IsDefault SortOrder CanAddWorkers
        WorkerType""",
    "accounts": """Name Slug Description AccountType EnvironmentIds TenantIds TenantTags
        TenantedDeploymentParticipation Username Password""",
    "libraryvariablesets": "Name Description VariableSetId ContentType Templates",
    "variables": """OwnerId Version Variables ScopeValues ScopeValues.Environments
        ScopeValues.Machines ScopeValues.Actions ScopeValues.Roles ScopeValues.Channels
        ScopeValues.TenantTags ScopeValues.Processes Variables[].Id Variables[].Name
        Variables[].Value Variables[].Description Variables[].Type Variables[].IsSensitive
        Variables[].IsEditable Variables[].Scope Variables[].Prompt""",
    "dashboard": """Projects ProjectGroups Environments Tenants Items PreviousItems ProjectLimit
        IsFiltered Projects[].Id Projects[].Name Projects[].Slug Projects[].ProjectGroupId
        Projects[].EnvironmentIds Projects[].IsDisabled Projects[].TenantedDeploymentMode
        Projects[].CanPerformUntenantedDeployment Projects[].Links ProjectGroups[].Id
        ProjectGroups[].Name ProjectGroups[].EnvironmentIds ProjectGroups[].Links Environments[].Id
        Environments[].Name Environments[].Links Items[].Id Items[].ProjectId
        Items[].EnvironmentId Items[].TenantId Items[].ReleaseId Items[].DeploymentId
        Items[].TaskId Items[].ChannelId Items[].ReleaseVersion Items[].Created Items[].QueueTime
        Items[].StartTime Items[].CompletedTime Items[].State Items[].HasPendingInterruptions
        Items[].HasWarningsOrErrors Items[].ErrorMessage Items[].Duration Items[].IsCurrent
        Items[].IsPrevious Items[].IsCompleted""",
    "projects/progression": """Environments ChannelEnvironments LifecycleEnvironments Releases
        Environments[].Id Environments[].Name Releases[].Release Releases[].Channel
        Releases[].Deployments Releases[].NextDeployments Releases[].HasUnresolvedDefect
        Releases[].ReleaseRetentionPeriod Releases[].TentacleRetentionPeriod""",
    "releases/progression": """Phases NextDeployments NextDeploymentsMinimumRequired Phases[].Id
        Phases[].Name Phases[].Blocked Phases[].Progress Phases[].Deployments
        Phases[].Deployments[].Task Phases[].Deployments[].Deployment
        Phases[].AutomaticDeploymentTargets Phases[].OptionalDeploymentTargets
        Phases[].MinimumEnvironmentsBeforePromotion Phases[].IsOptionalPhase""",
    "releases/deployments/template": """IsDeploymentProcessModified IsVariableSetModified
        IsLibraryVariableSetModified DeploymentNotes PromoteTo TenantPromotions PromoteTo[].Id
        PromoteTo[].Name PromoteTo[].Links.Preview""",
    "releases/deployments/preview": """StepsToExecute StepsToExecute[].ActionId
        StepsToExecute[].ActionName StepsToExecute[].ActionNumber StepsToExecute[].Roles
        StepsToExecute[].Machines StepsToExecute[].MachineNames StepsToExecute[].CanBeSkipped
        StepsToExecute[].IsDisabled StepsToExecute[].HasNoApplicableMachines
        StepsToExecute[].UnavailableMachines StepsToExecute[].ExcludedMachines Form Form.Values
        Form.Elements UseGuidedFailureModeByDefault ReleaseNotes Changes""",
    "deploymentprocesses/template": """DeploymentProcessId LastReleaseVersion NextVersionIncrement
        VersioningPackageStepName VersioningPackageReferenceName Packages GitResources
        Packages[].StepName Packages[].ActionName Packages[].PackageReferenceName
        Packages[].PackageId Packages[].NuGetPackageId Packages[].FeedId Packages[].FeedName
        Packages[].ProjectName Packages[].VersionSelectedLastRelease Packages[].IsResolvable""",
    "projects/deploymentsettings": """ProjectId ConnectivityPolicy DefaultGuidedFailureMode
        DefaultToSkipIfAlreadyInstalled VersioningStrategy ReleaseNotesTemplate
        DeploymentChangesTemplate ChangeDescription""",
    "tasks/details": """Task ActivityLogs Progress.ProgressPercentage
        Progress.EstimatedTimeRemaining PhysicalLogSize ActivityLogs[].Id ActivityLogs[].Name
        ActivityLogs[].Status ActivityLogs[].Started ActivityLogs[].Ended ActivityLogs[].Children
        ActivityLogs[].ShowAtSummaryLevel ActivityLogs[].LogElements
        ActivityLogs[].ProgressPercentage ActivityLogs[].ProgressMessage
        ActivityLogs[].LogElements[].Category ActivityLogs[].LogElements[].OccurredAt
        ActivityLogs[].LogElements[].MessageText ActivityLogs[].LogElements[].Detail
        ActivityLogs[].LogElements[].Number""",
    "feeds/packages/versions": """Items[].Id Items[].PackageId Items[].FeedId Items[].Version
        Items[].Published Items[].SizeBytes Items[].Title Items[].ReleaseNotes""",
    "feeds/packages/search": "Items[].Id Items[].Name Items[].LatestVersion Items[].Description",
    "tenants": "Name Slug Description IsDisabled TenantTags ProjectEnvironments ClonedFromTenantId",
    "tagsets": """Name Slug Description SortOrder Scopes Type Tags Tags[].Id Tags[].Name
        Tags[].CanonicalTagName Tags[].Color Tags[].Description Tags[].SortOrder""",
    "runbooks": f"""Name Slug Description ProjectId RunbookProcessId PublishedRunbookSnapshotId
        MultiTenancyMode EnvironmentScope Environments DefaultGuidedFailureMode ConnectivityPolicy
        RunRetentionPolicy ForcePackageDownload RunbookTags
        {" ".join(f"ConnectivityPolicy.{name}" for name in CONNECTIVITY.split())}
        {" ".join(f"RunRetentionPolicy.{name}" for name in RETENTION.split())}""",
    "runbookProcesses": "ProjectId RunbookId Version LastSnapshotId Steps Steps[].Actions[].Id",
    "runbookSnapshots": """Name Notes ProjectId RunbookId Assembled FrozenRunbookProcessId
        FrozenProjectVariableSetId ProjectVariableSetSnapshotId LibraryVariableSetSnapshotIds
        SelectedPackages SelectedGitResources SelectedPackages[].StepName
        SelectedPackages[].ActionName SelectedPackages[].PackageReferenceName
        SelectedPackages[].Version""",
    "runbookRuns": f"{RUN} RunbookId RunbookSnapshotId FrozenRunbookProcessId",
    "runbooks/runbookSnapshotTemplate": """RunbookId RunbookProcessId NextNameIncrement Packages
        Packages[].ActionName Packages[].FeedId Packages[].VersionSelectedLastRelease""",
    "runbooks/runbookRunTemplate": "PromoteTo PromoteTo[].Id PromoteTo[].Links.Preview",
}

# The links that clients follow (3.3), beside Self.
LINKS = {
    "projects": """Releases Channels DeploymentProcess DeploymentSettings Variables Progression
        Triggers ScheduledTriggers Runbooks RunbookSnapshots Summary Logo Metadata Web""",
    "channels": "Releases Project",
    "deploymentprocesses": "Project Template",
    "releases": """Project Channel Progression Deployments DeploymentTemplate DeploymentPreviews
        Artifacts Defects ReportDefect ResolveDefect SnapshotVariables ProjectVariableSnapshot
        ProjectDeploymentProcessSnapshot Web""",
    "deployments": "Project Environment Release Task Variables Interruptions Artifacts Web",
    "runbooks": """Project RunbookProcesses RunbookSnapshots RunbookSnapshotTemplate
        RunbookRunTemplate CreateRunbookRun Web""",
    "runbookProcesses": "Project Runbook",
    "runbookSnapshots": "Project Runbook RunbookRuns RunbookRunTemplate SnapshotVariables Web",
    "runbookRuns": "Project Environment RunbookSnapshot Task Variables Interruptions Artifacts Web",
    "tasks": "Details Raw Cancel Rerun State QueuedBehind Interruptions Artifacts Web",
    "interruptions": "Submit Responsible",
    "artifacts": "Content",
    "feeds": """SearchTemplate SearchPackagesTemplate SearchPackageVersionsTemplate Items""",
    "packages": "Raw AllVersions",
    "tenants": "Logo Web",
    "machines": "Connection TasksTemplate",
}
