"""The parts of a person's own account, as tabs over each of them. ui.md 7(q)."""

from dataclasses import dataclass

from django.urls import reverse

PARTS = {
    "my_account": "Profile",
    "my_second_factor": "Second factor",
    "my_sessions": "Sessions",
    "my_api_keys": "API keys",
}


@dataclass(frozen=True)
class AccountTab:
    label: str
    url: str
    is_current: bool
    count: int | None = None


def account_tabs(current: str) -> list[AccountTab]:
    """current: the name of the address that is open."""
    return [AccountTab(label, reverse(name), name == current) for name, label in PARTS.items()]
