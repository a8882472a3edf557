"""XML as it was written: prefixes, order of attributes, CDATA, comments, `<a/>` against `<a></a>`.

Safe by construction: a document that declares anything of its own (entities above all) is refused,
nothing is ever fetched, and depth is bounded. Finding nodes by XPath is done by libxml2 on a copy.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any  # lxml has no types for XPath results
from xml.parsers import expat
from xml.sax.saxutils import escape

from lxml import etree

MAX_DEPTH = 200

_ATTRIBUTE_ESCAPES = {'"': "&quot;", "\n": "&#xA;", "\r": "&#xD;", "\t": "&#x9;"}


class InvalidXml(ValueError):
    """The text is no XML document this product is willing to read."""


@dataclass(eq=False)
class Text:
    data: str
    is_cdata: bool = False


@dataclass(eq=False)
class Comment:
    data: str


@dataclass(eq=False)
class Instruction:
    target: str
    data: str


@dataclass(eq=False)
class Element:
    """attributes: as written, namespace declarations included, in order."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[Node]" = field(default_factory=list)
    is_short: bool = False  # written as <a/>; counts only while it is empty

    @property
    def local_name(self) -> str:
        return self.name.rpartition(":")[2]

    @property
    def elements(self) -> "list[Element]":
        return [child for child in self.children if isinstance(child, Element)]

    def descendants(self) -> "Iterator[Element]":
        """This element and all below it, in document order."""
        yield self
        for child in self.elements:
            yield from child.descendants()

    def set_text(self, text: str) -> None:
        """Replace the content; what was one CDATA section stays one."""
        match self.children:
            case [Text(is_cdata=True) as only]:
                only.data = text
            case _:
                self.children = [Text(text)] if text else []
        self.is_short = False


Node = Element | Text | Comment | Instruction


@dataclass(eq=False)
class Document:
    """declaration: the attributes of `<?xml ...?>`, None without one. doctype: as written, or ""."""

    children: list[Node] = field(default_factory=list)
    declaration: dict[str, str] | None = None
    doctype: str = ""

    @property
    def root(self) -> Element:
        return next(child for child in self.children if isinstance(child, Element))


# --- reading ---------------------------------------------------------------------------------------


def parse(text: str, *, keep_space: bool) -> Document:
    """The document. Without `keep_space`, white space between tags is dropped. Raises InvalidXml."""
    return _Reader(keep_space).read(text)


def parse_fragment(text: str, namespaces: Mapping[str, str]) -> list[Node]:
    """The nodes of `text` inside an element where `namespaces` are declared. Raises InvalidXml."""
    declared = "".join(
        f' xmlns{prefix and f":{prefix}"}="{_escaped_attribute(uri)}"'
        for prefix, uri in namespaces.items()
    )
    wrapped = f"<fragment{declared}>{text}</fragment>"
    document = parse(wrapped, keep_space=False)
    _Mirror(document)  # expat alone does not see undeclared prefixes
    return document.root.children


