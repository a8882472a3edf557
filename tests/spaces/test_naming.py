import pytest

from spaces.naming import SLUG, free_slug, name_key, name_problems, slug_of, text_problems


@pytest.mark.parametrize(
    "name",
    ["", "   ", "x" * 201, "nul\0", "line\nbreak", "right\u202eleft", "lone \ud800", "bell\x07"],
)
def test_names_nobody_can_read_are_refused(name):
    assert name_problems(name)


@pytest.mark.parametrize("name", ["Production", " Test ", "生产", "Ünïcode & Söhne", "a" * 200])
def test_names_people_use_are_fine(name):
    assert name_problems(name) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("Test", "tEST"), ("Test", " Test "), ("ﬁnal", "final"), ("STRASSE", "straße")],
)
def test_names_that_read_the_same_are_the_same(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Acme Shop", "acme-shop"), ("  Ärger & Co. ", "arger-co"), ("生产", "environment")],
)
def test_a_slug_comes_from_the_name(name, slug):
    assert slug_of(name, otherwise="environment") == slug
    assert SLUG.fullmatch(slug)


def test_a_taken_slug_gets_a_number():
    assert free_slug("Shop", {"shop", "shop-2"}, otherwise="project") == "shop-3"


def test_texts_have_a_limit_and_no_nul():
    assert text_problems("notes", "x" * 1_000_001) == [
        "The notes must have at most 1000000 characters, not 1000001."
    ]
    assert text_problems("notes", "a\0b")
    assert text_problems("notes", "fine") == []
