"""Operations about OCL documents: elements as the cases write them, and ours."""

from collections.abc import Mapping
from typing import Any

from deployments.core import ocl
from deployments.core.ocl import Attribute, Block, Element, Heredoc, OclError, SingleLine


def parse(text: str, lenient: bool = False) -> dict[str, Any]:
    try:
        return {"document": [told(element) for element in ocl.parse(text)], "error": None}
    except OclError as error:
        if lenient:
            return {"document": None, "error": str(error)}
        raise


def write(
    elements: list[dict[str, Any]], options: Mapping[str, Any] | None = None
) -> dict[str, str]:
    return {"text": ocl.write([element(given) for given in elements], **(options or {}))}


def roundtrip(text: str) -> dict[str, str]:
    return {"text": ocl.write(ocl.parse(text))}


def told(element: Element) -> dict[str, Any]:
    match element:
        case Attribute(name, value):
            return {"attribute": name, "value": told_value(value)}
        case Block(name, labels, children):
            return {
                "block": name,
                "labels": list(labels),
                "children": [told(child) for child in children],
            }


def told_value(value: ocl.Value) -> Any:
    match value:
        case Heredoc(text, tag, indented):
            return {"heredoc": text, "tag": tag, "indented": indented}
        case dict():
            return {key: told_value(inner) for key, inner in value.items()}
        case _:
            return value


def element(given: Mapping[str, Any]) -> Element:
    if "attribute" in given:
        return Attribute(given["attribute"], value(given["value"]))
    children = tuple(element(child) for child in given.get("children", ()))
    return Block(given["block"], tuple(given.get("labels", ())), children)


def value(given: Any) -> ocl.Value:
    match given:
        case {"heredoc": text}:
            return Heredoc(text, given.get("tag", "EOT"), given.get("indented", True))
        case {"single_line": text}:
            return SingleLine(text)
        case dict():
            return {key: value(inner) for key, inner in given.items()}
        case _:
            return given


OPERATIONS = {
    "ocl.parse": parse,
    "ocl.write": write,
    "ocl.roundtrip": roundtrip,
    "ocl.name": lambda text: {"value": ocl.name(text)},
}
