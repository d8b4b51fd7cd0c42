"""Rows of the screen, as cells; and the input line laid out in rows.

A cell holds one grapheme cluster: what a person sees as one character is one cell here, so
it is drawn, passed by the cursor and deleted as one.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from chat_protocol.text import clean
from cli_client.layout import Fragments
from cli_client.wrapping import clusters

Cell = tuple[str, str, int]
"""Style, text, and width in columns."""

Row = Sequence[Cell]

_INDENT: Final[list[Cell]] = [("", " ", 1)] * 2  # of the further rows of the input line
_MAX_WIDTH: Final = 8  # columns of one cluster; some scripts have wide ones
_TAB: Final = "    "
_SINGLE: Final = re.compile("[ -~¡-¬®-ʯЀ-҂Ҋ-ԯ]*")  # each of these is one cluster, one column wide


class Glyph(NamedTuple):
    """What is shown for one cluster, its width in columns, and its length in code points."""

    text: str
    width: int
    length: int


class Picture(NamedTuple):
    """Rows, and where the cursor stands in them."""

    rows: Sequence[Row]
    y: int
    x: int


@lru_cache(maxsize=256)
def glyphs(line: str) -> tuple[Glyph, ...]:
    """Return what is shown for each cluster of one line; control characters are shown as `?`."""
    if _SINGLE.fullmatch(line):
        return tuple(Glyph(char, 1, 1) for char in line)
    return tuple(
        Glyph(_TAB, len(_TAB), 1)
        if cluster == "\t"
        else Glyph(cluster, width, len(cluster))
        if (clean(cluster) == cluster)
        else Glyph("?", 1, len(cluster))
        for cluster, width in clusters(line, _MAX_WIDTH)
    )


def row(fragments: Fragments, columns: int) -> list[Cell]:
    """Return one line of cleaned text as a row, at most `columns` wide."""
    cells: list[Cell] = []
    for style, text in fragments:
        for glyph in glyphs(text):
            columns -= glyph.width
            if columns < 0:
                return cells
            cells.append((style, glyph.text, glyph.width))
    return cells


def input_rows(prompt: Fragments, text: str, cursor: int, columns: int, *, hidden: bool = False) -> Picture:
    """Lay out the input line: the prompt, then `text`, with the cursor before code point `cursor`.

    Rows are at most `columns` wide. With `hidden`, each cluster is shown as an asterisk.
    """
    rows: list[list[Cell]] = [[]]
    used = 0

    def add(cells: Iterable[Cell]) -> None:
        nonlocal used
        for cell in cells:
            if used + cell[2] > columns:
                rows.append(_INDENT.copy())
                used = len(_INDENT)
            rows[-1].append(cell)
            used += cell[2]

    add((style, glyph.text, glyph.width) for style, part in prompt for glyph in glyphs(part))
    y = x = position = 0
    for number, line in enumerate(text.split("\n")):
        if number:
            rows.append(_INDENT.copy())
            used = len(_INDENT)
        if position <= cursor:
            y, x = len(rows) - 1, used
        for glyph in glyphs(line):
            add([("", "*", 1) if hidden else ("", glyph.text, glyph.width)])
            position += glyph.length
            if position <= cursor:
                y, x = len(rows) - 1, used
        position += 1
    return Picture(rows, y, x)
