"""What the variable of an `#{each}` loop stands for."""

from __future__ import annotations

from dataclasses import dataclass

from deployments.core.templates.json_values import Json, NotJson
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
class ValueItem:
    """One item of a JSON array or of a comma-separated text."""

    value: Json


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


Item = NodeItem | ValueItem | PropertyItem


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables of the innermost loop; `outer` has those of the loops around it."""

    variable: str
    item: Item
    position: int
    count: int
    outer: Scope | None

    @property
    def depth(self) -> int:
        return 1 if self.outer is None else self.outer.depth + 1

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
