"""Reading OCL. variables-and-versions.md 8."""

import re

from deployments.core.ocl.elements import (
    MOST_LEVELS,
    Attribute,
    Block,
    Element,
    Heredoc,
    Map,
    Value,
)

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"[ \t\r\n]*")
_LINE_END = re.compile(r"[ \t]*\r?\n")
_ELEMENT_END = re.compile(r"[ \t]*(?=[\r\n}]|\Z)")
_NAME = re.compile(r"[\w-]+")
_BARE_KEY = re.compile(r'[^\s"=]+')
_QUOTED = re.compile(r'"([^"\\\r\n]*(?:\\.[^"\\\r\n]*)*)"')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_WORD = re.compile(r"(?:null|true|false)(?![\w.-])")
_NUMBER = re.compile(r"-?\d+(?P<fraction>\.\d+)?(?![\w.-])", re.ASCII)
_HEREDOC = re.compile(r"<<(?P<dash>-|(?!-))(?P<tag>\S+)[ \t]*\r?\n")
_HEREDOC_LINE = re.compile(r"[^\n]*(?:\n|\Z)")

_WORDS = {"null": None, "true": True, "false": False}
_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\", '"': '"'}
_MOST_NUMBER = 40  # characters: no value of ours is longer, and int() takes only so many


class OclError(ValueError):
    """The text is no OCL. line, column: where, both from 1."""

    def __init__(self, reason: str, text: str, at: int) -> None:
        self.line = text.count("\n", 0, at) + 1
        self.column = at - (text.rfind("\n", 0, at) + 1) + 1
        super().__init__(f"Line {self.line}, column {self.column}: {reason}")


def parse(text: str) -> list[Element]:
    """The elements of a document in their order. Raises OclError."""
    return _Reader(text).document()


