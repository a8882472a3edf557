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


# What any operation may answer instead. 304 and 401 to 404 concern who asks, the others what was sent.
ERRORS = {
    400: "Something in the request is wrong; Errors lists every reason.",
    401: "Nobody has signed in: the key is missing, unknown, expired or revoked.",
    403: "It may be seen but not done; the permission that is missing is named.",
    404: "There is no such thing, or it may not be seen.",
    406: "Answers are JSON, except files.",
    409: "It exists already, is in use, or somebody changed it first; Errors lists every reason.",
    413: "The body is too large.",
    415: "The body is not of a type that is read here.",
    422: "The content is unsafe, or contradicts an earlier request.",
    429: "Too many requests; Retry-After says when to come back.",
    500: "A fault of the server; its log has the request's id.",
    503: "The database is away for a moment; Retry-After says when to come back.",
    507: "There is no room left to store it.",
}

# Acts that answer a bare array.
LISTING = {"all", "memberships"}
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
        """The answers of the operation, and every error in common with all others that it does not
        describe itself."""
        bodies = super()._get_response_bodies(direction)
        error = self._get_response_for_code(ErrorDocument, "default", direction=direction)
        errors = {str(status): error | {"description": said} for status, said in ERRORS.items()}
        unchanged = {"304": {"description": "Nothing changed since the ETag sent."}}
        return errors | bodies | (unchanged if self.method == "GET" else {})

    def _get_paginator(self) -> Any:
        return None if getattr(self.view, "action", "") in LISTING else super()._get_paginator()

    def _is_list_view(self, serializer: Any = None) -> bool:
        """`all` answers a list, although it is not paginated."""
        return getattr(self.view, "action", "") in LISTING or super()._is_list_view(serializer)
