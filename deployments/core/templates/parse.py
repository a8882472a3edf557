"""From text to `Template`. The language is described in docs/reference/substitution.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NoReturn, cast

from deployments.core.templates.limits import MAX_NESTING, MAX_WORK, TemplateLimit
from deployments.core.templates.names import (
    ComputedIndex,
    FirstIndex,
    Index,
    Member,
    Name,
    Step,
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
    Template,
)

REMEMBERED_LENGTH = 20_000
"""Longer texts are files; remembering them would only fill memory."""

NESTED_COST = 10
"""Steps for a token within a token: what does not parse there is tried again further in."""

WORD = r"\w\-:/~()@"
WHITE = re.compile(r"\s*")
MEMBER = re.compile(rf"[{WORD}\s]+")
SIMPLE = re.compile(rf"#\{{([{WORD}\s.]+)\}}")
FILTER = re.compile(r"\|\s*(\w+)")
BARE = re.compile(rf"[{WORD}]+")
QUOTED = re.compile(r'"([^"#]*)"')
ESCAPED = re.compile(r'\\"((?:(?!\\").)*)\\"', re.DOTALL)
INDEX_EDGE = re.compile(r"[\[\]}\n]|#\{")
COMPUTED_INDEX = re.compile(r"\[\s*(?=#\{)")
COMPARISON = re.compile(r"\s*(==|!=)\s*")
LOOP = re.compile(rf"([{WORD}]+)\s+(?i:in)\s+")
STRUCTURE = re.compile(
    r"#\{(?:(?P<close>/if|/unless|/each|else)\}"
    r"|(?P<elseif>elseif)\s+"
    r"|\s*(?i:(?P<open>if|unless|each|calc))\s+(?=[^\s}|]))"
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?=\s*(?:[-+*/)}]|$))")
CALC_NAME = re.compile(r"[\w\-:/~@.\s]+")
WRAPPED = re.compile(r"\{\s*(?=[^\s}])")


def compile_template(text: str, halt_on_error: bool) -> Template:
    """`text`, parsed. Without `halt_on_error` what does not parse is kept as text."""
    if len(text) <= REMEMBERED_LENGTH:
        return _remembered(text, halt_on_error)
    return _compile(text, halt_on_error)


def _compile(text: str, halt_on_error: bool) -> Template:
    if "#{" not in text:
        return Template((text,) if text else ())
    try:
        return Template(Parser(text, halt_on_error).nodes())
    except Unparsable as problem:
        return Template((text,), error=problem.locate(text))


_remembered = lru_cache(maxsize=16_384)(_compile)


class Unparsable(Exception):
    """The text from `position` on is not in the language."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position

    def locate(self, text: str) -> str:
        line = text.count("\n", 0, self.position) + 1
        column = self.position - text.rfind("\n", 0, self.position)
        return f"Parsing failed at line {line}, column {column}: {self}"


@dataclass
class Block:
    """A block that is still open."""

    kind: Literal["if", "unless", "each"]
    start: int
    parts: list[Part]
    item: str = ""
    collection: Name | None = None


@dataclass
class Part:
    """The stretch of a block behind its opening, an `elseif` or the `else`."""

    opening: str
    condition: Condition | None
    nodes: list[Node] = field(default_factory=list)


