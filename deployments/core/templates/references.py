"""Which names a parsed template refers to."""

from collections.abc import Iterator

from deployments.core.templates.loops import LOOP_STATE
from deployments.core.templates.names import ComputedIndex, Name
from deployments.core.templates.nodes import (
    Calculation,
    Condition,
    Conditional,
    Expression,
    Loop,
    Node,
    Nodes,
    Quoted,
    Substitution,
)


def referenced_names(nodes: Nodes) -> Iterator[Name]:
    """The names in order of appearance; what a loop defines is left out, its collection is not."""
    for node in nodes:
        yield from _in_node(node)


def _in_node(node: Node) -> Iterator[Name]:
    match node:
        case Substitution():
            yield from _in_expression(node.expression)
        case Conditional():
            for condition, inside in node.branches:
                yield from _in_condition(condition)
                yield from referenced_names(inside)
            yield from referenced_names(node.otherwise)
        case Loop():
            yield from _in_name(node.collection)
            yield from (name for name in referenced_names(node.body) if not _is_set_by(node, name))
        case Calculation():
            for part in node.postfix:
                if isinstance(part, Name):
                    yield from _in_name(part)


def _in_condition(condition: Condition) -> Iterator[Name]:
    for side in (condition.left, condition.right):
        if side is not None and not isinstance(side, Quoted):
            yield from _in_expression(side)


def _in_expression(expression: Expression) -> Iterator[Name]:
    if expression.name:
        yield from _in_name(expression.name)
    for call in expression.filters:
        yield from referenced_names(call.options)


def _in_name(name: Name) -> Iterator[Name]:
    yield name
    for step in name.steps:
        if isinstance(step, ComputedIndex):
            yield from _in_expression(step.expression)


def _is_set_by(loop: Loop, name: Name) -> bool:
    return name.head == loop.item or (name.is_fixed and name.key.startswith(LOOP_STATE))
