"""XDT: one XML document that says how to change another.

Every element of the transform names the elements of the same path, narrowed by `xdt:Locator`, and
`xdt:Transform` says what happens to them. As with Microsoft's engine, Replace and Remove take only the
first of several elements, attributes are changed on all, and an element that is not found is a
warning that ends the work below it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from deployments.core import templates
from deployments.core.files import xml_tree
from deployments.core.files.dotnet.config import written
from deployments.core.files.encodings import FileText
from deployments.core.files.xml_tree import (
    Document,
    Element,
    InvalidXml,
    Node,
    Text,
    is_declaration,
)
from deployments.core.templates.lookup import Values

XDT = "http://schemas.microsoft.com/XML-Document-Transform"
IGNORE_ERRORS = "Octopus.Action.Package.IgnoreConfigTransformationErrors"
WARNINGS_ARE_ERRORS = "Octopus.Action.Package.TreatConfigTransformationWarningsAsErrors"

_CALL = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*\Z", re.DOTALL)


class TransformFailed(ValueError):
    """The transform has errors, or warnings that count as errors; all are in the text."""


@dataclass(frozen=True)
class Transformed:
    """The file's new content, and what is to be logged. With errors it is the old content."""

    data: bytes
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def apply_transform(
    data: bytes, transform: bytes, variables: Values | templates.Variables
) -> Transformed:
    """The file with the transform applied.

    `variables` say whether errors are ignored (then the file stays as it was) and whether warnings
    are errors (they are, unless switched off). Raises TransformFailed.
    """
    ignore_errors = templates.get_flag(variables, IGNORE_ERRORS, False)
    try:
        done = _transformed(data, transform)
    except ValueError as reason:
        if ignore_errors:
            return Transformed(data, errors=(f"The transform failed: {reason}",))
        raise TransformFailed(f"The transform failed: {reason}") from reason
    if done.warnings and templates.get_flag(variables, WARNINGS_ARE_ERRORS, True):
        raise TransformFailed("\n".join(done.warnings))
    return done


def _transformed(data: bytes, transform: bytes) -> Transformed:
    file = FileText.of(data)
    document = xml_tree.parse(file.text, keep_space=True)
    script = xml_tree.parse(FileText.of(transform).text, keep_space=True)
    application = _Application(document)
    application.apply(script.root, "", _Scope())
    if not any(isinstance(child, Element) for child in document.children):
        errors = ("The transform was not applied: its result has no root element.",)
        return Transformed(data, tuple(application.warnings), errors)
    return Transformed(written(file, document), tuple(application.warnings))


@dataclass(frozen=True)
class _Scope:
    """The namespaces declared around an element of the transform."""

    namespaces: Mapping[str, str] = field(default_factory=dict)

    def inside(self, element: Element) -> "_Scope":
        declared = {
            name.removeprefix("xmlns").removeprefix(":"): uri
            for name, uri in element.attributes.items()
            if is_declaration(name)
        }
        return _Scope({**self.namespaces, **declared}) if declared else self

    def name_of(self, name: str) -> tuple[str, str]:
        """Namespace and local name of an element."""
        prefix, _, local = name.rpartition(":")
        return self.namespaces.get(prefix, ""), local

    def instruction(self, element: Element, kind: str) -> str | None:
        """The value of xdt:Transform or xdt:Locator."""
        for name, value in element.attributes.items():
            if ":" in name and self.name_of(name) == (XDT, kind):
                return value
        return None

    def without_instructions(self, element: Element) -> Element:
        """A copy to put into the document, without anything of XDT."""
        scope = self.inside(element)
        kept = {
            name: value
            for name, value in element.attributes.items()
            if value != XDT and not (":" in name and scope.name_of(name)[0] == XDT)
        }
        children = [
            scope.without_instructions(child) if isinstance(child, Element) else child
            for child in element.children
        ]
        return Element(element.name, kept, children, element.is_short)


@dataclass
class _Application:
    document: Document
    warnings: list[str] = field(default_factory=list)

    def apply(self, element: Element, parent_path: str, outer: _Scope) -> None:
        """Do what `element` and everything below it say. parent_path: the XPath of its parents."""
        scope = outer.inside(element)
        if scope.name_of(element.name)[0] == XDT:
            return  # xdt:Import and the like name code, which is never loaded
        path = self.path(element, parent_path, scope)
        instruction = scope.instruction(element, "Transform")
        if instruction is not None and not self.transform(
            element, path, parent_path, instruction, scope
        ):
            return
        for child in element.elements:
            self.apply(child, path, scope)

    def path(self, element: Element, parent_path: str, scope: _Scope) -> str:
        namespace, local = scope.name_of(element.name)
        step = f"*[local-name()={_quoted(local)} and namespace-uri()={_quoted(namespace)}]"
        own = f"{parent_path}/{step if namespace else local}"
        locator = scope.instruction(element, "Locator")
        if locator is None:
            return own
        name, argument = _call(locator)
        match name:
            case "XPath":
                return argument if argument.startswith("/") else f"{parent_path}/{argument}"
            case "Condition":
                return f"{own}[{argument}]"
            case "Match":
                conditions = (
                    f"@{key}={_quoted(_attribute(element, key))}" for key in _names(argument)
                )
                return f"{own}[{' and '.join(conditions)}]"
        raise ValueError(f"Could not resolve {name!r} as a type of Locator")

    def transform(
        self, element: Element, path: str, parent_path: str, instruction: str, scope: _Scope
    ) -> bool:
        """Whether there was something to work on."""
        name, argument = _call(instruction)
        action = _ACTIONS.get(name)
        if action is None:
            raise ValueError(f"Could not resolve {name!r} as a type of Transform")
        uses_parent = name in ("Insert", "InsertIfMissing")
        if name == "InsertIfMissing" and self.find(path, scope):
            return True
        targets = self.find(parent_path if uses_parent else path, scope)
        if name in ("InsertBefore", "InsertAfter"):
            where = argument if argument.startswith("/") else f"{parent_path}/{argument}"
            targets = self.find(where, scope)
            if not targets:
                raise ValueError(f"No element in the source document matches {where!r}")
        if not targets:
            missing = parent_path if uses_parent else path
            self.warnings.append(f"No element in the source document matches {missing!r}")
            return False
        action(_Step(self, element, targets, argument, scope))
        return True

    def find(self, path: str, scope: _Scope) -> list[tuple[Element | Document, Element]]:
        """The elements at `path`, each with its parent."""
        if not path:
            return []
        given = {prefix: uri for prefix, uri in scope.namespaces.items() if prefix}
        found = xml_tree.find(self.document, path, given)
        return [(place.parent, place.node) for place in found if isinstance(place.node, Element)]


