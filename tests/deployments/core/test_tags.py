"""Whom tags mean. domain.md 23.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.tags import TagFilter, carries, in_words, split_name

names = st.sampled_from(["Ring/Alpha", "Ring/Beta", "Type/VIP", "Type/Trial", "Region/EU"])
some = st.frozensets(names)


def test_the_example_of_the_reference():
    """Capital, and whoever is VIP and in Alpha or Beta."""
    meant = TagFilter(frozenset({"Capital"}), ("Type/VIP", "Ring/Alpha", "Ring/Beta"))
    everyone = {
        "Capital": [],
        "North": ["Type/VIP", "Ring/Beta"],
        "South": ["Ring/Alpha"],
        "West": ["Type/VIP", "Region/EU"],
    }

    assert meant.among(everyone) == ["Capital", "North"]


def test_case_does_not_matter():
    assert carries(["ring/ALPHA"], {"Ring/Alpha"})


def test_an_empty_filter_means_nobody_but_everybody_carries_no_tags_at_all():
    assert TagFilter[int]().is_empty
    assert not TagFilter[int]().means(1, ["Ring/Alpha"])
    assert carries([], [])


@given(wanted=some, carried=some)
def test_one_of_each_set_is_what_it_takes(wanted, carried):
    sets = {name.split("/")[0] for name in wanted}

    expected = all(any(n in carried and n.startswith(f"{s}/") for n in wanted) for s in sets)

    assert carries(wanted, carried) is expected


@given(wanted=some, carried=some, more=some)
def test_carrying_more_never_excludes(wanted, carried, more):
    if carries(wanted, carried):
        assert carries(wanted, carried | more)


@given(ids=st.frozensets(st.integers(1, 3)), tags=some, carried=some, who=st.integers(1, 3))
def test_ids_are_added_to_those_whom_tags_mean(ids, tags, carried, who):
    meant = TagFilter(ids, tuple(tags))

    assert meant.means(who, carried) is (who in ids or (bool(tags) and carries(tags, carried)))


@pytest.mark.parametrize("text", ["", "Ring", "/Alpha", "Ring/ ", " /x"])
def test_what_has_no_set_and_tag_is_no_tag(text):
    with pytest.raises(ValueError, match="Set/Tag"):
        split_name(text)


def test_a_free_text_may_hold_slashes():
    assert split_name("Path/a/b") == ("Path", "a/b")


def test_tags_are_read_as_they_are_meant():
    assert in_words(["Ring/Alpha", "Ring/Beta", "Type/VIP"]) == "(Alpha or Beta) and VIP"
    assert in_words(["Ring/Alpha", "Ring/Beta"]) == "Alpha or Beta"
