"""Where the conformance cases come from: one JSON file per corpus."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[3] / "shared" / "conformance"
FOLDER = Path(os.environ.get("OCTOPLAT_CONFORMANCE") or BESIDE_THE_REPOSITORY)


@dataclass(frozen=True)
class Case:
    id: str
    op: str
    input: Mapping[str, Any]
    checks: tuple[Mapping[str, Any], ...]


def cases() -> list[Case]:
    """All cases of all corpora in the folder, in file order; empty when there is no folder."""
    return [
        Case(row["id"], row["op"], row["input"], tuple(row["checks"]))
        for path in sorted(FOLDER.glob("*.json"))
        for row in json.loads(path.read_text(encoding="utf-8"))
    ]
