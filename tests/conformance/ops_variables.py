"""Operations of the substitution corpus."""

from collections.abc import Callable, Mapping
from typing import Any

from deployments.core import templates


def check(template: str, halt_on_error: bool = True) -> Mapping[str, Any]:
    error = templates.check_template(template, halt_on_error)
    return {"ok": error is None, "error": error, "parsed": None if error else template}


def value(read: Callable[..., Any]) -> Callable[..., Mapping[str, Any]]:
    return lambda **given: {"value": read(**given)}


OPERATIONS: dict[str, Callable[..., Any]] = {
    "evaluate": templates.evaluate,
    "evaluate_truthy": value(templates.evaluate_truthy),
    "get": templates.get,
    "get_raw": value(templates.get_raw),
    "get_flag": value(templates.get_flag),
    "get_int": value(templates.get_int),
    "get_indexes": value(templates.get_indexes),
    "require": value(templates.require),
    "template_names": value(templates.template_names),
    "template_check": check,
    "variables_to_json": value(templates.to_json),
}
