"""Prompted variables as form fields: the control that was chosen for each. domain.md 14.4."""

from typing import Any

from django import forms

from spaces.web.forms import SecretInput

SINGLE, MULTI, SELECT, CHECKBOX = "SingleLineText", "MultiLineText", "Select", "Checkbox"
CONTROLS = [
    (SINGLE, "One line of text"),
    (MULTI, "Several lines of text"),
    (SELECT, "A choice from a list"),
    (CHECKBOX, "Yes or no"),
]


def prompt_field(entry: dict[str, Any]) -> forms.Field:
    """The field that asks for a prompted variable of a snapshot (`queries.variable_inputs.prompts_of`).

    Where its scope limits it, the blockers say whether an answer is required: that depends on the
    environments. A sensitive one is a password field whatever its control.
    """
    about = entry["prompt"]
    shared: dict[str, Any] = {
        "label": about.get("label") or entry["name"],
        "help_text": about.get("description", ""),
        "required": bool(about.get("required"))
        and not entry["scope"]
        and not entry["is_sensitive"],
        "initial": entry["value"],
    }
    if entry["is_sensitive"]:
        return forms.CharField(strip=False, widget=SecretInput(), **shared)
    match about.get("control"):
        case "Select":
            chosen = options_of(about.get("options", ""))
            return forms.ChoiceField(choices=[("", ""), *chosen], **shared)
        case "Checkbox":
            yes_or_no = [("True", "Yes"), ("False", "No")]
            return forms.ChoiceField(choices=yes_or_no, **shared)
        case "MultiLineText":
            return forms.CharField(strip=False, widget=forms.Textarea({"rows": 4}), **shared)
    return forms.CharField(strip=False, **shared)


def options_of(text: str) -> list[tuple[str, str]]:
    """(value, label) for each line `value|label`; a line without label is its own."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(value, label or value) for value, _, label in (line.partition("|") for line in lines)]
