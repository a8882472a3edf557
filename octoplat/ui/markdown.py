"""Markdown that people wrote, as HTML that cannot harm those who read it. Promise S9."""

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from spaces.naming import disarmed

TAGS = {
    *("p", "br", "hr", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("ul", "ol", "li", "strong", "em", "s", "code", "pre", "a"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
LONGEST = 50_000
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}}

_parser = MarkdownIt("commonmark", {"html": False, "linkify": True}).enable(
    ["table", "strikethrough", "linkify"]
)


def rendered(text: str) -> SafeString:
    """Headings, lists, tables, code and links. Raw HTML shows as text; images are left out.

    Text over LONGEST characters is shown as it is: rendering it could take minutes (S29).
    """
    if len(text) > LONGEST:
        return format_html("<pre>{}</pre>", disarmed(text))
    html = nh3.clean(
        _parser.render(disarmed(text)),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener",
    )
    return mark_safe(html)  # noqa: S308 - nh3 leaves only the tags and attributes above
