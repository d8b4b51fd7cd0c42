"""Wraps text to the width of a terminal, measured in cells.

All functions take linear time: `wcwidth.wrap` and `wcwidth.width` take cubic and quadratic
time for long runs of flags.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import wcwidth

from chat_protocol.text import is_blank

_WORD: Final = re.compile(r"( *)([^ ]+)")
_MAX_CLUSTER: Final = 16  # code points of a grapheme that terminals can be expected to show as one
_TAB: Final = 4  # columns


def cell_width(text: str) -> int:
    """Return the width of one line of cleaned text, in cells."""
    return len(text) if text.isascii() else sum(map(wcwidth.width, wcwidth.iter_graphemes(text)))


def clip(text: str, width: int) -> str:
    """Return the beginning of one line of cleaned text, at most `width` cells of it.

    Long runs of combining marks are truncated too: prompt_toolkit takes quadratic time for them.
    """
    return wcwidth.clip(text[: 4 * width], 0, width)


def wrap(text: str, width: int, first: int = 0) -> list[str]:
    """Wrap cleaned text into lines of at most `width` cells, the first one shorter by `first`.

    Lines break at spaces, and inside words longer than a line. Web addresses are kept whole,
    so that they can be clicked. `width - first` must be at least 2.
    """
    lines: list[str] = []
    for paragraph in text.expandtabs(_TAB).split("\n"):
        lines += _wrap_paragraph(paragraph.rstrip(), width, 0 if lines else first)
    return lines


def chop(line: str, width: int) -> list[str]:
    """Split one line of cleaned text, without tabs, into pieces of at most `width` cells, spaces and all."""
    return _split_word(clusters(line, width), width, width)


def _wrap_paragraph(text: str, width: int, first: int) -> list[str]:
    lines: list[str] = []
    line, used, limit = "", 0, width - first
    for spaces, word in _WORD.findall(text):
        cells = _word_width(word, width)
        free = limit - used - len(spaces)
        if cells <= free:
            line, used = line + spaces + word, used + len(spaces) + cells
            continue
        pieces = (
            ["", word]
            if cells <= limit or _is_link(word)
            else _split_word(clusters(word, width), free, width)
        )
        begun = line + spaces + pieces[0] if pieces[0] else line
        if begun or limit < min(cells, width):
            lines.append(begun.rstrip())
            limit = width
        lines += pieces[1:-1]
        line = pieces[-1]
        used = _word_width(line, width)
    return [*lines, line]


def _word_width(word: str, width: int) -> int:
    """Return the width of the parts of a word."""
    return len(word) if word.isascii() else sum(cells for _, cells in clusters(word, width))


def _split_word(parts: Iterable[tuple[str, int]], free: int, width: int) -> list[str]:
    """Split a word into a piece of at most `free` cells, maybe empty, and others of at most `width`."""
    pieces: list[str] = []
    piece: list[str] = []
    for cluster, cells in parts:
        if cells > free:
            pieces.append("".join(piece))
            piece, free = [], width
        piece.append(cluster)
        free -= cells
    return [*pieces, "".join(piece)]


def clusters(word: str, width: int) -> Iterator[tuple[str, int]]:
    """Yield the parts of a word that must not be split, each with its width: at most `width` cells."""
    for cluster in wcwidth.iter_graphemes(word):
        cells = wcwidth.width(cluster)
        if cells <= width and len(cluster) <= _MAX_CLUSTER:
            yield cluster, cells
        else:  # terminals differ here; 2 cells per character is the most
            yield from ((char, 2 if wcwidth.width(char) else 0) for char in cluster)


def _is_link(word: str) -> bool:
    """Return whether to keep `word` whole. With blank characters in it, it could imitate a message."""
    return "://" in word and not any(map(is_blank, word))
