"""Writes YAML in the layout of libyaml, from which most tools derive theirs."""

import re
from dataclasses import dataclass

from deployments.core.files.structured.yaml_tree import (
    Alias,
    Comment,
    Document,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Stream,
    nodes_of,
)

_DEFAULT_TAGS = {"!": "!", "!!": "tag:yaml.org,2002:"}
_LONGEST_SIMPLE_KEY = 128
_UNPRINTABLE = re.compile(r"[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]|\ufeff")
_UNPRINTABLE_IN_BLOCKS = re.compile(
    r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_ESCAPED = re.compile(
    r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff\U00010000-\U0010ffff]'
)
_SHORT_ESCAPES = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r",
    "\x1b": "e", '"': '"', "\\": "\\", "\x85": "N", "\u2028": "L", "\u2029": "P",
}  # fmt: skip


def write(stream: Stream) -> str:
    """The text with LF as line end."""
    return _Writer(stream.indent).stream(stream)


class _Writer:
    """State as in libyaml.

    whitespace: the last thing written was a blank. indention: nothing but indentation and
    indicators like `-` stands on the line so far.
    """

    def __init__(self, step: int) -> None:
        self.step = step
        self.pieces: list[str] = []
        self.column = 0
        self.indent = -1
        self.flow_level = 0
        self.whitespace = True
        self.indention = True
        self.tags: dict[str, str] = {}

    def stream(self, stream: Stream) -> str:
        is_first = True
        for child in stream.children:
            if isinstance(child, Comment):
                self.comment(child)
            else:
                self.document(child, is_first=is_first)
                is_first = False
        return "".join(self.pieces)

    # --- places ------------------------------------------------------------------------------------

    def put(self, text: str) -> None:
        self.pieces.append(text)
        self.column += len(text)

    def break_line(self) -> None:
        self.pieces.append("\n")
        self.column = 0
        self.whitespace = self.indention = True

    def start_line(self) -> None:
        """Go to the indentation, on a new line unless the current one has room for it."""
        indent = max(self.indent, 0)
        if (
            not self.indention
            or self.column > indent
            or (self.column == indent and not self.whitespace)
        ):
            self.break_line()
        if self.column < indent:
            self.put(" " * (indent - self.column))
            self.whitespace = True

    def indicator(
        self, sign: str, *, spaced: bool, then_blank: bool = False, keeps_indention: bool = False
    ) -> None:
        self.put(f" {sign}" if spaced and not self.whitespace else sign)
        self.whitespace = then_blank
        self.indention = self.indention and keeps_indention

    def comment(self, comment: Comment) -> None:
        if comment.is_inline or self.flow_level:
            self.put(f"{'' if self.column == 0 else ' '}#{comment.text}")
        else:
            self.start_line()
            self.put(f"#{comment.text}")
        self.break_line()
        if self.flow_level:
            self.put(" " * max(self.indent, 0))

    # --- documents ---------------------------------------------------------------------------------

    def document(self, document: Document, *, is_first: bool) -> None:
        self.indent = -1
        self.tags = {**_DEFAULT_TAGS, **document.tags}
        if document.version:
            self.directive("YAML {}.{}".format(*document.version))
        for handle, prefix in document.tags.items():
            self.directive(f"TAG {handle} {prefix}")
        if document.starts_explicitly or document.version or document.tags or not is_first:
            self.start_line()
            self.indicator("---", spaced=True)
        for child in document.children:
            if isinstance(child, Comment):
                self.comment(child)
            else:
                self.node(child)
        self.indent = -1
        self.start_line()
        if document.ends_explicitly:
            self.indicator("...", spaced=True)
            self.start_line()

    def directive(self, text: str) -> None:
        self.start_line()
        self.indicator(f"%{text}", spaced=True)
        self.start_line()

    # --- nodes -------------------------------------------------------------------------------------

    def node(self, node: Node, *, is_value: bool = False, is_simple_key: bool = False) -> None:
        """is_value: that of a simple key, so that a block sequence needs no deeper indentation."""
        if isinstance(node, Alias):
            self.indicator(f"*{node.anchor}", spaced=True)
            return
        if node.anchor:
            self.indicator(f"&{node.anchor}", spaced=True)
        if node.tag:
            self.indicator(self.tag(node.tag), spaced=True)
        outer = self.indent
        match node:
            case Scalar():
                self.indent = self.deeper(at_root=self.step)
                self.scalar(node, is_simple_key=is_simple_key)
            case Sequence(children) if self.flow_level or node.is_flow or not nodes_of(children):
                self.indent = self.deeper(at_root=self.step)
                self.flow(node, "[", "]")
            case Mapping(children) if self.flow_level or node.is_flow or not nodes_of(children):
                self.indent = self.deeper(at_root=self.step)
                self.flow(node, "{", "}")
            case Sequence():
                self.indent = max(outer, 0) if is_value else self.deeper(at_root=0)
                self.block_sequence(node)
            case Mapping():
                self.indent = self.deeper(at_root=0)
                self.block_mapping(node)
        self.indent = outer

    def deeper(self, *, at_root: int) -> int:
        return at_root if self.indent < 0 else self.indent + self.step

    def tag(self, tag: str) -> str:
        handles = [
            (prefix, handle)
            for handle, prefix in self.tags.items()
            if tag.startswith(prefix) and len(tag) > len(prefix)
        ]
        if tag == "!":
            return tag
        if not handles:
            return f"!<{tag}>"
        prefix, handle = max(handles)
        return handle + tag.removeprefix(prefix)

    def block_sequence(self, sequence: Sequence) -> None:
        for child in sequence.children:
            if isinstance(child, Comment):
                self.comment(child)
                continue
            self.start_line()
            self.indicator("-", spaced=True, keeps_indention=True)
            self.node(child)

    def block_mapping(self, mapping: Mapping) -> None:
        position = 0
        is_simple = True
        for child in mapping.children:
            if isinstance(child, Comment):
                self.comment(child)
                continue
            if position % 2 == 0:
                self.start_line()
                is_simple = self.is_simple_key(child)
                if not is_simple:
                    self.indicator("?", spaced=True, keeps_indention=True)
                self.node(child, is_simple_key=is_simple)
                if is_simple:
                    self.indicator(":", spaced=isinstance(child, Alias))
            else:
                if not is_simple:
                    self.start_line()
                    self.indicator(":", spaced=True, keeps_indention=True)
                self.node(child, is_value=is_simple)
            position += 1

    def flow(self, collection: Sequence | Mapping, opening: str, closing: str) -> None:
        self.indicator(opening, spaced=True, then_blank=True)
        self.flow_level += 1
        is_mapping = isinstance(collection, Mapping)
        position = 0
        is_simple = False
        for child in collection.children:
            if isinstance(child, Comment):
                self.comment(child)
                continue
            if is_mapping and position % 2:
                self.indicator(":", spaced=not is_simple)
                self.node(child)
            else:
                if position:
                    self.indicator(",", spaced=False)
                is_simple = is_mapping and self.is_simple_key(child)
                if is_mapping and not is_simple:
                    self.indicator("?", spaced=True)
                self.node(child, is_simple_key=is_simple)
            position += 1
        self.flow_level -= 1
        self.indicator(closing, spaced=False)

    def is_simple_key(self, node: Node) -> bool:
        match node:
            case Alias():
                return True
            case Scalar(value):
                size = len(value) + len(node.anchor or "") + len(node.tag or "")
                return "\n" not in value and size <= _LONGEST_SIMPLE_KEY
        return not node.children

    # --- scalars -----------------------------------------------------------------------------------

    def scalar(self, scalar: Scalar, *, is_simple_key: bool) -> None:
        match self.possible_style(scalar, is_simple_key=is_simple_key):
            case "":
                if scalar.value:
                    self.indicator(scalar.value, spaced=True)
            case "'":
                self.single_quoted(scalar.value)
            case '"':
                escaped = _ESCAPED.sub(_escape, scalar.value)
                self.indicator(f'"{escaped}"', spaced=True)
            case "|":
                self.literal(scalar.value)
            case _:
                self.folded(scalar.value)

    def possible_style(self, scalar: Scalar, *, is_simple_key: bool) -> str:
        """The scalar's own style, or the next best in which its value can be written."""
        text, style = scalar.value, scalar.style
        allowed = _Allowed.of(text)
        in_flow = self.flow_level > 0
        if style in ("|", ">"):
            return style if allowed.block and not in_flow and not is_simple_key else '"'
        if style == "":
            plain = allowed.plain_in_flow if in_flow else allowed.plain
            if plain and (text or not (in_flow or is_simple_key)):
                return ""
            style = "'"
        if style == "'" and allowed.single_quoted and not (is_simple_key and "\n" in text):
            return "'"
        return '"'

    def single_quoted(self, text: str) -> None:
        self.indicator("'", spaced=True)
        for piece in re.split(r"(\n+)", text.replace("'", "''")):
            if piece.startswith("\n"):
                for _ in range(len(piece) + 1):
                    self.break_line()
                self.start_line()
            else:
                self.put(piece)
        self.put("'")
        self.whitespace = self.indention = False

    def literal(self, text: str) -> None:
        self.indicator(f"|{self.block_hints(text)}", spaced=True)
        self.break_line()
        for line in text.removesuffix("\n").split("\n"):
            self.block_line(line)
            self.break_line()

    def folded(self, text: str) -> None:
        """A line end takes one more, except beside a line that begins with a blank."""
        self.indicator(f">{self.block_hints(text)}", spaced=True)
        self.break_line()
        previous = " "
        pieces = re.split(r"(\n+)", text)
        for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
            if piece.startswith("\n"):
                folds = following and not {previous[0], following[0]} & set(" \t")
                for _ in range(len(piece) + bool(folds)):
                    self.break_line()
            elif piece:
                self.block_line(piece)
                previous = piece
        if not text.endswith("\n"):
            self.break_line()

    def block_line(self, line: str) -> None:
        if line:
            self.put(" " * max(self.indent, 0) + line)

    def block_hints(self, text: str) -> str:
        hints = str(self.step) if text.startswith((" ", "\n")) else ""
        if not text.endswith("\n"):
            return f"{hints}-"
        return f"{hints}+" if text == "\n" or text.endswith("\n\n") else hints


