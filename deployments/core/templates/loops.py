"""What the variable of an `#{each}` loop stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deployments.core.templates.json_values import Json, NotJson, navigate, read_json
from deployments.core.templates.names import Index, Member, Name, Step

LOOP_STATE = "octopus.template.each."


@dataclass(frozen=True, slots=True)
class NodeItem:
    """One index of a collection of variables; `key` is where its own value would be stored."""

    collection: Name
    index: str
    key: str

    def below(self, steps: tuple[Step, ...]) -> Name:
        return self.collection.below((Index(self.index), *steps))


@dataclass(frozen=True, slots=True)
class PropertyItem:
    """One property of a JSON object."""

    key: str
    value: Json

    def member(self, steps: tuple[Step, ...]) -> tuple[Json, tuple[Step, ...]]:
        """`.Key` or `.Value`, and the steps that are left. Raises NotJson for any other."""
        match steps[0]:
            case Member(text) if text.lower() == "key":
                return self.key, steps[1:]
            case Member(text) if text.lower() == "value":
                return self.value, steps[1:]
        raise NotJson("a property has only Key and Value")


Item = NodeItem | PropertyItem | Json
"""Plain JSON values are the items of an array, texts also those of a comma-separated text."""


class Scope:
    """What the innermost loop defines, at one item after the other."""

    __slots__ = ("count", "depth", "item", "known", "outer", "position", "variable")

    def __init__(self, variable: str, count: int, outer: Scope | None) -> None:
        self.variable = variable
        self.count = count
        self.outer = outer
        self.depth: int = outer.depth + 1 if outer else 1
        self.position = -1
        self.item: Item = None
        self.known: dict[str | None, str] = {}
        """Values that are the same wherever they are used inside this loop, at this item."""

    def advance(self, item: Item) -> None:
        self.item = item
        self.position += 1
        if isinstance(item, str) and "#" not in item:
            self.known[self.variable] = item
        else:
            self.known.pop(self.variable, None)

    def state(self, key: str) -> str | None:
        """The value of `Octopus.Template.Each.Index`, `.First` or `.Last`, by canonical name."""
        match key.removeprefix(LOOP_STATE):
            case "index":
                return str(self.position)
            case "first":
                return str(self.position == 0)
            case "last":
                return str(self.position == self.count - 1)
        return None


def value_of_item(item: PropertyItem | Json, steps: tuple[Step, ...]) -> Json:
    """What `steps` below a loop variable lead to. Raises NotJson."""
    if not isinstance(item, PropertyItem):
        return navigate(item, steps)
    return item.key if not steps else navigate(*item.member(steps))


def items_of(value: Json) -> Sequence[Item]:
    """The items of an array, an object, either as text, or of a comma-separated text."""
    if isinstance(value, str):
        value = container_in(value)
    match value:
        case None | "":
            return ()
        case dict():
            return [PropertyItem(key, inner) for key, inner in value.items()]
        case list():
            return value
        case str():
            return value.split(",")
    return [value]


def container_in(text: str) -> Json:
    """The array or object `text` is, or else the text."""
    if not text.lstrip().startswith(("[", "{", "/")):
        return text
    try:
        value = read_json(text)
    except NotJson:
        return text
    return value if isinstance(value, dict | list) else text
