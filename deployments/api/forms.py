"""Dynamic forms: what a person is asked, as the dialect describes it (api-dialect.md 8.18)."""

from collections.abc import Mapping
from typing import Any


def control(kind: str, name: str, **said: Any) -> dict[str, Any]:
    """One control with every property that clients read."""
    return {
        "Type": kind,
        "Name": name,
        "Label": "",
        "Text": "",
        "Description": "",
        "Required": False,
        "Buttons": [],
        **said,
    }


def element(name: str, asked: Mapping[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"Name": name, "Control": dict(asked), "IsValueRequired": required}


def button(value: str) -> dict[str, Any]:
    return {"Text": value, "Value": value, "RequiresConfirmation": value in ("Abort", "Fail")}
