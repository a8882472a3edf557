"""Retention policies as the dialect writes them (api-dialect.md 8.3), to and from how rows keep them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

STRATEGIES = ("Default", "Forever", "Count")
UNITS = ("Days", "Items")
MOST = 1_000_000


@extend_schema_field(serializers.DictField())
class RetentionPolicy(serializers.Field):
    """`{"Strategy", "Unit", "QuantityToKeep", "ShouldKeepForever"}`; older clients send no Strategy."""

    default_error_messages = {
        "invalid": "A retention policy looks like "
        '{{"Strategy": "Count", "Unit": "Days", "QuantityToKeep": 30}}.',
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"required": False} | kwargs))

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        strategy = value.get("strategy", "Forever")
        return {
            "Unit": value.get("unit", "Items"),
            "QuantityToKeep": value.get("quantity", 0),
            "ShouldKeepForever": strategy != "Count",
            "Strategy": strategy,
        }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        given = {str(key).lower(): value for key, value in data.items()}
        quantity = given.get("quantitytokeep") or 0
        keeps = given.get("shouldkeepforever", not quantity)
        strategy = given.get("strategy") or ("Forever" if keeps or not quantity else "Count")
        unit = given.get("unit") or "Items"
        fits = isinstance(quantity, int) and 0 <= quantity <= MOST
        if strategy not in STRATEGIES or unit not in UNITS or not fits:
            self.fail("invalid")
        if strategy != "Count":
            return {"strategy": strategy}
        return {"strategy": strategy, "unit": unit, "quantity": quantity}
