"""Colours keep their distance: from their background for everybody, from each other for the colour-blind."""

import re
from itertools import combinations
from pathlib import Path

import pytest

TOKENS = Path("octoplat/frontend/styles/tokens.css").read_text()
PAIR = re.compile(r"--oc-([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
COLOURS = {name: {"light": light, "dark": dark} for name, light, dark in PAIR.findall(TOKENS)}
THEMES = ("light", "dark")
ON_BACKGROUND = [
    (text, ground)
    for text in ("text", "muted", "link", "failed-text", "warning-text", "succeeded-text")
    for ground in ("bg", "surface", "hover", "raised")
]
ON_TINT = [
    (f"{tone}-text", f"{tone}-tint")
    for tone in ("succeeded", "warning", "failed", "running", "attention", "queued")
]
ANSI = [(name, "log") for name in COLOURS if name.startswith("ansi-")]
SHAPES = [("border", "bg"), ("border", "raised"), ("link", "bg"), ("primary", "bg")]

# Machado, Oliveira and Fernandes 2009, full severity, over linear RGB.
BLINDNESS = {
    "red-blind": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "green-blind": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}


@pytest.mark.promise("U6")
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("text", "ground"), [*ON_BACKGROUND, *ON_TINT, *ANSI, ("on-primary", "primary")]
)
def test_text_stands_out_from_its_ground(theme, text, ground):
    assert contrast(COLOURS[text][theme], COLOURS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_borders_of_fields_and_focus_rings_stand_out(theme, shape, ground):
    assert contrast(COLOURS[shape][theme], COLOURS[ground][theme]) >= 3


@pytest.mark.promise("U6")
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize(
    ("one", "other"), list(combinations(["succeeded-text", "failed-text", "running-text"], 2))
)
def test_states_stay_apart_for_the_colour_blind(theme, blindness, one, other):
    seen = [lab(simulated(COLOURS[name][theme], BLINDNESS[blindness])) for name in (one, other)]

    assert distance(*seen) >= 19


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: 1 to 21."""
    lighter, darker = sorted((luminance(linear(one)), luminance(linear(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(rgb: tuple[float, ...]) -> float:
    red, green, blue = rgb
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(colour: str) -> tuple[float, ...]:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)


def simulated(colour: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    rgb = linear(colour)
    return tuple(max(0.0, sum(a * b for a, b in zip(row, rgb, strict=True))) for row in matrix)


def lab(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    red, green, blue = rgb
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distance(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Delta E, CIE 1976."""
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5
