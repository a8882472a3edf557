"""Markdown to HTML: CommonMark with tables, strike-through, sub- and superscript, and bare links."""

from functools import lru_cache

from markdown_it import MarkdownIt
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin
from mdit_py_plugins.subscript import sub_plugin
from mdit_py_plugins.superscript import superscript_plugin


@lru_cache(maxsize=1)
def _renderer() -> MarkdownIt:
    renderer = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    renderer.use(gfm_autolink_plugin).use(sub_plugin).use(superscript_plugin)
    renderer.add_render_rule("s_open", lambda *_: "<del>")
    renderer.add_render_rule("s_close", lambda *_: "</del>")
    return renderer


def to_html(text: str) -> str:
    """`text` as HTML. Raw HTML in it stays: whoever shows the result must clean it."""
    return str(_renderer().render(text.strip()))
