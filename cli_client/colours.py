"""What a terminal can show of colours, and what our styles look like in it.

A terminal does not tell whether it is black or white, so the colours are legible on both. The twelve of
names have the hues of the page's; docs/protocol.md lists them.
"""

from collections.abc import Mapping
from typing import Final

from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

TRUE_COLOURS: Final = (
    *("#ff005a", "#b44b1e", "#87694b", "#878700", "#2d780f", "#00965a"),
    *("#007887", "#0087d2", "#0f5aff", "#784be1", "#b45ab4", "#e10096"),
)
"""Colours of names where any colour can be shown."""

INDEXED_COLOURS: Final = (
    *("#ff005f", "#d75f00", "#875f87", "#875f00", "#5f8700", "#00875f"),
    *("#5f8787", "#0087d7", "#005fff", "#5f5fd7", "#af5fd7", "#d700af"),
)
"""The same where there are 256: each is one of these."""

NAMED_COLOURS: Final = ("ansired", "ansimagenta", "ansibrightblue")
"""The same where there are 16: the others are hard to read on black or on white."""

_DEPTHS: Final = {depth.value: depth for depth in ColorDepth}
_NO_COLOUR: Final = ("dumb", "unknown", "vt52", "vt100", "vt102", "vt220", "vt320")
_SIXTEEN: Final = ("linux", "eterm-color", "ansi", "cygwin", "cons25")


def colour_depth(environment: Mapping[str, str]) -> ColorDepth:
    """Return how many colours the environment promises; 256 unless it says otherwise."""
    term = environment.get("TERM", "").lower()
    if environment.get("NO_COLOR") or term in _NO_COLOUR:  # https://no-color.org
        return ColorDepth.DEPTH_1_BIT
    if wanted := _DEPTHS.get(environment.get("PROMPT_TOOLKIT_COLOR_DEPTH", "")):
        return wanted
    if environment.get("COLORTERM") in ("truecolor", "24bit") or term.endswith("-direct"):
        return ColorDepth.DEPTH_24_BIT
    if term in _SIXTEEN or term.endswith(("-16color", "-color", "-8color")):
        return ColorDepth.DEPTH_4_BIT
    return ColorDepth.DEPTH_8_BIT


def style_for(depth: ColorDepth) -> Style:
    """Return what the styles of all lines look like."""
    return Style.from_dict(_COMMON | _coloured(depth) | _names(depth))


_COMMON: Final = {
    "dim": "dim",
    "highlight": "bold",
    "mention": "bold reverse",
    "found": "reverse",
    "bottom-toolbar": "noreverse",
}


def _coloured(depth: ColorDepth) -> dict[str, str]:
    if depth is ColorDepth.DEPTH_4_BIT:
        code, error, ok, prompt, warning = "ansimagenta", "ansired", "ansigreen", "ansibrightblue", "ansired"
    else:
        code, error, ok, prompt, warning = "#007fa5", "#e60000", "#008700", "#007fa5", "#af5f00"
    return {
        "code": code,
        "error": error,
        "ok": ok,
        "prompt": f"bold {prompt}",
        "answer": prompt,
        "warning": warning,
    }


def _names(depth: ColorDepth) -> dict[str, str]:
    """Return the looks of names. One's own has no colour; where nobody's has, it is underlined."""
    if depth is ColorDepth.DEPTH_1_BIT:
        return {"me": "bold underline"} | {f"person-{number}": "bold" for number in range(12)}
    colours = {ColorDepth.DEPTH_4_BIT: NAMED_COLOURS * 4, ColorDepth.DEPTH_8_BIT: INDEXED_COLOURS}.get(
        depth, TRUE_COLOURS
    )
    people = {f"person-{number}": f"bold {colour}" for number, colour in enumerate(colours)}
    return {"me": "bold"} | people
