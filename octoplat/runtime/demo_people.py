"""Who works in the demo: the five ways to give access that octoplat promises, ready-made. domain.md 4.6.

One team and one sample person for each. Everything is done by request; what is there already stays.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octoplat.runtime.rest import RestClient

PROJECT_VIEWER = "userroles-projectviewer"
DEPLOYMENT_CREATOR = "userroles-deploymentcreator"
APPROVER = "Approver"
DASHBOARD_VIEWER = "Dashboard Viewer"
APPROVERS = "Managers"

# Roles that octoplat does not bring along, by name.
ROLES = {
    APPROVER: (
        "ProjectView",
        "ReleaseView",
        "DeploymentView",
        "EnvironmentView",
        "TaskView",
        "InterruptionView",
        "InterruptionViewSubmitResponsible",
    ),
    DASHBOARD_VIEWER: (
        "ProjectView",
        "ProjectGroupView",
        "EnvironmentView",
        "LifecycleView",
        "ReleaseView",
        "DeploymentView",
        "TenantView",
        "InsightsReportView",
    ),
}


@dataclass(frozen=True)
class Person:
    """Somebody to sign in as. may: what their team lets them do, in words."""

    username: str
    display_name: str
    team: str
    may: str


@dataclass(frozen=True)
class Held:
    """A role of a team. environment: limited to this one. own_group: limited to the sample's projects."""

    role: str
    environment: str = ""
    own_group: bool = False


PEOPLE: dict[Person, tuple[Held, ...]] = {
    Person("dana", "Dana Developer", "Developers", "deploys to Development only"): (
        Held(PROJECT_VIEWER),
        Held(DEPLOYMENT_CREATOR, environment="Development"),
    ),
    Person("quinn", "Quinn Tester", "QA", "promotes from Development to Test"): (
        Held(PROJECT_VIEWER),
        Held(DEPLOYMENT_CREATOR, environment="Test"),
    ),
    Person("morgan", "Morgan Manager", APPROVERS, "approves or rejects, nothing else"): (
        Held(APPROVER),
    ),
    Person("pat", "Pat Planner", "Project managers", "sees dashboards and reports only"): (
        Held(DASHBOARD_VIEWER),
    ),
    Person("sam", "Sam Shopkeeper", "Shop team", "sees and deploys only the shop's projects"): (
        Held("userroles-projectlead", own_group=True),
        Held("userroles-projectdeployer", own_group=True),
    ),
}


def add_people(client: RestClient, known: Mapping[str, str]) -> dict[str, str]:
    """The passwords of the sample people by user name; new ones for people who are not there yet.

    known: passwords of an earlier start, for nobody can read them back.
    """
    there = {user["Username"] for user in client.get("/api/users?take=1000")["Items"]}
    passwords = {name: word for name, word in known.items() if name in there}
    for person in PEOPLE:
        if person.username not in there:
            passwords[person.username] = secrets.token_urlsafe(12)
            client.post(
                "/api/users",
                {
                    "Username": person.username,
                    "DisplayName": person.display_name,
                    "Password": passwords[person.username],
                },
            )
    return passwords


def add_teams(
    client: RestClient, space: str, environments: Mapping[str, str], administrator: str
) -> dict[str, str]:
    """The teams with their roles and members. Returns their ids by name.

    space: the space's id. environments: ids by name. administrator: becomes an approver as well, so that
    one person can walk the whole road.
    """
    roles = {name: _role(client, name) for name in ROLES}
    group = client.get(f"/api/{space}/projectgroups/all")[0]["Id"]
    teams = {}
    for person, held in PEOPLE.items():
        known = client.find(f"/api/{space}/teams", person.team)
        if known is None:
            members = [person.username, *([administrator] if person.team == APPROVERS else [])]
            known = client.post(
                f"/api/{space}/teams",
                {"Name": person.team, "MemberUserIds": members, "SpaceId": space},
            )
            for role in held:
                body = _assignment(role, roles, known["Id"], space, environments, group)
                client.post(f"/api/{space}/scopeduserroles", body)
        teams[person.team] = known["Id"]
    return teams


def table(people: Sequence[Mapping[str, str]]) -> list[str]:
    """Who may sign in, a line each."""
    return [
        f"  {who['username']:<8}{who['password']:<18}{who['team']}: {who['may']}" for who in people
    ]


def told(passwords: Mapping[str, str]) -> list[dict[str, str]]:
    """What `demo.json` says under `people`."""
    return [
        {
            "username": person.username,
            "password": passwords[person.username],
            "team": person.team,
            "may": person.may,
        }
        for person in PEOPLE
        if person.username in passwords
    ]


def _role(client: RestClient, name: str) -> str:
    body = {"Name": name, "GrantedSpacePermissions": list(ROLES[name])}
    return str(client.ensure("/api/userroles", body)["Id"])


def _assignment(
    held: Held,
    roles: Mapping[str, str],
    team: str,
    space: str,
    environments: Mapping[str, str],
    group: str,
) -> dict[str, Any]:
    return {
        "TeamId": team,
        "SpaceId": space,
        "UserRoleId": roles.get(held.role, held.role),
        "EnvironmentIds": [environments[held.environment]] if held.environment else [],
        "ProjectGroupIds": [group] if held.own_group else [],
    }