class _Reader:
    """A position that moves over the text; each method reads what it is named after."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def document(self) -> list[Element]:
        found = self._elements(0)
        if self._at < len(self._text):
            raise self._error("This } closes nothing.")
        return found

    def _elements(self, level: int) -> list[Element]:
        """All elements up to a closing brace or the end, neither of which is taken."""
        self._check_level(level)
        found: list[Element] = []
        self._take(_BLANK)
        while self._at < len(self._text) and not self._next_is("}"):
            found.append(self._element(level))
            self._end_of_element()
        return found

    def _element(self, level: int) -> Element:
        name = self._take(_NAME)
        if name is None:
            raise self._error("A name is expected here.")
        self._take(_SPACE)
        if self._skip("="):
            return Attribute(name, self._value(level))
        labels = []
        while self._next_is('"'):
            labels.append(self._quoted())
            self._take(_SPACE)
        return Block(name, tuple(labels), tuple(self._body(name, level)))

    def _body(self, name: str, level: int) -> list[Element]:
        opened = self._at
        if not self._skip("{"):
            raise self._error(
                f"After {name!r} comes = and a value, or a block in braces on the same line."
            )
        self._take(_SPACE)
        if self._skip("}"):
            return []
        if self._take(_LINE_END) is None:
            raise self._error("A new line is expected after {.")
        children = self._elements(level + 1)
        if not self._skip("}"):
            raise self._error("This { is never closed.", opened)
        return children

    def _value(self, level: int) -> Value:
        self._take(_SPACE)
        if self._next_is("{"):
            return self._map(level + 1)
        if self._next_is("["):
            return self._list()
        if self._next_is("<<"):
            return self._heredoc()
        return self._scalar("null, true, false, a number, text in quotes, [, { or <<")

    def _scalar(self, expected: str) -> bool | int | float | str | None:
        if self._next_is('"'):
            return self._quoted()
        if (word := self._take(_WORD)) is not None:
            return _WORDS[word]
        start, number = self._at, _NUMBER.match(self._text, self._at)
        if number is None:
            raise self._error(f"A value is expected here: {expected}.")
        if len(number[0]) > _MOST_NUMBER:
            raise self._error("This number is too long.", start)
        self._at = number.end()
        return float(number[0]) if number["fraction"] else int(number[0])

    def _quoted(self) -> str:
        match = _QUOTED.match(self._text, self._at)
        if match is None:
            raise self._error("This text is not closed on its line.")
        self._at = match.end()
        return _ESCAPE.sub(lambda escape: self._unescaped(escape, match.start(1)), match[1])

    def _unescaped(self, escape: "re.Match[str]", offset: int) -> str:
        if escape[1] not in _ESCAPES:
            raise self._error(
                f"Unrecognised character escape: \\{escape[1]}.", offset + escape.start()
            )
        return _ESCAPES[escape[1]]

    def _list(self) -> Value:
        """Items of one kind: text, integers or decimals."""
        self._skip("[")
        self._take(_BLANK)
        items: list[str | int | float] = []
        while not self._skip("]"):
            if items:
                self._expect(",", "A comma or ] is expected here.")
                self._take(_BLANK)
            start, item = self._at, self._scalar("text in quotes or a number")
            if item is None or isinstance(item, bool):
                raise self._error("A list holds text or numbers only.", start)
            if items and type(item) is not type(items[0]):
                raise self._error("All items of a list must be of one kind.", start)
            items.append(item)
            self._take(_BLANK)
        return items  # type: ignore[return-value]  # of one kind, as just checked

    def _map(self, level: int) -> Map:
        self._check_level(level)
        opened = self._at
        self._skip("{")
        self._take(_BLANK)
        entries: Map = {}
        while not self._skip("}"):
            if self._at == len(self._text):
                raise self._error("This { is never closed.", opened)
            start, key = self._at, self._key()
            if key in entries:
                raise self._error(f"The key {key!r} is given twice.", start)
            self._take(_SPACE)
            self._expect("=", f"= is expected after the key {key!r}.")
            entries[key] = self._value(level)
            self._end_of_element()
        return entries

    def _key(self) -> str:
        if self._next_is('"'):
            return self._quoted()
        key = self._take(_BARE_KEY)
        if key is None:
            raise self._error("A key is expected here.")
        return key

    def _heredoc(self) -> Heredoc:
        opened, opening = self._at, _HEREDOC.match(self._text, self._at)
        if opening is None:
            raise self._error("A tag must follow << directly and end the line.")
        self._at = opening.end()
        tag, lines = opening["tag"], list[str]()
        while self._at < len(self._text):
            line = self._take(_HEREDOC_LINE) or ""
            if line.strip(" \t\r\n") == tag:
                self._at += len(line.rstrip(" \t\r\n")) - len(line)
                last = line[: line.index(tag)]
                return Heredoc(
                    _heredoc_text(lines, last, opening["dash"]), tag, bool(opening["dash"])
                )
            lines.append(line.removesuffix("\n"))
        raise self._error(f"This text is never ended by a line with {tag} alone.", opened)

    # --- moving -------------------------------------------------------------------------------------

    def _take(self, pattern: "re.Pattern[str]") -> str | None:
        match = pattern.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return match[0]

    def _next_is(self, mark: str) -> bool:
        return self._text.startswith(mark, self._at)

    def _skip(self, mark: str) -> bool:
        found = self._next_is(mark)
        if found:
            self._at += len(mark)
        return found

    def _expect(self, mark: str, reason: str) -> None:
        if not self._skip(mark):
            raise self._error(reason)

    def _end_of_element(self) -> None:
        if self._take(_ELEMENT_END) is None:
            raise self._error("Nothing more may stand on this line.")
        self._take(_BLANK)

    def _check_level(self, level: int) -> None:
        if level > MOST_LEVELS:
            raise self._error(f"Blocks nest deeper than {MOST_LEVELS} levels.")

    def _error(self, reason: str, at: int | None = None) -> OclError:
        return OclError(reason, self._text, self._at if at is None else at)


def _heredoc_text(lines: list[str], before_tag: str, dash: str) -> str:
    """The lines without the indentation they share; line ends are CR LF where the lines have one."""
    line_end = "\r\n" if any(line.endswith("\r") for line in lines) else "\n"
    lines = [line.removesuffix("\r") for line in lines]
    if dash:
        written = [line for line in lines if line.strip(" \t")]
        depth = min([len(before_tag), *(len(line) - len(line.lstrip(" \t")) for line in written)])
        lines = [line[depth:] for line in lines]
    return line_end.join(lines)
