"""Parameters that somebody else fills in: templates for tenants (api-dialect.md 8.29)."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from deployments.api.fields import Sensitive, Strings, Text, wire_text
from deployments.models import VariableTemplate
from deployments.services.variable_templates import TemplateRow
from spaces.api.documents import Document

HIDDEN = {"HasValue": True, "NewValue": None, "Hint": None}


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": True}]}
)
class PropertyValue(Sensitive):
    """A text, or a secret as `{"HasValue", "NewValue"}`. None keeps a stored secret, "" is no value."""

    default_error_messages = {
        "invalid": 'A value is a text, or of a secret {{"HasValue": true, "NewValue": "…"}}.'
    }

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation("" if data is None else data)

    def to_internal_value(self, data: Any) -> str | None:
        return super().to_internal_value(wire_text(data))


class ParameterDocument(Document):
    """What is asked, and how a form asks it."""

    Id = Text()
    Name = serializers.CharField()
    Label = Text()
    HelpText = Text()
    DefaultValue = PropertyValue()
    DisplaySettings = Strings()
    AllowClear = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> TemplateRow:
        return TemplateRow(
            name=attrs["Name"],
            key=attrs.get("Id", ""),
            label=attrs.get("Label", ""),
            help_text=attrs.get("HelpText", ""),
            default=attrs.get("DefaultValue", ""),
            display=attrs.get("DisplaySettings", {}),
        )

    def to_representation(self, instance: VariableTemplate) -> dict[str, Any]:
        return {
            "Id": instance.key,
            "Name": instance.name,
            "Label": instance.label,
            "HelpText": instance.help_text,
            "DefaultValue": shown_value(instance.default_value, instance.default_secret),
            "DisplaySettings": instance.display or {"Octopus.ControlType": "SingleLineText"},
            "AllowClear": True,
        }


class Parameters(serializers.ListField):
    """The templates of a project or a library set."""

    child = ParameterDocument()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"required": False, "allow_null": True} | kwargs))

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation([] if data is None else data)

    def to_representation(self, data: Any) -> list[dict[str, Any]]:
        return [ParameterDocument().to_representation(template) for template in data.all()]


def shown_value(value: str, secret: str) -> Any:
    """A value on the wire; a secret only as being there."""
    return HIDDEN if secret else value
