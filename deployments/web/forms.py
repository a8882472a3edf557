"""Form fields that pages of deployments share."""

from typing import Any

from django import forms

from spaces.web.forms import SecretInput


class KeptSecret(forms.CharField):
    """A secret that is written and never read: left empty it gives None, which keeps what is stored."""

    widget = SecretInput

    def __init__(self, **given: Any) -> None:
        super().__init__(required=False, strip=False, **given)

    def clean(self, value: Any) -> str | None:
        return super().clean(value) or None
