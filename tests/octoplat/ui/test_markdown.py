"""What people write in Markdown reaches others as text and links, never as code."""

from html.parser import HTMLParser

import pytest

from octoplat.ui.markdown import rendered

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](https://elsewhere.example/pixel.png)",
    '<a href="https://x.example" onclick="alert(1)" style="position:fixed">x</a>',
    "```<script>\nalert(1)\n```",
    '[x](https://x.example "\\" onmouseover=alert(1))',
]


def test_lists_emphasis_code_and_tables_are_drawn():
    html = rendered("1. **open** it\n2. say `hello`\n\n| a |\n|---|\n| b |")

    for tag in ("<ol>", "<strong>open</strong>", "<code>hello</code>", "<td>b</td>"):
        assert tag in html


def test_addresses_become_links_that_pass_nothing_on():
    assert '<a href="https://octoplat.example/1" rel="nofollow noopener">' in rendered(
        "see https://octoplat.example/1"
    )


@pytest.mark.promise("S9")
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_runs_or_loads_survives(text):
    tags = Tags()
    tags.feed(rendered(text))

    assert tags.found <= {"p", "a", "pre", "code"}
    assert tags.attributes <= {("a", "href"), ("a", "rel"), ("a", "title"), ("code", "class")}
    assert all(address.startswith("https://") for address in tags.addresses)


@pytest.mark.promise("S29")
def test_a_huge_text_is_shown_as_it_is():
    assert rendered("[" * 60_000 + "<b>") == f"<pre>{'[' * 60_000}&lt;b&gt;</pre>"


@pytest.mark.promise("S29")
def test_nothing_turns_the_text_around():
    assert rendered("see \u202eexe.txt") == "<p>see \\u202eexe.txt</p>\n"


class Tags(HTMLParser):
    """What a browser would make of the text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name == "href"]