class _Reader:
    def __init__(self, keep_space: bool) -> None:
        self.keep_space = keep_space
        self.data = b""
        self.document = Document()
        self.open: list[list[Node]] = [self.document.children]
        self.pieces: list[str] = []  # of text that is not complete yet
        parser = expat.ParserCreate(encoding="utf-8")
        parser.ordered_attributes = True
        parser.XmlDeclHandler = self.declaration
        parser.StartDoctypeDeclHandler = self.doctype
        parser.EntityDeclHandler = self.refuse_entity
        parser.SkippedEntityHandler = self.refuse_entity
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        parser.CommentHandler = self.comment
        parser.ProcessingInstructionHandler = self.instruction
        parser.StartCdataSectionHandler = self.end_text
        parser.EndCdataSectionHandler = self.end_cdata
        self.parser = parser

    def read(self, text: str) -> Document:
        self.data = text.encode("utf-8", "replace")
        try:
            self.parser.Parse(self.data, True)
        except expat.ExpatError as reason:
            raise InvalidXml(f"not XML: {reason}") from reason
        return self.document

    def declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        self.document.declaration = {"version": version}
        if encoding:
            self.document.declaration["encoding"] = encoding
        if standalone >= 0:
            self.document.declaration["standalone"] = "yes" if standalone else "no"

    def doctype(self, name: str, system: str | None, public: str | None, has_own: int) -> None:
        if has_own:
            raise InvalidXml("not read: the document type declares something of its own")
        where = f' PUBLIC "{public}" "{system}"' if public else f' SYSTEM "{system}"'
        self.document.doctype = f"<!DOCTYPE {name}{where if system else ''}>"

    def refuse_entity(self, name: str, *_: object) -> None:
        raise InvalidXml(f"not read: it uses the entity {name!r}")

    def start(self, name: str, attributes: list[str]) -> None:
        self.end_text()
        if len(self.open) > MAX_DEPTH:
            raise InvalidXml(f"not read: nested deeper than {MAX_DEPTH}")
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        element = Element(name, dict(pairs))
        self.open[-1].append(element)
        self.open.append(element.children)

    def end(self, name: str) -> None:
        self.end_text()
        self.open.pop()
        element = self.open[-1][-1]
        # The end of <a/> is reported behind it, that of <a></a> before its end tag.
        if isinstance(element, Element):
            position = self.parser.CurrentByteIndex
            element.is_short = self.data[position - 2 : position] == b"/>"

    def text(self, data: str) -> None:
        self.pieces.append(data)

    def end_text(self) -> None:
        data = "".join(self.pieces)
        self.pieces = []
        if data and (self.keep_space or data.strip(" \t\r\n")):
            self.open[-1].append(Text(data))

    def end_cdata(self) -> None:
        self.open[-1].append(Text("".join(self.pieces), is_cdata=True))
        self.pieces = []

    def comment(self, data: str) -> None:
        self.end_text()
        self.open[-1].append(Comment(data))

    def instruction(self, target: str, data: str) -> None:
        self.end_text()
        self.open[-1].append(Instruction(target, data))


# --- writing ---------------------------------------------------------------------------------------


def write(document: Document, *, indented: bool) -> str:
    """The text with LF as line end; `indented` lays it out anew, by two blanks."""
    lines = []
    if document.declaration:
        attributes = "".join(f' {name}="{value}"' for name, value in document.declaration.items())
        lines.append(f"<?xml{attributes}?>")
    if document.doctype:
        lines.append(document.doctype)
    line_end = "\n" if indented else None
    lines += [_written(child, line_end, mixed=False) for child in document.children]
    return "\n".join(lines)


def _written(node: Node, line_end: str | None, *, mixed: bool) -> str:
    """line_end: one with the indentation of `node`, None to add none. mixed: it follows text."""
    match node:
        case Text(data, is_cdata=True):
            return "<![CDATA[" + data.replace("]]>", "]]]]><![CDATA[>") + "]]>"
        case Text(data):
            return escape(data).replace("\r", "&#xD;")
        case Comment(data):
            return f"<!--{data}-->"
        case Instruction(target, data):
            return f"<?{target} {data}?>" if data else f"<?{target}?>"
    attributes = "".join(
        f' {name}="{_escaped_attribute(value)}"' for name, value in node.attributes.items()
    )
    if not node.children:
        return (
            f"<{node.name}{attributes} />"
            if node.is_short
            else f"<{node.name}{attributes}></{node.name}>"
        )
    return f"<{node.name}{attributes}>{_content(node, line_end, mixed=mixed)}</{node.name}>"


def _content(element: Element, line_end: str | None, *, mixed: bool) -> str:
    if line_end is None:
        return "".join(_written(child, None, mixed=True) for child in element.children)
    pieces = []
    for child in element.children:
        mixed = mixed or isinstance(child, Text)
        pieces.append(
            ("" if mixed else f"{line_end}  ") + _written(child, f"{line_end}  ", mixed=mixed)
        )
    return "".join(pieces) + ("" if mixed else line_end)


def _escaped_attribute(value: str) -> str:
    return escape(value, _ATTRIBUTE_ESCAPES)


