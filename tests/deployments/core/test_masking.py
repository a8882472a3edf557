import base64
import json
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.ansi import plain
from deployments.core.masking import REPLACEMENT, Masker, MaskSet, StreamMasker, expansions

SECRET = "s3cr3t/p@ss'w\"rd&<x>"
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nc2hvcnQ=\n-----END KEY-----"

ENCODINGS = {
    "as it is": lambda value: value,
    "in a URL": lambda value: quote(value, safe=""),
    "in a form": quote_plus,
    "in JSON": lambda value: json.dumps(value)[1:-1],
    "in a shell word": shlex.quote,
    "in hex": lambda value: value.encode().hex(),
    "in upper-case hex": lambda value: value.encode().hex().upper(),
    "in base64": lambda value: base64.b64encode(value.encode()).decode(),
    "in base64 after one byte": lambda value: base64.b64encode(b":" + value.encode()).decode(),
    "in base64url after two": lambda value: base64.urlsafe_b64encode(b"u:" + value.encode()).decode(),
}  # fmt: skip

# Few letters, so that secrets overlap, contain each other and touch.
secrets = st.lists(st.text("ab1 \n'+", min_size=4, max_size=10), min_size=1, max_size=4)


def in_chunks(masks: MaskSet, chunks: list[str]) -> str:
    masker = StreamMasker[None](masks)
    return "".join(map(masker.feed, chunks)) + masker.flush()


@st.composite
def cut_texts(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Secrets, and chunks of a text that holds them in some encodings."""
    values = draw(secrets)
    encoded = st.builds(lambda how, value: how(value), st.sampled_from([*ENCODINGS.values()]),
                        st.sampled_from(values))  # fmt: skip
    parts = draw(st.lists(encoded | st.text("ab1 \n'+", max_size=4), max_size=8))
    text = plain("".join(parts))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return values, [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@pytest.mark.promise("S2")
@given(cut_texts())
def test_no_spelling_of_a_secret_comes_through_and_chunks_do_not_matter(given_):
    values, chunks = given_
    masks = MaskSet(values)

    masked = in_chunks(masks, chunks)

    assert masked == masks.mask("".join(chunks))
    for kept in masked.split(REPLACEMENT):
        assert not [p for value in values for p in expansions(value) if p in kept]


@pytest.mark.promise("S2")
@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_a_secret_is_found_in_every_spelling(encode):
    masked = MaskSet([SECRET]).mask(f"before {encode(SECRET)} after")

    assert REPLACEMENT in masked
    assert SECRET not in masked
    assert encode(SECRET)[4:-4] not in masked


@pytest.mark.promise("S2")
def test_a_secret_cut_by_a_read_boundary_is_found():
    masker = StreamMasker[None](MaskSet(["hunter2"]))

    assert [masker.feed("password: hun"), masker.feed("ter"), masker.feed("2\n")] == [
        "password: ",
        "",
        "********\n",
    ]


def test_text_that_only_began_like_a_secret_is_released():
    masker = StreamMasker[None](MaskSet(["hunter2"]))

    assert masker.feed("a hunt") == "a "
    assert masker.feed("ing dog") == "hunting dog"


@pytest.mark.promise("S2")
@pytest.mark.parametrize(
    ("values", "text", "masked"),
    [
        (["secret", "secretlong"], "a secretlong b", "a ******** b"),
        (["abcdef", "defghi"], "abcdefghi", "********"),
        (["abcd", "abcdefgh"], "abcdefg", "********efg"),
        (["aaaa"], "a" * 1000, "********"),
    ],
)
def test_overlapping_secrets_are_replaced_together(values, text, masked):
    assert MaskSet(values).mask(text) == masked
    assert in_chunks(MaskSet(values), list(text)) == masked


@pytest.mark.promise("S2")
def test_a_key_is_masked_whole_and_line_by_line():
    masks = MaskSet([KEY])

    assert masks.mask(f"<{KEY}>") == "<********>"
    assert plain(masks.mask(KEY.replace("\n", "\r\n"))) == REPLACEMENT
    assert masks.mask(f"line 2 is {KEY.splitlines()[1]}") == "line 2 is ********"


@pytest.mark.promise("S2")
def test_a_long_secret_is_found_in_base64_broken_into_lines():
    secret = "0123456789" * 12

    masked = MaskSet([secret]).mask(base64.encodebytes(secret.encode()).decode())

    assert masked.replace(REPLACEMENT, "").strip() in ("", "==")


@pytest.mark.promise("S2")
@pytest.mark.parametrize("hidden", ["hun\x1b[31mter2", "hun\rter2", "h\x00unter\x1b]0;t\x072"])
def test_control_sequences_inside_do_not_hide_a_secret(hidden):
    masked = MaskSet(["hunter2"]).mask(f"\x1b[1ma {hidden}\x1b[0m b")

    assert plain(masked) == "a ******** b"
    assert masked.startswith("\x1b[1ma ")


@pytest.mark.promise("S2")
def test_a_secret_made_during_the_run_is_hidden_in_text_still_held_back():
    masker = StreamMasker[None](MaskSet(["topside"]))
    released = masker.feed("it is top")

    masker.masks = masker.masks.with_values(["topsecret"])

    assert released + masker.feed("secret") + masker.flush() == "it is ********"


@pytest.mark.parametrize("value", ["", "a", "abc", "  abc  "])
def test_secrets_of_three_characters_are_left_alone(value):
    assert MaskSet([value]).mask("a abc") == "a abc"


def test_blanks_around_a_secret_do_not_matter():
    assert MaskSet([" hunter2\n"]).mask("x=hunter2;") == "x=********;"


def test_marks_keep_their_order_and_leave_secrets():
    masker = StreamMasker[int](MaskSet(["hunter2"]))

    items = masker.feed_marked([1, "a hun", 2, "ter2", 3, " b", 4]) + masker.flush_marked()

    assert items == [1, "a ", REPLACEMENT, 2, 3, " b", 4]


def test_what_is_held_back_is_bounded_by_the_longest_secret():
    masker = StreamMasker[None](MaskSet(["a" * 50]))

    released = sum(len(masker.feed("a" * 100)) for _ in range(100))

    assert released == len(REPLACEMENT)
    assert len(masker._held) <= 50


def test_a_masker_grows():
    masker = Masker(["first-secret"])

    masker.add(["second-secret"])

    assert masker.mask("first-secret second-secret") == "******** ********"
