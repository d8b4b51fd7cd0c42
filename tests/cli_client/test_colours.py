"""The colours of a terminal: how many it has, whether they are legible, and who has which."""

import math
import re
from collections.abc import Sequence
from itertools import combinations
from typing import Final

import pytest
from prompt_toolkit.output import ColorDepth

from cli_client.colours import INDEXED_COLOURS, NAMED_COLOURS, TRUE_COLOURS, colour_depth, style_for
from cli_client.name_colours import COLOURS, NameColours, preferred_colour
from tests.support.processes import ROOT

PROTOCOL: Final = (ROOT / "docs" / "protocol.md").read_text()
XTERM: Final = {"ansired": "#cd0000", "ansimagenta": "#cd00cd", "ansibrightblue": "#5c5cff"}
CUBE: Final = ("00", "5f", "87", "af", "d7", "ff")

# How people see: all, and without red, green or blue (Machado, Oliveira and Fernandes 2009, severity 1).
SEEN: Final = (
    ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
)
# Björn Ottosson's OKLab.
TO_CONES: Final = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_LAB: Final = (
    (0.2104542553, 0.793617785, -0.0040720468),
    (1.9779984951, -2.428592205, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.808675766),
)

Three = Sequence[float]


def dot(one: Three, other: Three) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def linear(colour: str) -> Three:
    """Return linear sRGB of `#rrggbb`, or of a name by xterm's table."""
    parts = [int(XTERM.get(colour, colour)[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def times(matrix: Sequence[Three], vector: Three) -> Three:
    return [dot(row, vector) for row in matrix]


def contrasts(colour: str) -> tuple[float, float]:
    """Return the contrast on black and on white, by WCAG."""
    light = dot((0.2126, 0.7152, 0.0722), linear(colour)) + 0.05
    return light / 0.05, 1.05 / light


def seen(colour: str, who: Sequence[Three]) -> Three:
    cones = times(TO_CONES, [min(1.0, max(0.0, part)) for part in times(who, linear(colour))])
    return times(TO_LAB, [max(0.0, cone) ** (1 / 3) for cone in cones])


@pytest.mark.parametrize("palette", [TRUE_COLOURS, INDEXED_COLOURS])
def test_colours_of_names_are_told_apart_also_by_the_colour_blind(palette: tuple[str, ...]) -> None:
    assert len(set(palette)) == COLOURS
    for number, who in enumerate(SEEN):
        least = min(math.dist(seen(one, who), seen(other, who)) for one, other in combinations(palette, 2))
        assert least >= (0.035 if number else 0.09)  # as on the page


@pytest.mark.parametrize(
    ("palette", "on_black", "on_white"),
    [(TRUE_COLOURS, 3.8, 3.8), (INDEXED_COLOURS, 3.65, 3.8), (NAMED_COLOURS, 3.5, 3.5)],
)
def test_colours_of_names_are_legible_on_black_and_on_white(
    palette: tuple[str, ...], on_black: float, on_white: float
) -> None:
    assert min(contrasts(colour)[0] for colour in palette) >= on_black
    assert min(contrasts(colour)[1] for colour in palette) >= on_white


@pytest.mark.parametrize("style", ["code", "error", "ok", "prompt", "answer", "warning"])
def test_all_other_colours_are_too(style: str) -> None:
    """They are not bold as names are. No colour has more than 4.58 on both."""
    colour = f"#{style_for(ColorDepth.DEPTH_24_BIT).get_attrs_for_style_str(f'class:{style}').color}"
    assert min(contrasts(colour)) >= 4.3
    levels = (
        min(CUBE, key=lambda level: abs(int(level, 16) - int(colour[at : at + 2], 16))) for at in (1, 3, 5)
    )
    assert min(contrasts(f"#{''.join(levels)}")) >= 3.8  # where there are 256


def test_a_terminal_with_256_colours_has_exactly_these() -> None:
    for colour in INDEXED_COLOURS:
        assert all(colour[at : at + 2] in CUBE for at in (1, 3, 5))


@pytest.mark.parametrize(
    ("environment", "depth"),
    [
        ({}, ColorDepth.DEPTH_8_BIT),
        ({"TERM": "xterm-256color"}, ColorDepth.DEPTH_8_BIT),
        ({"TERM": "tmux-256color", "COLORTERM": "truecolor"}, ColorDepth.DEPTH_24_BIT),
        ({"TERM": "xterm-direct"}, ColorDepth.DEPTH_24_BIT),
        ({"TERM": "linux"}, ColorDepth.DEPTH_4_BIT),
        ({"TERM": "xterm-16color"}, ColorDepth.DEPTH_4_BIT),
        ({"TERM": "vt100"}, ColorDepth.DEPTH_1_BIT),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, ColorDepth.DEPTH_1_BIT),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, ColorDepth.DEPTH_1_BIT),
        ({"TERM": "linux", "PROMPT_TOOLKIT_COLOR_DEPTH": "DEPTH_24_BIT"}, ColorDepth.DEPTH_24_BIT),
    ],
)
def test_the_environment_says_how_many_colours_there_are(
    environment: dict[str, str], depth: ColorDepth
) -> None:
    assert colour_depth(environment) is depth


@pytest.mark.parametrize("depth", list(ColorDepth))
def test_ones_own_name_has_a_look_of_its_own(depth: ColorDepth) -> None:
    style = style_for(depth)
    own = style.get_attrs_for_style_str("class:me")
    assert own not in [style.get_attrs_for_style_str(f"class:person-{number}") for number in range(COLOURS)]
    assert not own.color


def test_the_protocol_has_the_same_colours_and_vectors() -> None:
    for number, (true, indexed) in enumerate(zip(TRUE_COLOURS, INDEXED_COLOURS, strict=True)):
        assert re.search(rf"^\| {number} \| .* \| `{true}` \| `{indexed}` \|$", PROTOCOL, re.MULTILINE)
    vectors = re.findall(r"^\| `([^`#]+)` \| (\d+) \|$", PROTOCOL, re.MULTILINE)
    assert len(vectors) > 3
    for name, colour in vectors:
        assert preferred_colour(name) == int(colour)


def test_those_present_have_different_colours_and_keep_them() -> None:
    colours = NameColours()
    colours.me = "гость 7"
    names = [f"гость {number}" for number in range(12)]
    colours.meet(names)
    given = [colours.of(name) for name in names]
    assert sorted(given) == list(range(12))
    assert given[7] == preferred_colour("ГОСТЬ 7")  # one's own comes first
    colours.joined("ещё один")
    assert colours.of("ещё один") == preferred_colour("ещё один")
    # Who comes when somebody has left takes the colour that nobody present has.
    colours.left("ещё один")
    colours.left("гость 3")
    assert colours.of("новый") == given[3]
    assert [colours.of(name) for name in names] == given
    assert colours.style("гость 7") == "class:me"
    assert colours.style("гость 3") == f"class:person-{given[3]}"
