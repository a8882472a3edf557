"""What a machine told about itself, judged. domain.md 6.2."""

from collections import defaultdict
from dataclasses import dataclass

from deployments.core.states import Health

TOOLS = ("bash", "tar", "python3", "pwsh", "sha256sum", "shasum", "openssl", "setsid", "unzip")
HASH_TOOLS = frozenset({"sha256sum", "shasum", "openssl"})
LITTLE = 500 * 1024  # kilobytes of free disk
NOTHING = 50 * 1024


@dataclass(frozen=True)
class Found:
    """The result of a health check. summary: sentences for people; offered: a changed host key's
    fingerprint. host_key: the key it showed, where only its fingerprint was known."""

    health: Health
    summary: str
    operating_system: str = ""
    architecture: str = ""
    shell_version: str = ""
    offered: str = ""
    host_key: str = ""


def judge(told: str) -> Found:
    """told: the lines `remote.facts` prints, each name=value."""
    facts: dict[str, list[str]] = defaultdict(list)
    for line in told.splitlines():
        name, _, value = line.partition("=")
        facts[name].append(value.strip())
    faults, doubts = _faults(facts), _doubts(facts)
    well = Health.WARNINGS if doubts else Health.HEALTHY
    return Found(
        Health.UNHEALTHY if faults else well,
        " ".join(faults + doubts) or "The machine can be deployed to.",
        operating_system=_first(facts, "os")[:200],
        architecture=_first(facts, "architecture")[:50],
        shell_version=_first(facts, "shell")[:200],
    )


def _faults(facts: dict[str, list[str]]) -> list[str]:
    found = []
    if "yes" not in facts["writable"]:
        found.append(f"The folder {_first(facts, 'folder')} cannot be written to.")
    if not facts["temporary"]:
        found.append("There is no temporary folder that can be written to.")
    if "tar" not in _tools(facts):
        found.append("tar is missing: neither scripts nor packages can be sent.")
    free = _free(facts)
    if free is not None and free < NOTHING:
        found.append(f"Only {free // 1024} MB of disk are free.")
    return found


def _doubts(facts: dict[str, list[str]]) -> list[str]:
    found = []
    if not _first(facts, "shell"):
        found.append("bash is missing: Bash scripts will fail.")
    if not HASH_TOOLS & _tools(facts):
        found.append("No tool for SHA-256 was found: packages cannot be verified.")
    free = _free(facts)
    if free is not None and NOTHING <= free < LITTLE:
        found.append(f"Only {free // 1024} MB of disk are free.")
    return found


def _tools(facts: dict[str, list[str]]) -> set[str]:
    return {path.rpartition("/")[2] for path in facts["tool"]}


def _free(facts: dict[str, list[str]]) -> int | None:
    text = _first(facts, "free")
    return int(text) if text.isdigit() else None


def _first(facts: dict[str, list[str]], name: str) -> str:
    return facts[name][0] if facts[name] else ""
