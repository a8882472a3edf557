"""Counting versions up. variables-and-versions.md 6.6."""

import pytest

from deployments.core.versions import (
    InvalidVersion,
    apply_mask,
    is_mask,
    latest_masked,
    next_version,
)


@pytest.mark.parametrize(
    ("mask", "latest", "expected"),
    [
        ("1.2.3-alpha.i", None, "1.2.3-alpha.0"),
        ("c.c.i", None, "0.0.0"),
        ("i.i.i", "1.2.3", "2.0.0"),
        ("c.i.c", "1.2.3", "1.3.0"),
        ("i.c.c", "1.2.3", "2.0.3"),
        ("i.c.c-test", "0.0.0.0", "1.0.0.0-test"),
        ("Vc.c.i", "1.2.3", "V1.2.4"),
        ("1.2.3-alpha.i", "1.2.3-alpha.25", "1.2.3-alpha.26"),
        ("c.c.c-i", "1.2.3", "1.2.3-1"),
        ("c.c.i", "1.2.3-beta", "1.2.4"),
        ("1.0.0-i.c.i", "1.0.0-4.5.6", "1.0.0-5.0.7"),
        ("c.c.i+build.i", "1.2.3+build.9", "1.2.4+build.10"),
        ("c.c.i", "1. 2. 3", "1.2.4"),
        ("c.c.c_i", "1.2.3", "c.c.c_i"),
    ],
)
def test_masks_count_on_from_the_current_version(mask, latest, expected):
    assert apply_mask(mask, latest) == expected


@pytest.mark.parametrize("mask", ["1.2.i", "vc.c.i", "i", "1.0-a.i", "1.0-a.c", "1.0+b.i"])
def test_these_are_masks(mask):
    assert is_mask(mask)


@pytest.mark.parametrize("mask", ["1.2.3", "1.2.ii", "1.0-i", "1.0-a-i", " 1.i", "next", "i" * 300])
def test_these_are_none(mask):
    assert not is_mask(mask)


@pytest.mark.parametrize("mask", ["1.2.3- i", "a b", ""])
def test_text_that_is_neither_mask_nor_version_is_refused(mask):
    with pytest.raises(InvalidVersion):
        apply_mask(mask, "1.2.3")


def test_the_latest_for_a_mask_agrees_before_its_first_letter():
    assert latest_masked("1.2.i", ["1.2.3", "1.2.10", "1.3.0", "2.0.0"]) == ["1.2.10"]
    assert latest_masked("2.i", ["1.2.3"]) == []


def test_versions_that_differ_in_metadata_alone_are_all_the_latest():
    assert latest_masked("1.i", ["1.2+b", "1.1", "1.2+a"]) == ["1.2+b", "1.2+a"]


@pytest.mark.parametrize(
    ("template", "latest", "expected"),
    [
        ("2026.7.i", None, "2026.7.0"),
        ("2026.7.i", "2026.7.4", "2026.7.5"),
        ("1.2.3", "1.2.3.4", "1.2.3"),
        ("release-7", "1.0", "release-7"),
    ],
)
def test_the_next_release_number_follows_the_template(template, latest, expected):
    assert next_version(template, latest) == expected


def test_a_number_that_no_longer_fits_is_refused():
    with pytest.raises(InvalidVersion):
        next_version("1.i", "1.2147483647")
