"""Cleans the output of a command, in which colours are the only control sequences that are kept.

That is SGR (ECMA-48, 8.3.117; `ESC [ … m`), and of its parameters 0-9, 21-29, 30-49, 90-107, and `38;5;n`,
`48;5;n`, `38;2;r;g;b` and `48;2;r;g;b` (ITU-T T.416 as terminals write it). Who sends, the server and who
shows it clean it in the same way: `tests/sgr_vectors.json` has examples for all of them.

Each line begins without colours.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chat_protocol.text import without_controls

_MAX_PARAMETERS: Final = 64
"""Longest parameters of one sequence, in characters."""

_SGR: Final = re.compile(rf"\x1b\[([0-9;]{{0,{_MAX_PARAMETERS}}})m")
"""With its parameters; one with more of them, or with colons, is removed as any other sequence."""

_KEPT: Final = frozenset(map(str, (*range(10), *range(21, 30), *range(30, 50), *range(90, 108)))) - {
    "38",
    "48",
}

Colour = int | tuple[int, int, int]
"""A number of the palette of 256, of which the first 16 are the terminal's own, or red, green and blue."""


class Style(Struct, frozen=True, omit_defaults=True):
    """How a part of a line is shown."""

    foreground: Colour | None = None
    background: Colour | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    blink: bool = False
    inverse: bool = False
    hidden: bool = False
    strike: bool = False


Span = tuple[str, Style]

_ON: Final = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    5: {"blink": True},
    6: {"blink": True},
    7: {"inverse": True},
    8: {"hidden": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    25: {"blink": False},
    27: {"inverse": False},
    28: {"hidden": False},
    29: {"strike": False},
}
"""What each parameter that is no colour changes; the others of the whitelist have no effect."""


def clean_output(text: str) -> str:
    """Return the output of a command without all but printable characters, LF, tab and the colours.

    What it returns is returned unchanged.
    """
    if "\x1b" not in text:  # nearly always of a flood
        return _clean_plain(text)
    parts = _SGR.split(text)
    parts[::2] = map(_clean_plain, parts[::2])
    parts[1::2] = map(_kept, parts[1::2])
    return "".join(parts)


def without_colours(text: str) -> str:
    """Return cleaned output without its colours."""
    return _SGR.sub("", text)


def spans(line: str) -> list[Span]:
    """Return the parts of one line of cleaned output, each with its style; neighbours differ in it."""
    found: list[Span] = []
    style = Style()
    for number, part in enumerate(_SGR.split(line)):
        if number % 2:
            style = _after(style, part)
        elif part and found and found[-1][1] == style:
            found[-1] = (found[-1][0] + part, style)
        elif part:
            found.append((part, style))
    return found


def _clean_plain(text: str) -> str:
    if text.replace("\n", "").isprintable():
        return text
    return without_controls(text)


def _kept(parameters: str) -> str:
    """Return an SGR sequence with those of the parameters that are kept, nothing if there are none."""
    kept = ";".join([one for parameter in _split(parameters) for one in parameter])
    return f"\x1b[{kept}m" if 0 < len(kept) <= _MAX_PARAMETERS else ""


def _split(parameters: str) -> Iterator[list[str]]:
    """Yield the parameters that are kept, a colour with all that belongs to it."""
    rest = [one.lstrip("0") or "0" for one in parameters.split(";")]
    while rest:
        first = rest.pop(0)
        if first in _KEPT:
            yield [first]
        elif first in ("38", "48") and rest:
            count = {"5": 2, "2": 4}.get(rest[0], 0)
            taken, rest = rest[:count], rest[count:]
            if count and len(taken) == count and all(int(one) < 256 for one in taken):
                yield [first, *taken]


def _after(style: Style, parameters: str) -> Style:
    """Return a style after a sequence."""
    for first, *rest in _split(parameters):
        number = int(first)
        if number == 0:
            style = Style()
        elif rest:
            colour = int(rest[1]) if rest[0] == "5" else (int(rest[1]), int(rest[2]), int(rest[3]))
            style = _with_colour(style, number, colour)
        elif number in _ON:
            style = replace(style, **_ON[number])
        elif number in (39, 49):
            style = _with_colour(style, number, None)
        elif 30 <= number < 50:
            style = _with_colour(style, number, number % 10)
        elif number >= 90:
            style = _with_colour(style, number - 60, number % 10 + 8)
    return style


def _with_colour(style: Style, number: int, colour: Colour | None) -> Style:
    return replace(style, foreground=colour) if number < 40 else replace(style, background=colour)
