"""Finds a text in another without regard to case, to how a letter is composed, to ё and to line ends."""

from collections.abc import Iterator
from unicodedata import normalize

import wcwidth

from cli_client.layout import Fragments


def fold(text: str) -> str:
    """Return a text in the form in which texts are compared: in one line, without spaces around it."""
    return " ".join(_fold(text).split())


def _fold(text: str) -> str:
    return normalize("NFC", normalize("NFC", text).casefold()).replace("ё", "е")


def spans(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of characters in which a folded text stands in another. It must not be empty."""
    folded: list[str] = []
    origins: list[tuple[int, int]] = []  # of each character that is folded
    end = 0
    for cluster in wcwidth.iter_graphemes(text):
        start, end = end, end + len(cluster)
        piece = " " if cluster.isspace() else _fold(cluster)
        if piece == " " and folded and folded[-1] == " ":
            origins[-1] = (origins[-1][0], end)
            continue
        folded += piece
        origins += [(start, end)] * len(piece)
    whole, at = "".join(folded), 0
    while (at := whole.find(wanted, at)) >= 0:
        yield origins[at][0], origins[at + len(wanted) - 1][1]
        at += len(wanted)


def mark(fragments: Fragments, wanted: str) -> Fragments:
    """Return lines with a folded text marked wherever it stands, over the end of a line too.

    What is dim is not marked: the time and the number of a message are no part of its text.
    """
    out: Fragments = []
    found = list(spans("".join(text for _, text in fragments), wanted))
    begin = 0
    for style, text in fragments:
        end, at = begin + len(text), 0
        for first, last in [] if "class:dim" in style else found:
            start, stop = max(first - begin, 0), min(last - begin, len(text))
            if start >= stop:
                continue
            out += [(style, text[at:start])] if at < start else []
            out += _marked(style, text[start:stop])
            at = stop
        out += [(style, text[at:])] if at < len(text) else []
        begin = end
    return out


def _marked(style: str, text: str) -> Fragments:
    """Mark a text, but not the end of a line and the indent of the next one."""
    if not text.strip() and "\n" in text:
        return [(style, text)]
    look = f"{style} class:found"
    before, end, after = text.partition("\n")
    if not end:
        return [(look, text)]
    rest = after.lstrip(" ")
    gap = end + after[: len(after) - len(rest)]
    return [*([(look, before)] if before else []), (style, gap), *(_marked(style, rest) if rest else [])]
