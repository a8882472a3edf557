"""What the demo deploys: a small web app as a package, and the process that carries it."""

import io
import zipfile
from typing import Any

PACKAGE_ID = "Acme.Shop"
GREETINGS = {
    "Development": "Hello from the workbench",
    "Test": "Ready for testing",
    "Production": "Welcome to Acme",
}

INDEX = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Acme Shop #{Octopus.Release.Number}</title>
</head>
<body>
<h1>#{Greeting}</h1>
<p>Release #{Octopus.Release.Number} in #{Octopus.Environment.Name}, deployed to #{Octopus.Machine.Name}.</p>
</body>
</html>
"""

PRE_DEPLOY = """#!/usr/bin/env bash
# Packaged script: runs on the target before files are changed.
echo "Checking the folder of this release"
test -f index.html
"""

POST_DEPLOY = """#!/usr/bin/env bash
# Packaged script: runs on the target when the files are in place.
write_verbose "Running in $(pwd)"
echo "Installed $(ls | wc -l) files"
"""

SMOKE_TEST = """set -euo pipefail
page="$(get_octopusvariable "Octopus.Action[Deploy the shop].Output.Package.InstallationDirectoryPath")/index.html"
greeting="$(get_octopusvariable "Greeting")"
grep -q "$greeting" "$page" || fail_step "The page does not greet with: $greeting"
printf '\\033[32mThe page says: %s\\033[0m\\n' "$greeting"
echo "Signed in to the shop with $(get_octopusvariable "Shop.ApiToken")"
set_octopusvariable "CheckedPage" "$page"
write_highlight "Release $(get_octopusvariable "Octopus.Release.Number") answers"
"""


def package(version: str) -> tuple[str, bytes]:
    """File name and bytes of the demo's package, the same for the same version."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {
            "index.html": INDEX,
            "version.txt": version + "\n",
            "PreDeploy.sh": PRE_DEPLOY,
            "PostDeploy.sh": POST_DEPLOY,
        }.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return f"{PACKAGE_ID}.{version}.zip", buffer.getvalue()


def steps(*, feed_id: str, production_id: str, approvers: str) -> list[dict[str, Any]]:
    """The demo's process in the form of the API: approve (Production only), deploy, smoke-test.

    approvers: id of the team that is asked.
    """
    return [
        _step(
            "Approve for production",
            {
                "ActionType": "Octopus.Manual",
                "Environments": [production_id],
                "Properties": {
                    "Octopus.Action.Manual.Instructions": (
                        "Look at the page in **Test** before customers see "
                        "release #{Octopus.Release.Number}."
                    ),
                    "Octopus.Action.Manual.ResponsibleTeamIds": approvers,
                },
            },
        ),
        _step(
            "Deploy the shop",
            {
                "ActionType": "Octopus.TentaclePackage",
                "Packages": [
                    {
                        "Name": "",
                        "PackageId": PACKAGE_ID,
                        "FeedId": feed_id,
                        "AcquisitionLocation": "Server",
                    }
                ],
                "Properties": {
                    "Octopus.Action.Package.PackageId": PACKAGE_ID,
                    "Octopus.Action.Package.FeedId": feed_id,
                    "Octopus.Action.EnabledFeatures": "Octopus.Features.SubstituteInFiles",
                    "Octopus.Action.SubstituteInFiles.Enabled": "True",
                    "Octopus.Action.SubstituteInFiles.TargetFiles": "index.html",
                },
            },
            roles="web",
        ),
        _step(
            "Smoke test",
            {
                "ActionType": "Octopus.Script",
                "Properties": {
                    "Octopus.Action.Script.ScriptSource": "Inline",
                    "Octopus.Action.Script.Syntax": "Bash",
                    "Octopus.Action.Script.ScriptBody": SMOKE_TEST,
                },
            },
            roles="web",
        ),
    ]


def variables(environment_ids: dict[str, str], api_token: str) -> list[dict[str, Any]]:
    """A greeting that differs by environment, and a sensitive value."""
    greetings = [
        {
            "Name": "Greeting",
            "Value": GREETINGS[name],
            "Type": "String",
            "Scope": {"Environment": [environment_id]},
        }
        for name, environment_id in environment_ids.items()
    ]
    token = {
        "Name": "Shop.ApiToken",
        "Value": api_token,
        "Type": "Sensitive",
        "IsSensitive": True,
        "Scope": {},
    }
    return [*greetings, token]


def _step(name: str, action: dict[str, Any], roles: str = "") -> dict[str, Any]:
    return {
        "Name": name,
        "Condition": "Success",
        "StartTrigger": "StartAfterPrevious",
        "Properties": {"Octopus.Action.TargetRoles": roles} if roles else {},
        "Actions": [{"Name": name} | action],
    }
