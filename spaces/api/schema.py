"""What drf-spectacular cannot see by itself: input documents, and the one form of all errors."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers


class ErrorDocument(serializers.Serializer[Any]):
    """Every answer of 400 and above."""

    ErrorMessage = serializers.CharField()
    Errors = serializers.ListField(child=serializers.CharField())
    HelpText = serializers.CharField(allow_null=True)
    HelpLink = serializers.CharField(allow_null=True)
    ParsedHelpLinks = serializers.ListField(child=serializers.CharField())
    Details = serializers.DictField()
    FullException = serializers.CharField(allow_null=True)


# Acts whose operations are named well without us.
ROUTINE = {"retrieve", "create", "update", "partial_update", "destroy"}


class DialectSchema(AutoSchema):
    def get_request_serializer(self) -> Any:
        return getattr(self.view, "input_class", None) or super().get_request_serializer()

    def get_operation_id(self) -> str:
        """Ends with our name of the act; drf-spectacular guesses it from the method and the answer."""
        guessed: str = super().get_operation_id()
        action: str = getattr(self.view, "action", "")
        if not action or action in ROUTINE or guessed.endswith(f"_{action}"):
            return guessed
        thing = guessed.rpartition("_")[0]
        return thing if thing.endswith(f"_{action}") else f"{thing}_{action}"

    def get_response_serializers(self) -> Any:
        """An item deleted answers an empty object, not an empty body."""
        if self.method == "DELETE":
            return {200: dict}
        return super().get_response_serializers()

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        error = self._get_response_for_code(ErrorDocument, "default", direction=direction)
        return bodies | {"default": error | {"description": "Any error."}}
