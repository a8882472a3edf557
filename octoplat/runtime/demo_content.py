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

BACK_UP = """set -euo pipefail
home="$HOME/acme-shop/$(get_octopusvariable "Octopus.Environment.Name")"
mkdir -p "$home/data" "$home/backups"
[ -f "$home/data/orders.csv" ] || printf 'order,item\\n1,anvil\\n2,rocket skates\\n' > "$home/data/orders.csv"
archive="$home/backups/data-$(date -u +%Y%m%d-%H%M%S).tar.gz"
tar --create --gzip --file "$archive" --directory "$home" data
sha256sum "$archive" > "$archive.sha256"
set_octopusvariable "Archive" "$archive"
new_octopusartifact "$archive.sha256"
write_highlight "Kept $(stat -c %s "$archive") bytes in $(basename "$archive")"
"""

RESTORE_TEST = """set -euo pipefail
home="$HOME/acme-shop/$(get_octopusvariable "Octopus.Environment.Name")"
archive="$(get_octopusvariable "Octopus.Action[Back up].Output.Archive")"
sha256sum --check --quiet "$archive.sha256" || fail_step "The archive is not what was written."
trial="$(mktemp --directory)"
trap 'rm -rf "$trial"' EXIT
tar --extract --gzip --file "$archive" --directory "$trial"
diff --recursive "$home/data" "$trial/data" || fail_step "What was restored differs from the data."
write_highlight "Restored $(find "$trial" -type f | wc -l) files, all as they were"
"""

# The service ends with the demo's target, so that Ctrl-C leaves nothing behind.
RESTART = """set -euo pipefail
home="$HOME/acme-shop/$(get_octopusvariable "Octopus.Environment.Name")"
mkdir -p "$home"
cd "$home"
if [ -f service.pid ] && kill "$(cat service.pid)" 2> /dev/null; then
    echo "Stopped process $(cat service.pid)"
fi
rm -f heartbeat
setsid bash -c 'while kill -0 "$DEMO_TARGET"; do date > heartbeat; sleep 1; done' \\
    < /dev/null > /dev/null 2>&1 &
echo $! > service.pid
for _ in $(seq 20); do
    if [ -s heartbeat ]; then
        write_highlight "The service beats as process $(cat service.pid)"
        exit 0
    fi
    sleep 0.25
done
fail_step "The service did not start within 5 seconds."
"""

RUNBOOKS = {
    "Back up and restore-test the data": (
        "Keeps the shop's data in an archive, and proves that it can be restored.",
        {"Back up": BACK_UP, "Restore test": RESTORE_TEST},
    ),
    "Restart the service": (
        "Stops the shop's service, starts it again and waits until it answers.",
        {"Restart": RESTART},
    ),
}


def runbook_steps(name: str) -> list[dict[str, Any]]:
    """The steps of one of `RUNBOOKS` in the form of the API."""
    return [_script(step, body) for step, body in RUNBOOKS[name][1].items()]


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
        _script("Smoke test", SMOKE_TEST),
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


def _script(name: str, body: str) -> dict[str, Any]:
    """A bash script on the web servers."""
    return _step(
        name,
        {
            "ActionType": "Octopus.Script",
            "Properties": {
                "Octopus.Action.Script.ScriptSource": "Inline",
                "Octopus.Action.Script.Syntax": "Bash",
                "Octopus.Action.Script.ScriptBody": body,
            },
        },
        roles="web",
    )