class Parser:
    """One pass over one text. Only tokens within tokens recurse, up to `MAX_NESTING`."""

    def __init__(self, text: str, halt_on_error: bool) -> None:
        self.text = text
        self.halt_on_error = halt_on_error
        self.nested = 0
        self.work = 0

    def nodes(self) -> Nodes:
        return tuple(self.sequence(0)[0])

    # --- tokens and blocks ---------------------------------------------------------------------------

    def sequence(self, position: int, *, alone: bool = False) -> tuple[list[Node], int]:
        """The nodes from `position` to the end, or with `alone` only the one that starts there."""
        nodes: list[Node] = []
        blocks: list[Block] = []
        while (start := self.text.find("#{", position)) >= 0:
            text, position = self.text_before(position, start)
            if text:
                innermost(nodes, blocks).append(text)
            if position > start:
                continue
            try:
                position = self.token(start, nodes, blocks)
            except Unparsable:
                if self.halt_on_error or alone:
                    raise
                self.nested = 0
                innermost(nodes, blocks).append("#{")
                position = start + 2
            if alone and not blocks:
                return nodes, position
        if blocks and (self.halt_on_error or alone):
            self.fail(blocks[-1].start, f"#{{{blocks[-1].kind}}} has no end")
        if position < len(self.text):
            innermost(nodes, blocks).append(self.text[position:])
        while blocks:
            broken = blocks.pop()
            keep_as_text(broken, innermost(nodes, blocks))
        return nodes, len(self.text)

    def text_before(self, position: int, start: int) -> tuple[str, int]:
        """The text up to the token at `start`, and where to go on: behind `##{`, or at the token."""
        hashes = start
        while hashes > position and self.text[hashes - 1] == "#":
            hashes -= 1
        hashes = start + 1 - hashes
        if hashes == 1:
            return self.text[position:start], start
        if hashes % 2:
            return self.text[position : start - 1], start
        return self.text[position : start - 1] + "#{", start + 2

    def token(self, start: int, nodes: list[Node], blocks: list[Block]) -> int:
        """Read the token at `start` into its block; returns where it ends."""
        self.work += NESTED_COST if self.nested else 1
        if self.work > MAX_WORK:
            raise TemplateLimit(f"The template takes more than {MAX_WORK} steps to parse.")
        structure = STRUCTURE.match(self.text, start)
        if structure is None:
            node, end = self.substitution(start)
            innermost(nodes, blocks).append(node)
            return end
        position = structure.end()
        keyword = (structure["open"] or "").lower()
        if keyword == "calc":
            calculation, end = self.calculation(start, position)
            innermost(nodes, blocks).append(calculation)
            return end
        if keyword:
            return self.opening(start, position, keyword, blocks)
        if structure["elseif"]:
            return self.elseif(start, position, blocks)
        if structure["close"] == "else":
            return self.otherwise(start, position, blocks)
        block = self.closing(start, structure["close"][1:], blocks)
        innermost(nodes, blocks).append(self.closed(block, position))
        return position

    def opening(self, start: int, position: int, keyword: str, blocks: list[Block]) -> int:
        if len(blocks) + self.nested >= MAX_NESTING:
            self.fail(start, f"blocks are nested more than {MAX_NESTING} deep")
        if keyword == "each":
            block, end = self.loop_opening(start, position)
        else:
            block, end = self.condition_opening(start, position, keyword)
        blocks.append(block)
        return end

    def condition_opening(self, start: int, position: int, keyword: str) -> tuple[Block, int]:
        condition, position = self.condition(position, negated=keyword == "unless")
        end = self.expect("}", position)
        kind = cast(Literal["if", "unless"], keyword)
        return Block(kind, start, [Part(self.text[start:end], condition)]), end

    def loop_opening(self, start: int, position: int) -> tuple[Block, int]:
        loop = LOOP.match(self.text, position)
        if loop is None:
            self.fail(position, "expected 'item in Collection'")
        collection, position = self.name(loop.end())
        end = self.expect("}", position)
        part = Part(self.text[start:end], None)
        return Block("each", start, [part], loop[1].lower(), collection), end

    def elseif(self, start: int, position: int, blocks: list[Block]) -> int:
        if not blocks or blocks[-1].kind != "if" or blocks[-1].parts[-1].condition is None:
            self.fail(start, "#{elseif} outside of #{if}")
        condition, position = self.condition(position, negated=False)
        end = self.expect("}", position)
        blocks[-1].parts.append(Part(self.text[start:end], condition))
        return end

    def otherwise(self, start: int, end: int, blocks: list[Block]) -> int:
        if not blocks or blocks[-1].kind == "each" or blocks[-1].parts[-1].condition is None:
            self.fail(start, "#{else} outside of #{if} and #{unless}")
        blocks[-1].parts.append(Part("#{else}", None))
        return end

    def closing(self, start: int, kind: str, blocks: list[Block]) -> Block:
        if not blocks or blocks[-1].kind != kind:
            self.fail(start, f"#{{/{kind}}} closes nothing")
        return blocks.pop()

    def closed(self, block: Block, end: int) -> Conditional | Loop:
        source = self.text[block.start : end]
        if block.collection is not None:
            return Loop(block.item, block.collection, tuple(block.parts[0].nodes), source)
        branches = tuple(
            (part.condition, tuple(part.nodes)) for part in block.parts if part.condition
        )
        last = block.parts[-1]
        otherwise = tuple(last.nodes) if last.condition is None else ()
        header = f"#{{{block.kind} {branches[0][0].text}}}"
        echo = header + source[len(block.parts[0].opening) :]
        return Conditional(branches, otherwise, source, header, echo)

    # --- expressions ---------------------------------------------------------------------------------

    def substitution(self, start: int) -> tuple[Substitution, int]:
        simple = SIMPLE.match(self.text, start)
        if simple and (node := plain_substitution(simple[1])):
            return node, simple.end()
        position = self.skip_white(start + 2)
        if self.text.startswith("}", position):
            source = self.text[start : position + 1]
            return Substitution(Expression(None, (), "", None), source, source, None), position + 1
        expression, position = self.expression(position)
        end = self.expect("}", position)
        return substitution_of(expression, self.text[start:end]), end

    def expression(self, position: int) -> tuple[Expression, int]:
        name = None
        if not self.text.startswith("|", position):
            name, position = self.name(position)
        calls = []
        while call := FILTER.match(self.text, position):
            options, position = self.options(call.end())
            calls.append(filter_call(call[1], options))
        return expression_of(name, tuple(calls)), position

    def options(self, position: int) -> tuple[list[str | Node], int]:
        options: list[str | Node] = []
        position = self.skip_white(position)
        while True:
            option: str | Node
            if self.text.startswith("#{", position):
                option, position = self.nested_token(position)
            elif found := self.literal(position) or BARE.match(self.text, position):
                option, position = found[found.lastindex or 0], found.end()
            else:
                break
            options.append(option)
            position = self.skip_white(position)
        if options and not isinstance(options[-1], str) and self.text.startswith("|", position):
            self.fail(position, "a token as option cannot be followed by another filter")
        return options, position

    def literal(self, position: int) -> re.Match[str] | None:
        return QUOTED.match(self.text, position) or ESCAPED.match(self.text, position)

    def nested_token(self, position: int) -> tuple[Node, int]:
        self.enter(position)
        nodes, end = self.sequence(position, alone=True)
        self.nested -= 1
        return nodes[0], end

    def enter(self, position: int) -> None:
        self.nested += 1
        if self.nested > MAX_NESTING:
            self.fail(position, f"tokens are nested more than {MAX_NESTING} deep")

    def condition(self, position: int, *, negated: bool) -> tuple[Condition, int]:
        left, position = self.side(position)
        comparison = COMPARISON.match(self.text, position)
        if comparison is None:
            if isinstance(left, Quoted):
                self.fail(position, "a text must be compared with something")
            return Condition(left, "", None, negated, left.text), position
        right, position = self.side(comparison.end())
        sign = cast(Literal["==", "!="], comparison[1])
        text = f"{left.text} {sign} {right.text}"
        return Condition(left, sign, right, negated, text), position

    def side(self, position: int) -> tuple[Expression | Quoted, int]:
        if found := self.literal(position):
            return Quoted(found[1], found[0]), self.skip_white(found.end())
        return self.expression(position)

    # --- names ---------------------------------------------------------------------------------------

    def name(self, position: int) -> tuple[Name, int]:
        steps: list[Step] = []
        while True:
            member = MEMBER.match(self.text, position)
            if member is None or not (text := member[0].strip()):
                self.fail(position, "expected a name")
            steps.append(Member(text))
            position = member.end()
            while self.text.startswith("[", position):
                step, position = self.index(position)
                steps.append(step)
                position = self.skip_white(position)
            if not self.text.startswith(".", position):
                return Name(tuple(steps)), position
            position += 1

    def index(self, start: int) -> tuple[Step, int]:
        if computed := COMPUTED_INDEX.match(self.text, start):
            node, position = self.nested_token(computed.end())
            if not isinstance(node, Substitution):
                self.fail(start, "an index must be a text or a plain token")
            return ComputedIndex(node.expression), self.expect("]", position)
        end = self.end_of_index(start)
        text = self.text[start + 1 : end - 1].strip()
        return (FirstIndex() if text == "*" else Index(text)), end

    def end_of_index(self, start: int) -> int:
        depth = 0
        for edge in INDEX_EDGE.finditer(self.text, start):
            if edge[0] == "[":
                depth += 1
            elif edge[0] == "]":
                depth -= 1
                if depth == 0:
                    return edge.end()
            else:
                break
        raise Unparsable(start, "the index has no end")

    # --- calculations --------------------------------------------------------------------------------

    def calculation(self, start: int, position: int) -> tuple[Calculation, int]:
        postfix: list[Arithmetic] = []
        words: list[str] = []
        position = self.sum(position, postfix, words)
        end = self.expect("}", position)
        echo = f"#{{{''.join(words)}}}"
        return Calculation(tuple(postfix), self.text[start:end], echo), end

    def sum(self, position: int, postfix: list[Arithmetic], words: list[str]) -> int:
        position = self.product(position, postfix, words)
        while (sign := self.text[position : position + 1]) in ("+", "-"):
            words.append(sign)
            position = self.product(position + 1, postfix, words)
            postfix.append(cast(Literal["+", "-"], sign))
        return position

    def product(self, position: int, postfix: list[Arithmetic], words: list[str]) -> int:
        position = self.factor(position, postfix, words)
        while (sign := self.text[position : position + 1]) in ("*", "/"):
            words.append(sign)
            position = self.factor(position + 1, postfix, words)
            postfix.append(cast(Literal["*", "/"], sign))
        return position

    def factor(self, position: int, postfix: list[Arithmetic], words: list[str]) -> int:
        position = self.skip_white(position)
        if number := NUMBER.match(self.text, position):
            postfix.append(float(number[0]))
            words.append(number[0])
            return self.skip_white(number.end())
        if self.text.startswith(("(", "-("), position):
            return self.group(position, postfix, words)
        if wrapped := WRAPPED.match(self.text, position):
            name, position = self.name(wrapped.end())
            position = self.expect("}", position)
        else:
            name, position = self.calculation_name(position)
        postfix.append(name)
        words.append(name.text)
        return self.skip_white(position)

    def group(self, position: int, postfix: list[Arithmetic], words: list[str]) -> int:
        self.enter(position)
        negative = self.text[position] == "-"
        words.append("-(" if negative else "(")
        position = self.sum(position + 1 + negative, postfix, words)
        position = self.expect(")", position)
        if negative:
            postfix.append("negate")
        words.append(")")
        self.nested -= 1
        return self.skip_white(position)

    def calculation_name(self, position: int) -> tuple[Name, int]:
        """A name that is not wrapped: parentheses belong to the calculation."""
        found = CALC_NAME.match(self.text, position)
        if found is None:
            self.fail(position, "expected a number or a name")
        end = found.end()
        while self.text.startswith("[", end):
            end = self.end_of_index(end)
            more = CALC_NAME.match(self.text, end)
            end = more.end() if more else end
        name, parsed = Parser(self.text[position:end], self.halt_on_error).name(0)
        if position + parsed != end:
            self.fail(position, "expected a name")
        return name, end

    # --- reading -------------------------------------------------------------------------------------

    def skip_white(self, position: int) -> int:
        found = WHITE.match(self.text, position)
        return found.end() if found else position

    def expect(self, mark: str, position: int) -> int:
        position = self.skip_white(position)
        if not self.text.startswith(mark, position):
            self.fail(position, f"expected {mark!r}")
        return position + len(mark)

    def fail(self, position: int, reason: str) -> NoReturn:
        raise Unparsable(position, reason)


