"""The copy itself, kind by kind in the order in which they refer to each other.

What has the same name here is taken for the same thing and left as it is, so that an import may be
repeated: after secrets were typed, or after what could not be copied was made by hand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from octoplat.imports.references import (
    References,
    secrets_in,
    without_own,
    without_secrets,
)
from octoplat.imports.report import Report
from octoplat.runtime.rest import Refused

Document = Mapping[str, Any]
PLAIN = (
    "tagsets",
    "environments",
    "projectgroups",
    "machinepolicies",
    "workerpools",
    "feeds",
    "accounts",
    "lifecycles",
    "actiontemplates",
)
"""Kinds that are one document each and refer only to kinds before them."""
EVERYTHING = "?take=2147483647"


class Server(Protocol):
    """A REST API of the dialect, below one space's address."""

    def get(self, path: str) -> Any: ...
    def post(self, path: str, body: Any) -> Any: ...
    def put(self, path: str, body: Any = None) -> Any: ...


@dataclass
class Copy:
    """One space of another server into one of ours. source, target: paths are below the space."""

    source: Server
    target: Server
    references: References = field(default_factory=References)
    report: Report = field(default_factory=Report)

    def run(self) -> Report:
        """Copies everything it can. Raises Refused when a server cannot be read at all."""
        for kind in PLAIN:
            for document in self._theirs(kind):
                self._ensure(kind, document)
        for document in self._theirs("libraryvariablesets"):
            if self._ensure("libraryvariablesets", document):
                self._variables(document["VariableSetId"], f"library set {document['Name']}")
        for document in self._theirs("machines"):
            self._ensure("machines", document)
        for project in self._theirs("projects"):
            self._project(project)
        for tenant in self._theirs("tenants"):
            self._ensure("tenants", tenant)
        return self.report

    # --- projects ---------------------------------------------------------------------------------

    def _project(self, project: Document) -> None:
        is_new = self._ensure("projects", project)
        if project["Id"] not in self.references:
            return
        name, theirs = project["Name"], project["Id"]
        for channel in self._theirs(f"projects/{theirs}/channels"):
            self._ensure("channels", channel, within=f"projects/{self.references[theirs]}/channels")
        if is_new:
            process = f"deploymentprocess-{theirs}"
            self._process(
                f"deploymentprocesses/{project.get('DeploymentProcessId') or process}",
                f"deploymentprocesses/deploymentprocess-{self.references[theirs]}",
                f"project {name}",
            )
            self._variables(
                project.get("VariableSetId") or f"variableset-{theirs}", f"project {name}"
            )
        for runbook in self._theirs(f"projects/{theirs}/runbooks"):
            self._runbook(runbook)

    def _runbook(self, runbook: Document) -> None:
        ours = self.references[runbook["ProjectId"]]
        if not self._ensure("runbooks", runbook, within=f"projects/{ours}/runbooks"):
            return
        made = self.target.get(f"/runbooks/{self.references[runbook['Id']]}")
        self._process(
            f"runbookProcesses/{runbook['RunbookProcessId']}",
            f"runbookProcesses/{made['RunbookProcessId']}",
            f"runbook {runbook['Name']}",
        )

    def _process(self, theirs: str, ours: str, owner: str) -> None:
        """The steps; what they are called here is learnt for the scopes of variables."""
        steps = self.source.get(f"/{theirs}")["Steps"]
        if not steps:
            return
        self._tell_secrets(f"process of {owner}", steps)
        document = self.target.get(f"/{ours}")
        given = self.references.translated(without_secrets(steps))
        saved = self._sent(f"process of {owner}", ours, {**document, "Steps": _without_ids(given)})
        if saved is None:
            return
        for before, after in zip(steps, saved["Steps"], strict=True):
            self.references.learn(before["Id"], after["Id"])
            for action, made in zip(before["Actions"], after["Actions"], strict=True):
                self.references.learn(action["Id"], made["Id"])

    def _variables(self, theirs: str, owner: str) -> None:
        """All values of a set; sensitive ones come over empty."""
        given = self.source.get(f"/variables/{theirs}")
        ours = f"variables/variableset-{self.references[given['OwnerId']]}"
        rows = []
        for row in given["Variables"]:
            if row.get("IsSensitive") or row.get("Type") == "Sensitive":
                self.report.secrets.append(f"variable {row['Name']} of {owner}")
                row = {**row, "Value": ""}
            rows.append({**self.references.translated(row), "Id": None})
        if rows:
            document = self.target.get(f"/{ours}")
            self._sent(f"variables of {owner}", ours, {**document, "Variables": rows})

    # --- one document -----------------------------------------------------------------------------

    def _ensure(self, kind: str, document: Document, *, within: str = "") -> bool:
        """Makes it unless one of that name is here. Whether it is new."""
        label = f"{kind}: {document['Name']}"
        for ours in self._ours(within or kind):
            if ours["Name"].lower() == document["Name"].lower():
                self.references.learn(document["Id"], ours["Id"])
                self.report.found[kind] += 1
                return False
        self._tell_secrets(label, document)
        given = self.references.translated(without_secrets(without_own(document)))
        try:
            made = self.target.post(f"/{kind}", given)
        except Refused as refused:
            self.report.problems.append(f"{label}: {refused}")
            return False
        self.references.learn(document["Id"], made["Id"])
        self.report.created[kind] += 1
        return True

    def _sent(self, label: str, path: str, document: Document) -> Any | None:
        try:
            return self.target.put(f"/{path}", document)
        except Refused as refused:
            self.report.problems.append(f"{label}: {refused}")
            return None

    def _tell_secrets(self, label: str, value: Any) -> None:
        self.report.secrets += [f"{label}: {path}" for path in secrets_in(value)]

    def _theirs(self, path: str) -> Iterable[Any]:
        """Everything of a collection; nothing where that server does not know the kind."""
        return _items(self.source, path)

    def _ours(self, path: str) -> Iterable[Any]:
        return _items(self.target, path)


def _items(server: Server, path: str) -> list[Any]:
    try:
        items: list[Any] = server.get(f"/{path}{EVERYTHING}")["Items"]
    except Refused as refused:
        if refused.status == 404:
            return []
        raise
    return items


def _without_ids(steps: list[Any]) -> list[Any]:
    """Steps and actions as new ones: ids of another server mean nothing here."""
    fresh = [{**step, "Id": ""} for step in steps]
    for step in fresh:
        step["Actions"] = [{**action, "Id": ""} for action in step["Actions"]]
    return fresh