# --- finding ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """One node an XPath leads to. attribute: its name, when the node is an attribute of `parent`.

    For text, `node` is the first of the neighbouring texts that make it up.
    """

    parent: Element | Document
    node: Node | None = None
    attribute: str = ""


def find(
    document: Document, path: str, namespaces: Mapping[str, str], *, below: Element | None = None
) -> list[Found]:
    """The nodes that `path` selects, seen from `below` or the document, in document order.

    Raises ValueError when it is no XPath 1.0, or uses a prefix that `namespaces` does not have.
    A path that gives no nodes but a value finds nothing.
    """
    mirror = _Mirror(document)
    start = mirror.copies[below] if below else mirror.root.getroottree()
    given = {prefix: uri for prefix, uri in namespaces.items() if prefix}
    try:
        results = start.xpath(path, namespaces=given)
    except (etree.XPathError, ValueError) as reason:
        raise ValueError(f"{path!r} is not an XPath: {reason}") from reason
    if not isinstance(results, list):
        return []
    found = (mirror.found(result) for result in results)
    return [place for place in found if place]


class _Mirror:
    """A copy of a document in libxml2, and which node is a copy of which."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.originals: dict[Any, tuple[Element | Document, Node]] = {}
        self.copies: dict[Node, Any] = {}
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        bare = Document(document.children)
        try:
            self.root = etree.fromstring(write(bare, indented=False).encode(), parser)
        except etree.XMLSyntaxError as reason:
            raise InvalidXml(f"not XML: {reason}") from reason
        before = list(self.root.itersiblings(preceding=True))[::-1]
        self._pair(document, [*before, self.root, *self.root.itersiblings()])

    def _pair(self, parent: Element | Document, copies: list[Any]) -> None:
        originals = [child for child in parent.children if not isinstance(child, Text)]
        for original, copy in zip(originals, copies, strict=True):
            self.originals[copy] = parent, original
            self.copies[original] = copy
            if isinstance(original, Element):
                self._pair(original, list(copy))

    def found(self, result: Any) -> Found | None:
        """What an XPath result stands for; nothing for a namespace."""
        if isinstance(result, etree._Element):
            parent, node = self.originals[result]
            return Found(parent, node)
        owner = result.getparent() if hasattr(result, "is_text") else None
        if owner is None:
            return None
        parent, node = self.originals[owner]
        if result.is_attribute and isinstance(node, Element):
            position = list(owner.attrib).index(result.attrname)
            written = [name for name in node.attributes if not is_declaration(name)]
            return Found(node, attribute=written[position])
        if result.is_text and isinstance(node, Element):
            return Found(node, node.children[0])
        following = parent.children.index(node) + 1
        return Found(parent, parent.children[following])


def texts_from(parent: Element, first: Node) -> list[Text]:
    """`first` and the texts right after it."""
    rest = parent.children[parent.children.index(first) :]
    return [
        node
        for node in takewhile(lambda node: isinstance(node, Text), rest)
        if isinstance(node, Text)
    ]


def is_declaration(attribute: str) -> bool:
    """Whether an attribute declares a namespace."""
    return attribute == "xmlns" or attribute.startswith("xmlns:")


def declared_namespaces(
    document: Document, on_duplicate: Callable[[str], None] = lambda prefix: None
) -> dict[str, str]:
    """Prefix to namespace, from the whole document; of two the first, the other is reported."""
    found: dict[str, str] = {}
    for element in document.root.descendants():
        for name, uri in element.attributes.items():
            prefix = name.removeprefix("xmlns:") if is_declaration(name) else ""
            if not prefix or prefix == "xmlns":
                continue
            if found.setdefault(prefix, uri) != uri:
                on_duplicate(prefix)
    return found


_ANY_NAMESPACE = re.compile(r"""("[^"]*"|'[^']*')|(?<![\w.*-])\*:([\w.-]+)""")


def in_xpath_1(path: str) -> str:
    """`path` with the wildcard `*:name` of XPath 2.0 written as XPath 1.0 knows it."""
    return _ANY_NAMESPACE.sub(lambda piece: piece[1] or f"*[local-name()='{piece[2]}']", path)