@dataclass(frozen=True)
class _Step:
    """One xdt:Transform with the elements it applies to, each with its parent."""

    application: _Application
    element: Element
    targets: list[tuple[Element | Document, Element]]
    argument: str
    scope: _Scope

    @property
    def copy(self) -> Element:
        return self.scope.without_instructions(self.element)

    def replace(self) -> None:
        parent, target = self.targets[0]
        parent.children[parent.children.index(target)] = self.copy

    def remove(self) -> None:
        _remove(*self.targets[0])

    def remove_all(self) -> None:
        for parent, target in self.targets:
            _remove(parent, target)

    def insert(self) -> None:
        _append(self.targets[0][1], self.copy)

    def insert_before(self) -> None:
        parent, target = self.targets[0]
        position = parent.children.index(target)
        parent.children[position:position] = [self.copy, *_space_before(parent, position)]

    def insert_after(self) -> None:
        parent, target = self.targets[0]
        position = parent.children.index(target)
        space = _space_before(parent, position)
        parent.children[position + 1 : position + 1] = [*space, self.copy]

    def set_attributes(self) -> None:
        given = {
            name: value for name, value in self.copy.attributes.items() if not is_declaration(name)
        }
        names = _names(self.argument) if self.argument else list(given)
        for _, target in self.targets:
            for name in names:
                if name in given:
                    target.attributes[name] = given[name]
        missing = [name for name in names if name not in given]
        if missing or not names:
            self.application.warnings.append(f"No attributes {', '.join(missing)} found to set")

    def remove_attributes(self) -> None:
        names = _names(self.argument) if self.argument else []
        removed = 0
        for _, target in self.targets:
            for name in names or list(target.attributes):
                removed += target.attributes.pop(name, None) is not None
        if not removed:
            self.application.warnings.append(f"No attributes {', '.join(names)} found to remove")


_ACTIONS: dict[str, Callable[[_Step], None]] = {
    "Replace": _Step.replace,
    "Remove": _Step.remove,
    "RemoveAll": _Step.remove_all,
    "Insert": _Step.insert,
    "InsertIfMissing": _Step.insert,
    "InsertBefore": _Step.insert_before,
    "InsertAfter": _Step.insert_after,
    "SetAttributes": _Step.set_attributes,
    "RemoveAttributes": _Step.remove_attributes,
}


# --- white space: an inserted element stands like its neighbours ------------------------------------


def _remove(parent: Element | Document, target: Element) -> None:
    position = parent.children.index(target)
    start = position - len(_space_before(parent, position))
    del parent.children[start : position + 1]


def _append(parent: Element, child: Element) -> None:
    last = max(
        (at for at, node in enumerate(parent.children) if isinstance(node, Element)), default=-1
    )
    space = _space_before(parent, last) if last >= 0 else []
    parent.children[last + 1 : last + 1] = [*space, child]


def _space_before(parent: Element | Document, position: int) -> list[Node]:
    """A copy of the white space before a child; empty when there is other text or nothing."""
    before = parent.children[position - 1] if position > 0 else None
    if isinstance(before, Text) and not before.data.strip():
        return [Text(before.data)]
    return []


# --- arguments -------------------------------------------------------------------------------------


def _call(text: str) -> tuple[str, str]:
    """`Name(argument)` or `Name`."""
    call = _CALL.match(text)
    if call is None:
        raise ValueError(f"{text!r} is not a locator or transform")
    return call[1], (call[2] or "").strip()


def _names(argument: str) -> list[str]:
    return [name.strip() for name in argument.split(",") if name.strip()]


def _attribute(element: Element, name: str) -> str:
    if name not in element.attributes:
        raise InvalidXml(f"<{element.name}> has no attribute {name!r} to match")
    return element.attributes[name]


def _quoted(text: str) -> str:
    if '"' not in text:
        return f'"{text}"'
    parts = (f"'{part}'" if part == '"' else f'"{part}"' for part in re.split('(")', text) if part)
    return f"concat({', '.join(parts)}, '')"