def innermost(nodes: list[Node], blocks: list[Block]) -> list[Node]:
    """Where the next node belongs."""
    return blocks[-1].parts[-1].nodes if blocks else nodes


def keep_as_text(block: Block, into: list[Node]) -> None:
    for part in block.parts:
        into.append(part.opening)
        into.extend(part.nodes)


@lru_cache(maxsize=16_384)
def plain_substitution(content: str) -> Substitution | None:
    """The token for a name without indexes; None when `content` is no such name."""
    members = [member.strip() for member in content.split(".")]
    if not all(members):
        return None
    name = Name(tuple(map(Member, members)))
    return substitution_of(expression_of(name, ()), f"#{{{content}}}")


def substitution_of(expression: Expression, source: str) -> Substitution:
    return Substitution(expression, source, f"#{{{expression.text}}}", expression.key)


def expression_of(name: Name | None, filters: tuple[FilterCall, ...]) -> Expression:
    text = "".join([name.text if name else "", *(f" | {call.text}" for call in filters)])
    key = None
    if name and name.is_fixed and all(call.literals is not None for call in filters):
        # no variable has this character in its name
        key = f"\0{text}" if filters else name.key
    return Expression(name, filters, text, key)


def filter_call(name: str, options: list[str | Node]) -> FilterCall:
    text = " ".join([name, *map(option_text, options)])
    literals = tuple(option for option in options if isinstance(option, str))
    is_literal = len(literals) == len(options)
    return FilterCall(name.lower(), tuple(options), text, literals if is_literal else None)


def option_text(option: str | Node) -> str:
    return f'"{option}"' if isinstance(option, str) else option.echo


@lru_cache(maxsize=16_384)
def parse_name(text: str) -> Name | None:
    """`text` as a name, None when no token could spell it."""
    try:
        name, end = Parser(text, halt_on_error=True).name(0)
    except Unparsable:
        return None
    return name if end == len(text) and name.is_fixed else None
