"""Template tags of every page. They take plain values and do no queries (ui.md 9)."""

from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from octoplat.ui import markdown as md
from octoplat.ui import times
from spaces.naming import disarmed

register = template.Library()


class Status(Protocol):
    """How a state looks: one word, one shape, one tone (ui.md 8)."""

    @property
    def word(self) -> str: ...
    @property
    def icon(self) -> str: ...
    @property
    def tone(self) -> str: ...


@cache
def _sprite() -> str:
    return static("dist/icons.svg")


@register.simple_tag
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """A symbol of the sprite. With a label it is an image that says so, else decoration."""
    said = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    return format_html(
        '<svg class="icon icon-{} {}" {}><use href="{}#{}"></use></svg>',
        name,
        extra,
        SafeString(said),
        _sprite(),
        name,
    )


@register.simple_tag
def status(shown: Status, href: str = "", title: str = "") -> SafeString:
    """The pill of a state; with an address it is a link."""
    attributes = format_html(' title="{}"', title) if title else ""
    if href:
        attributes += format_html(' href="{}"', href)
    element = "a" if href else "span"
    return format_html(
        '<{} class="status status-{}"{}>{}{}</{}>',
        element,
        shown.tone,
        SafeString(attributes),
        icon(shown.icon),
        shown.word,
        element,
    )


@register.simple_tag
def status_icon(shown: Status) -> SafeString:
    """Only the shape, for outlines beside a name; the word is for screen readers."""
    return icon(shown.icon, shown.word, f"text-{shown.tone} {'spins' * (shown.icon == 'running')}")


@register.simple_tag
def when(moment: datetime | None, otherwise: str = "never") -> SafeString:
    """A moment: relative while recent, the exact time and zone as its title."""
    if moment is None:
        return format_html('<span class="muted">{}</span>', otherwise)
    exact = times.absolute(moment)
    return format_html(
        '<time datetime="{}" title="{}" class="nowrap">{}'
        '<span class="visually-hidden"> ({})</span></time>',
        moment.isoformat(),
        exact,
        times.short(moment, timezone.now()),
        exact,
    )


@register.filter
def duration(length: timedelta | None) -> str:
    return "" if length is None else times.duration(length)


@register.filter
def markdown(text: str) -> SafeString:
    return md.rendered(text)


@register.filter
def disarm(text: str) -> str:
    """What a machine or a stranger wrote, with nothing in it that turns the line around (S29)."""
    return disarmed(text)


@register.filter
def plain_value(field: BoundField) -> str:
    """The value of a form field as text, for people who may read but not change it."""
    value = field.value()
    choices = getattr(field.field, "choices", None)
    if choices:
        names = {str(getattr(key, "value", key)): str(label) for key, label in choices}
        chosen = value if isinstance(value, list | tuple | set) else [value]
        return ", ".join(names.get(str(getattr(item, "pk", item)), "") for item in chosen) or "-"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(value or "-")
