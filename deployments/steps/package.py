"""Octopus.TentaclePackage: a package onto a target, in the order of domain.md 12.1."""

from collections.abc import Iterator, Mapping

from deployments.core.operations import (
    ConfigureDotNet,
    CopyToFolder,
    ExtractPackage,
    InstallRecord,
    Operation,
    Place,
    RecordInstall,
    ReplaceStructured,
    ReserveFolder,
    RunPackagedScript,
    RunScript,
    StopIfInstalled,
    SubstituteInFiles,
    SwitchLink,
    Syntax,
    TransferPackage,
    Work,
)
from deployments.core.plan import ChosenPackage
from deployments.core.remote import safe_name
from deployments.steps.base import BadAction, ReadyAction, handles

PACKAGE = "Octopus.Action.Package."
SKIP_INSTALLED = PACKAGE + "SkipIfAlreadyInstalled"
CUSTOM_FOLDER = PACKAGE + "CustomInstallationDirectory"
PURGE = PACKAGE + "CustomInstallationDirectoryShouldBePurgedBeforeDeployment"
PURGE_KEEPS = PACKAGE + "CustomInstallationDirectoryPurgeExclusions"
RUN_SCRIPTS = PACKAGE + "RunScripts"
STRUCTURED = PACKAGE + "JsonConfigurationVariablesTargets"
STRUCTURED_ON = PACKAGE + "JsonConfigurationVariablesEnabled"
SUBSTITUTE_IN = "Octopus.Action.SubstituteInFiles.TargetFiles"
SUBSTITUTE_ON = "Octopus.Action.SubstituteInFiles.Enabled"
SUBSTITUTE_ENCODING = "Octopus.Action.SubstituteInFiles.OutputEncoding"
SUBSTITUTE_WARN = "Octopus.Action.SubstituteInFiles.EnableNoMatchWarning"
TRANSFORMS = PACKAGE + "AdditionalXmlConfigurationTransforms"
TRANSFORM_BY_NAME = PACKAGE + "AutomaticallyRunConfigurationTransformationFiles"
REPLACE_SETTINGS = PACKAGE + "AutomaticallyUpdateAppSettingsAndConnectionStrings"
FEATURES = "Octopus.Action.EnabledFeatures"
LINK = "Octoplat.Action.Package.CurrentLink"

EXTENSIONS = (("sh", Syntax.BASH), ("py", Syntax.PYTHON), ("ps1", Syntax.POWERSHELL))


@handles("Octopus.TentaclePackage")
class PackageStep:
    """Transfers, extracts beside earlier versions, configures, runs scripts, switches `current`."""

    def problems(self, properties: Mapping[str, str]) -> list[str]:
        found = []
        if not properties.get("Octopus.Action.Package.PackageId", "").strip():
            found.append("The package is missing.")
        folder = properties.get(CUSTOM_FOLDER, "").strip()
        if folder and not folder.startswith(("/", "~/", "#{")):
            found.append("The custom folder must be an absolute path.")
        return found

    def work(self, action: ReadyAction) -> Work:
        package = action.packages.get("")
        if package is None:
            raise BadAction("The release holds no package for this step.")
        if problems := self.problems({**action.properties, PACKAGE + "PackageId": "known"}):
            raise BadAction(" ".join(problems))
        record = _record(action, package)
        failed = (*_packaged("DeployFailed", action), *_inline("DeployFailed", action))
        return Work(
            operations=tuple(_steps(action, package, record)),
            finish=(RecordInstall(record, succeeded=True),),
            on_failure=(*failed, RecordInstall(record, succeeded=False)),
        )