def _escape(sign: re.Match[str]) -> str:
    character = sign[0]
    if character in _SHORT_ESCAPES:
        return "\\" + _SHORT_ESCAPES[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


_NEVER_PLAIN = re.compile(
    r"""
    [,\[\]{}#&*!|>'"%@`]            # an indicator at the beginning
  | [-?:](?:\s|\Z)                  # one that is only an indicator before a blank
  | (?:---|\.\.\.)
  | .*(?::(?:\s|\Z)|\s\#)           # a key, or a comment
    """,
    re.VERBOSE | re.DOTALL,
)
_NEVER_PLAIN_IN_FLOW = re.compile(r"[?:]|.*[,?\[\]{}:]", re.DOTALL)


@dataclass(frozen=True)
class _Allowed:
    """The styles in which a text can be written so that it reads back the same."""

    plain: bool
    plain_in_flow: bool
    single_quoted: bool
    block: bool

    @classmethod
    def of(cls, text: str) -> "_Allowed":
        if not text:
            return cls(plain=True, plain_in_flow=False, single_quoted=True, block=False)
        special = bool(_UNPRINTABLE.search(text)) or " \n" in text
        outer_space = text[0] in " \n" or text[-1] in " \n"
        plain = not (special or outer_space or "\n" in text or _NEVER_PLAIN.match(text))
        return cls(
            plain=plain,
            plain_in_flow=plain and not _NEVER_PLAIN_IN_FLOW.match(text),
            single_quoted=not special and "\n " not in text,
            block=not _UNPRINTABLE_IN_BLOCKS.search(text),
        )
