"""Text as lines of a terminal, measured in cells.

Whatever the text, the time grows no faster than its length: `wcwidth.wrap` and
`wcwidth.width` take cubic and quadratic time for a flood of flags.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import wcwidth

from chat_protocol.text import is_blank

_WORD: Final = re.compile(r"( *)([^ ]+)")
_LONGEST: Final = 16  # code points of a cluster that a terminal can be hoped to know as one
_TAB: Final = 4  # columns


def cells_in(text: str) -> int:
    """Return the cells that one line of clean text takes."""
    return len(text) if text.isascii() else sum(map(wcwidth.width, wcwidth.iter_graphemes(text)))


def brief(text: str, room: int) -> str:
    """Return the beginning of one line of clean text, at most `room` cells of it, for a fixed place.

    Of marks that take no cell not many either: prompt_toolkit takes quadratic time for them.
    """
    return wcwidth.clip(text[: 4 * room], 0, room)


def wrap(text: str, room: int, first: int = 0) -> list[str]:
    """Cut clean text into lines of at most `room` cells, the first one shorter by `first`.

    Cut is at blanks, and in words that are longer than a line. Only a web address is worth
    more in one piece, to be clicked, than in a neat column. `room - first` is at least 2.
    """
    lines: list[str] = []
    for paragraph in text.expandtabs(_TAB).split("\n"):
        lines += _paragraph(paragraph.rstrip(), room, 0 if lines else first)
    return lines


def _paragraph(text: str, room: int, first: int) -> list[str]:
    lines: list[str] = []
    line, used, limit = "", 0, room - first
    for blanks, word in _WORD.findall(text):
        characters = list(_characters(word, room))
        cells = sum(cells for _, cells in characters)
        space = limit - used - len(blanks)
        if cells <= space:
            line, used = line + blanks + word, used + len(blanks) + cells
            continue
        pieces = ["", word] if cells <= limit or _is_link(word) else _cut(characters, space, room)
        begun = line + blanks + pieces[0] if pieces[0] else line
        if begun or limit < min(cells, room):
            lines.append(begun.rstrip())
            limit = room
        lines += pieces[1:-1]
        line = pieces[-1]
        used = sum(cells for _, cells in _characters(line, room))
    return [*lines, line]


def _cut(characters: Iterable[tuple[str, int]], space: int, room: int) -> list[str]:
    """Cut a word into a piece of at most `space` cells, perhaps none, and further ones of `room`."""
    pieces: list[str] = []
    piece: list[str] = []
    for character, cells in characters:
        if cells > space:
            pieces.append("".join(piece))
            piece, space = [], room
        piece.append(character)
        space -= cells
    return [*pieces, "".join(piece)]


def _characters(word: str, room: int) -> Iterator[tuple[str, int]]:
    """Iterate over what is not to be torn apart, with the cells each takes: at most `room`."""
    for cluster in wcwidth.iter_graphemes(word):
        cells = wcwidth.width(cluster)
        if cells <= room and len(cluster) <= _LONGEST:
            yield cluster, cells
        else:  # Nobody knows what a terminal makes of it; so much at most.
            yield from ((char, 2 if wcwidth.width(char) else 0) for char in cluster)


def _is_link(word: str) -> bool:
    """Say whether to keep `word` whole. With blanks in it, its overflow could pass for another's line."""
    return "://" in word and not any(map(is_blank, word))