def _steps(
    action: ReadyAction, package: ChosenPackage, record: InstallRecord
) -> Iterator[Operation]:
    folder = application_folder(action, package)
    forced = action.value("Octopus.Deployment.ForcePackageRedeployment").lower() == "true"
    if action.flag(SKIP_INSTALLED) and not forced:
        yield StopIfInstalled(record)
    yield ReserveFolder(f"{folder}/{safe_name(package.version)}", record)
    yield TransferPackage(package)
    yield ExtractPackage(package)
    yield from _inline("PreDeploy", action)
    yield from _packaged("PreDeploy", action)
    yield from _configuration(action)
    if custom := action.property(CUSTOM_FOLDER):
        yield CopyToFolder(custom, purge=action.flag(PURGE), kept=action.listed(PURGE_KEEPS))
    yield from _packaged("Deploy", action)
    yield from _inline("Deploy", action)
    yield SwitchLink(action.property(LINK) or f"{folder}/current")
    yield from _packaged("PostDeploy", action)
    yield from _inline("PostDeploy", action)


def application_folder(action: ReadyAction, package: ChosenPackage) -> str:
    """`Applications/{Environment}/[{Tenant}/]{PackageId}`, below octoplat's folder on the machine."""
    names = [
        action.value("Octopus.Environment.Name"),
        action.value("Octopus.Deployment.Tenant.Name"),
    ]
    parts = [safe_name(name) for name in (*names, package.package_id) if name]
    return "/".join(["Applications", *parts])


def _record(action: ReadyAction, package: ChosenPackage) -> InstallRecord:
    names = ("Octopus.Environment.Id", "Octopus.Project.Id", "Octopus.Deployment.Tenant.Id")
    return InstallRecord(
        key="/".join([*(action.value(name) for name in names), action.value("Octopus.Step.Id")]),
        package_id=package.package_id,
        version=package.version,
        sha256=package.sha256,
    )


def _configuration(action: ReadyAction) -> Iterator[Operation]:
    features = action.property(FEATURES)
    patterns = action.listed(SUBSTITUTE_IN)
    if patterns and (action.flag(SUBSTITUTE_ON) or "SubstituteInFiles" in features):
        yield SubstituteInFiles(
            patterns,
            output_encoding=action.property(SUBSTITUTE_ENCODING),
            warn_no_match=action.flag(SUBSTITUTE_WARN, default=True),
        )
    transforms = tuple(_transforms(action))
    settings = action.flag(REPLACE_SETTINGS) and "ConfigurationVariables" in _features(action)
    if transforms or settings:
        yield ConfigureDotNet(transforms, settings)
    structured = action.listed(STRUCTURED)
    on = action.flag(STRUCTURED_ON) or "JsonConfigurationVariables" in features
    if structured and on:
        yield ReplaceStructured(structured)


def _transforms(action: ReadyAction) -> Iterator[str]:
    """Those listed come first, then those that are called like the environment and the tenant."""
    if "ConfigurationTransforms" not in _features(action):
        return
    for line in action.listed(TRANSFORMS):
        yield from (part.strip() for part in line.split(",") if part.strip())
    if action.flag(TRANSFORM_BY_NAME):
        yield "Release.config"
        for name in ("Octopus.Environment.Name", "Octopus.Deployment.Tenant.Name"):
            if value := action.value(name):
                yield f"{value}.config"


def _features(action: ReadyAction) -> set[str]:
    """Names of the enabled features without `Octopus.Features.`."""
    names = action.property(FEATURES).split(",")
    return {name.strip().removeprefix("Octopus.Features.") for name in names}


def _inline(phase: str, action: ReadyAction) -> Iterator[Operation]:
    """Scripts kept with the step, such as Octopus.Action.CustomScripts.PreDeploy.sh."""
    place = Place.INSTALLED if phase == "PreDeploy" else Place.APPLICATION
    for extension, syntax in EXTENSIONS:
        body = action.properties.get(f"Octopus.Action.CustomScripts.{phase}.{extension}", "")
        if body.strip():
            yield RunScript(body, syntax, place=place, title=f"{phase} script of the step")


def _packaged(phase: str, action: ReadyAction) -> Iterator[Operation]:
    if action.flag(RUN_SCRIPTS, default=True):
        place = Place.INSTALLED if phase == "PreDeploy" else Place.APPLICATION
        yield RunPackagedScript(phase, place)
