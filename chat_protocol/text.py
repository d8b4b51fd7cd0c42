"""What text may contain, wherever it enters and wherever it is shown.

Text of other people is never trusted twice: the server cleans it on entry, and
each renderer (terminal, log) cleans again what it is about to show, because it
cannot know which server it talks to.

Kept: everything printable, LF and TAB, the joiners and tags that emoji are made
of. Dropped: C0 and C1 controls (ESC among them), line and paragraph separators,
bidirectional controls (they let text show in an order it was not written in),
surrogates, private use and unassigned code points.
"""

import re
import unicodedata
from functools import lru_cache

_DROPPED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})

# UAX #9, section 2: the explicit formatting characters and the implicit marks.
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Letters, symbols and marks in name only: fonts show nothing for them.
_BLANKS = "".join(
    (
        " \u115f\u1160\u2800\u3164\uffa0\U0001d159",
        "\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f",
        *map(chr, range(0xFE00, 0xFE10)),  # variation selectors, and more of them
        *map(chr, range(0xE0100, 0xE01F0)),
    )
)

# An emoji newer than this interpreter's Unicode tables is "unassigned" to it.
_EMOJI_BLOCKS = range(0x1F000, 0x1FB00)

_BLANK_LINES = re.compile(r"\n{3,}")


@lru_cache(maxsize=4096)
def _kept(char: str) -> bool:
    if char in "\n\t":
        return True
    category = unicodedata.category(char)
    if category == "Cn":
        return ord(char) in _EMOJI_BLOCKS
    return category not in _DROPPED_CATEGORIES and char not in _BIDI_CONTROLS


def clean(text: str) -> str:
    """Return `text` with only what may be shown; CR and CRLF become LF, and no two lines running are empty.

    Whole and cheap for ordinary text: one C-speed scan and no copy.
    """
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _BLANK_LINES.sub("\n\n", "".join(filter(_kept, text)))


def one_line(text: str) -> str:
    """Return `text` clean and on one line: names, reasons, the starts of texts."""
    return " ".join(clean(text).split())


def is_blank(text: str) -> bool:
    """Say whether nothing of `text` would be visible."""
    first = text[:1]
    if first not in _BLANKS and first.isprintable():
        return False  # nearly always; to look at all of it takes longer
    if text.isprintable():
        return not text.strip(_BLANKS)
    return all(char.isspace() or char in _BLANKS or unicodedata.category(char) == "Cf" for char in text)


def split(text: str, limit: int) -> list[str]:
    """Cut `text` into pieces of at most `limit` code points, all of it kept.

    A cut falls behind white space where there is some in the last quarter of a
    piece, so that words stay whole.
    """
    if len(text) <= limit:
        return [text]
    pieces = []
    while len(text) > limit:
        cut = limit
        for position in range(limit, limit - limit // 4, -1):
            if text[position - 1].isspace():
                cut = position
                break
        pieces.append(text[:cut])
        text = text[cut:]
    pieces.append(text)
    return pieces
