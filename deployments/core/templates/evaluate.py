"""From a parsed template and variables to text."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from deployments.core.templates import net_numbers
from deployments.core.templates.filters import COSTLY, FILTERS, NULL, SEARCHING, TIMELY, Filter
from deployments.core.templates.findings import (
    Findings,
    Reuse,
    SelfReference,
    TooDeep,
    Undecided,
)
from deployments.core.templates.json_values import Json, NotJson, as_text, navigate, read_json
from deployments.core.templates.limits import (
    MAX_DEPTH,
    MAX_OUTPUT,
    MAX_SEARCHING,
    MAX_WORK,
    RESTART_DEPTH,
    TemplateLimit,
)
from deployments.core.templates.lookup import Variables
from deployments.core.templates.loops import (
    LOOP_STATE,
    Item,
    NodeItem,
    Scope,
    items_of,
    value_of_item,
)
from deployments.core.templates.names import (
    ComputedIndex,
    FirstIndex,
    Index,
    Name,
    Step,
    canonical,
    is_balanced,
)
from deployments.core.templates.nodes import (
    Arithmetic,
    Calculation,
    Condition,
    Conditional,
    Expression,
    FilterCall,
    Loop,
    Node,
    Nodes,
    Quoted,
    Substitution,
)
from deployments.core.templates.parse import compile_template

CHARACTERS_PER_STEP = 256
MARK = "\uffff"
"""Keeps, in text that is to be evaluated once more, `#{` from being read as a token. No Unicode character."""

Result = TypeVar("Result")


def is_truthy(text: str) -> bool:
    """Whether a text counts as yes: anything but nothing, `0`, and `no` and `false` in any case."""
    return text not in ("", "0") and text.strip().lower() not in ("no", "false")


class Evaluator:
    """One evaluation. Values resolved outside of loops are remembered, in `variables` when possible."""

    def __init__(self, variables: Variables) -> None:
        self.variables = variables
        self.findings = Findings()
        self.scope: Scope | None = None
        self.known = variables.resolved
        self.stack: dict[str, str] = {}
        self.navigating: set[str] = set()
        self.settled: dict[str, tuple[str, Findings]] = {}
        self.depth = 0
        self.work = 0
        self.room = MAX_OUTPUT
        self.searching = 0.0

    # --- entry points --------------------------------------------------------------------------------

    def text(self, nodes: Nodes, length: int) -> str:
        """The text of a template that is `length` characters long; `findings` has the rest."""
        self.room = MAX_OUTPUT + length
        return self.from_the_far_end(partial(self.render, nodes))

    def value(self, name: Name) -> str | None:
        """The evaluated value of a variable, None when it has none; `findings` has the rest."""
        return self.from_the_far_end(partial(self.resolve, name))

    def from_the_far_end(self, act: Callable[[], Result]) -> Result:
        """Do `act`; whenever it runs into a chain too deep, resolve the end of the chain and start over."""
        while True:
            try:
                return act()
            except TooDeep as chain:
                self.settle(chain)

    def settle(self, chain: TooDeep) -> None:
        waiting = [chain]
        while waiting:
            self.stack = dict(waiting[-1].stack)
            self.findings = Findings()
            name = waiting[-1].name
            try:
                self.resolve(name)
            except TooDeep as deeper:
                waiting.append(deeper)
                continue
            if name.key not in self.settled and name.key not in self.variables.resolved:
                raise TemplateLimit(f"Variables refer to each other too deep, at {name.text!r}.")
            waiting.pop()
        self.stack = {}
        self.findings = Findings()

    # --- nodes ---------------------------------------------------------------------------------------

    def render(self, nodes: Nodes) -> str:
        parts: list[str] = []
        self.render_into(parts, nodes)
        return self.joined(parts)

    def joined(self, parts: list[str]) -> str:
        if len(parts) == 1:
            return parts[0]
        size = sum(map(len, parts))
        if size > self.room:
            raise TemplateLimit(f"The result grows by more than {MAX_OUTPUT} characters.")
        self.work += size // CHARACTERS_PER_STEP
        return "".join(parts)

    def render_into(self, parts: list[str], nodes: Nodes) -> None:
        if self.depth >= MAX_DEPTH:
            raise TemplateLimit(f"Templates contain each other more than {MAX_DEPTH} deep.")
        self.work += len(nodes)
        if self.work > MAX_WORK:
            raise TemplateLimit(f"The evaluation takes more than {MAX_WORK} steps.")
        self.depth += 1
        known = self.known
        try:
            for node in nodes:
                if isinstance(node, str):
                    parts.append(node)
                elif isinstance(node, Substitution):
                    text = known.get(node.key)
                    parts.append(self.substitute(node) if text is None else text)
                elif isinstance(node, Conditional):
                    self.conditional(parts, node)
                elif isinstance(node, Loop):
                    self.loop(parts, node)
                else:
                    parts.append(self.calculation(node))
        finally:
            self.depth -= 1

    def substitute(self, node: Substitution) -> str:
        expression = node.expression
        if expression.name is not None and not expression.filters:
            text = self.resolve(expression.name)
        else:
            text = self.expression(expression)
            if text is not None and node.key is not None and self.is_constant(expression.name):
                self.known[node.key] = text
        return self.echoed(node) if text is None else text

    def is_constant(self, name: Name | None) -> bool:
        """Whether what was just made of a name is the same at every item of the innermost loop."""
        if not self.findings.is_lasting:
            return False
        scope = self.scope
        if scope is None:
            return True
        return name is not None and name.key != scope.variable and name.key in scope.known

    def echoed(self, node: Substitution | Calculation) -> str:
        self.findings.missing[node.echo] = None
        return node.echo

    def conditional(self, parts: list[str], node: Conditional) -> None:
        chosen = node.otherwise
        try:
            for condition, nodes in node.branches:
                if self.holds(condition):
                    chosen = nodes
                    break
        except Undecided:
            self.findings.missing[node.header] = None
            chosen = (node.echo,)
        if len(chosen) == 1 and isinstance(chosen[0], str):
            parts.append(chosen[0])
        else:
            self.render_into(parts, chosen)

    def holds(self, condition: Condition) -> bool:
        was_null = self.findings.is_null
        left = self.side(condition.left)
        if condition.right is None:
            holds = is_truthy(left)
        else:
            holds = (left == self.side(condition.right)) == (condition.comparison == "==")
        self.findings.is_null = was_null
        return holds != condition.negated

    def side(self, side: Expression | Quoted) -> str:
        if isinstance(side, Quoted):
            return side.value
        text = self.known.get(side.key)
        if text is None:
            text = self.expression(side)
        if text is None and side.filters:
            raise Undecided
        return text or ""

    def loop(self, parts: list[str], node: Loop) -> None:
        items = self.items(node.collection)
        outer = self.scope
        scope = Scope(node.item, len(items), outer)
        self.scope, self.known = scope, scope.known
        try:
            for item in items:
                scope.advance(item)
                self.render_into(parts, node.body)
        finally:
            self.scope = outer
            self.known = outer.known if outer else self.variables.resolved

    def calculation(self, node: Calculation) -> str:
        operands: list[float] = []
        for part in node.postfix:
            value = self.operand(part, operands)
            if value is None:
                return self.echoed(node)
            operands.append(value)
        return net_numbers.shortest(operands[0])

    def operand(self, part: Arithmetic, operands: list[float]) -> float | None:
        if isinstance(part, float):
            return part
        if isinstance(part, Name):
            text = self.resolve(part)
            return None if text is None else net_numbers.double(text)
        if part == "negate":
            return -operands.pop()
        right, left = operands.pop(), operands.pop()
        return calculated(left, part, right)

    # --- expressions ---------------------------------------------------------------------------------

    def expression(self, expression: Expression) -> str | None:
        """The text of an expression; None when the name has no value or a filter refuses."""
        text = None if expression.name is None else self.resolve(expression.name)
        for call in expression.filters:
            if call.name == NULL:
                self.findings.is_null = True
                return ""
            text = self.filtered(call, text)
            if text is None:
                return None
        return text

    def filtered(self, call: FilterCall, text: str | None) -> str | None:
        filter_ = FILTERS.get(call.name)
        if filter_ is None or call.name in TIMELY:
            self.findings.reuse = min(self.findings.reuse, Reuse.EVALUATION)
            filter_ = filter_ or self.variables.filters.get(call.name)
            if filter_ is None:
                return None
        options = call.literals
        if options is None:
            options = tuple(self.render((option,)) for option in call.options)
        if text or options:
            self.measure(call.name, len(text or "") + sum(map(len, options)))
        if call.name in SEARCHING:
            return self.timed(filter_, text, options)
        return filter_(text, options, self.variables.clock)

    def timed(self, filter_: Filter, text: str | None, options: Sequence[str]) -> str | None:
        """Apply a filter whose time depends on a user's regular expression."""
        if self.searching > MAX_SEARCHING:
            raise TemplateLimit(f"Regular expressions take more than {MAX_SEARCHING} seconds.")
        started = time.monotonic()
        result = filter_(text, options, self.variables.clock)
        self.searching += time.monotonic() - started
        return result

    def measure(self, filter_name: str, size: int) -> None:
        if size > self.room:
            raise TemplateLimit(f"A filter is given more than {MAX_OUTPUT} characters.")
        self.work += size if filter_name in COSTLY else size // CHARACTERS_PER_STEP

    # --- names ---------------------------------------------------------------------------------------

    def resolve(self, name: Name) -> str | None:
        """The evaluated value of a name where it stands; None when it has none."""
        if not name.is_fixed:
            fixed = self.fixed(name)
            if fixed is None:
                return None
            name = fixed
        text = self.known.get(name.key)
        if text is not None:
            return text
        return self.at_root(name) if self.scope is None else self.in_loop(self.scope, name)

    def fixed(self, name: Name) -> Name | None:
        """`name` with its computed indexes written out; None when one has no value."""
        steps: list[Step] = []
        for step in name.steps:
            if isinstance(step, ComputedIndex):
                text = self.index(step.expression)
                if text is None:
                    return None
                steps.append(Index(text))
            elif isinstance(step, FirstIndex):
                steps.append(self.first_index(Name(tuple(steps))))
            else:
                steps.append(step)
        return Name(tuple(steps))

    def index(self, expression: Expression) -> str | None:
        outer, self.findings = self.findings, Findings()
        try:
            text = self.expression(expression)
            inner = self.findings
        finally:
            self.findings = outer
        outer.reuse = min(outer.reuse, inner.reuse)
        is_usable = text is not None and inner.is_complete and is_balanced(text)
        return text if is_usable else None

    def first_index(self, collection: Name) -> Index | FirstIndex:
        indexes = self.variables.indexes(self.root_name(collection).key)
        return Index(indexes[0]) if indexes else FirstIndex()

    def root_name(self, name: Name) -> Name:
        """`name` with a loop variable that stands for a collection's index replaced by that."""
        scope = self.scope
        while scope is not None:
            if scope.variable == name.head and isinstance(scope.item, NodeItem):
                return scope.item.below(name.steps[1:])
            scope = scope.outer
        return name

    def at_root(self, name: Name) -> str | None:
        key = name.key
        if self.settled and self.scope is None and key in self.settled:
            text, findings = self.settled[key]
            self.findings.absorb(findings)
            self.work += len(findings.missing)
            return text
        raw = self.variables.raw(key)
        if raw is None:
            return self.below_json(name)
        if "#{" in raw:
            return self.evaluated(key, name, raw)
        if self.scope is None:
            self.known[key] = raw
        return raw

    def in_loop(self, scope: Scope, name: Name) -> str | None:
        is_loop_name = False
        inner: Scope | None = scope
        while inner is not None:
            if inner.variable == name.head:
                is_loop_name = True
                text = self.in_item(inner, name)
                if text is not None:
                    return text
            inner = inner.outer
        if name.key.startswith(LOOP_STATE):
            return scope.state(name.key) or self.at_root(name)
        text = self.at_root(name)
        raw = self.variables.raw(name.key)
        if not is_loop_name and raw is not None and "#{" not in raw:
            scope.known[name.key] = raw
        return text

    def in_item(self, scope: Scope, name: Name) -> str | None:
        item = scope.item
        if isinstance(item, NodeItem):
            raw = self.variables.raw(item.key + name.tail)
            if raw is not None and "#{" not in raw:
                return raw
            if raw is None and len(name.steps) == 1:
                return item.index
            return self.at_root(item.below(name.steps[1:]))
        try:
            text = as_text(value_of_item(item, name.steps[1:]))
        except NotJson:
            return None
        return self.piece(f"{scope.depth}:{name.key}", name, text)

    def evaluated(self, key: str, name: Name, raw: str) -> str:
        """The text of the value `raw` of the variable `name`; one that does not parse stays as it is."""
        if key in self.stack:
            raise SelfReference([*self.stack.values(), name.text])
        if self.depth >= RESTART_DEPTH and self.scope is None and not self.navigating:
            raise TooDeep(name, dict(self.stack))
        compiled = compile_template(raw, halt_on_error=True)
        outer, self.findings = self.findings, Findings()
        self.stack[key] = name.text
        try:
            text = self.render(compiled.nodes)
            inner = self.findings
        finally:
            self.findings = outer
            self.stack.pop(key, None)
        if MARK in raw:
            text = text.replace(MARK, "")
        if inner.is_lasting:
            if self.scope is None:
                self.known[key] = text
            return text
        outer.absorb(inner)
        if self.scope is None and inner.reuse is not Reuse.NEVER:
            self.settled[key] = text, inner
        return text

    # --- JSON ----------------------------------------------------------------------------------------

    def below_json(self, name: Name) -> str | None:
        """The text of a name without a value of its own: an index that has members, or a part of JSON."""
        index = self.variables.index_text(name)
        if index is not None:
            return index
        try:
            return self.piece(name.key, name, as_text(self.part(name)))
        except NotJson:
            return None

    def part(self, name: Name) -> Json:
        """What `name` leads to in the JSON of the nearest variable above it. Raises NotJson."""
        for key, steps in name.ancestors:
            raw = self.variables.raw(key)
            if raw is not None:
                return navigate(self.json(key, raw), steps)
        raise NotJson(f"nothing above {name.text}")

    def piece(self, key: str, name: Name, text: str) -> str:
        """The final text of a part of evaluated JSON."""
        if "#{" in text:
            return self.evaluated(key, name, text)
        return text.replace(MARK, "")

    def json(self, key: str, raw: str) -> Json:
        """The value of a variable as JSON, its tokens evaluated. Raises NotJson."""
        if "#{" not in raw:
            return self.variables.json(key, raw)
        return read_json(self.prepared(key, raw))

    def prepared(self, key: str, raw: str) -> str:
        """`raw` evaluated, in a form to be evaluated again.

        A token that leads back to this value or has no value stays as it is, all other text is marked, so
        that the second evaluation takes none of it for a token.
        """
        if key in self.navigating:
            raise SelfReference([*self.stack.values(), key])
        self.navigating.add(key)
        try:
            nodes = compile_template(raw, halt_on_error=True).nodes
            return self.joined([self.prepared_node(node) for node in nodes])
        finally:
            self.navigating.discard(key)

    def prepared_node(self, node: Node) -> str:
        if isinstance(node, str):
            return marked(node)
        outer, self.findings = self.findings, Findings()
        try:
            text = self.render((node,))
            inner = self.findings
        except SelfReference:
            outer.reuse = Reuse.NEVER
            return node.source
        finally:
            self.findings = outer
        outer.reuse = min(outer.reuse, inner.reuse)
        return marked(text) if inner.is_complete else node.source

    # --- collections ---------------------------------------------------------------------------------

    def items(self, collection: Name) -> Sequence[Item]:
        """What a loop goes through: indexes, a JSON array or object, or comma-separated text."""
        name = collection if collection.is_fixed else self.fixed(collection)
        if name is None:
            return ()
        scope = self.scope
        while scope is not None:
            if scope.variable == name.head and not isinstance(scope.item, NodeItem):
                try:
                    return items_of(value_of_item(scope.item, name.steps[1:]))
                except NotJson:
                    pass
            scope = scope.outer
        return self.root_items(self.root_name(name)) or self.root_items(name)

    def root_items(self, name: Name) -> Sequence[Item]:
        key = name.key
        items = self.variables.collections.get(key)
        if items is not None:
            return items
        raw = self.variables.raw(key)
        if indexes := self.variables.indexes(key):
            items = [NodeItem(name, index, f"{key}[{canonical(index)}]") for index in indexes]
        elif raw is None:
            return self.items_in_json(name)
        elif "#{" in raw:
            return items_of(self.prepared(key, raw))
        else:
            items = items_of(raw)
        self.variables.collections[key] = items
        return items

    def items_in_json(self, name: Name) -> Sequence[Item]:
        try:
            return items_of(self.part(name))
        except NotJson:
            return ()


def marked(text: str) -> str:
    """`text` such that no `#{` in it or with what follows can be taken for a token."""
    text = text.replace("#{", f"#{MARK}{{")
    return text + MARK if text.endswith("#") else text


def calculated(left: float, sign: str, right: float) -> float:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    if right:
        return left / right
    return left * float("inf") if left else float("nan")
