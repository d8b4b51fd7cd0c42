"""Cleans text of characters that must not be stored or shown.

The server cleans text on entry, and each renderer (terminal, log) cleans again
what it shows, because it cannot know which server it is connected to.

Kept: everything printable, LF and TAB, the joiners and tags inside emoji.
Removed: escape sequences, whole; what a carriage return lets the rest of the line
overwrite; all other C0 and C1 controls, line and paragraph separators,
bidirectional controls (they change the order in which text is shown),
surrogates, private use and unassigned code points.
"""

import re
import unicodedata
from functools import cache
from itertools import groupby

_REMOVED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})

# UAX #9, section 2: the explicit formatting characters and the implicit marks.
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Letters, symbols and marks for which fonts show nothing.
_BLANKS = "".join(
    (
        " \u115f\u1160\u2800\u3164\uffa0\U0001d159",
        "\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f",
        *map(chr, range(0xFE00, 0xFE10)),  # variation selectors
        *map(chr, range(0xE0100, 0xE01F0)),
    )
)

# An emoji newer than this Python's Unicode tables has the category "unassigned".
_EMOJI_BLOCKS = range(0x1F000, 0x1FB00)

_ASTRAL = re.compile("[\U00010000-\U0010ffff]+")

# What a control string may have (ECMA-48, 8.3), and characters that are not ASCII: titles have them.
_IN_STRING = r"[^\0-\x07\x0e-\x1f\x7f-\x9f]"
_END_OF_STRING = r"(?:\x07|\x9c|\x1b\\)"

# Each branch stops at the next control character, so no text takes more than linear time. A control string
# without its end goes on to the end of its line; one that a C1 character begins is not removed then: text in
# a wrong encoding has those.
_ESCAPE_SEQUENCES = re.compile(
    r"[\x1b\x90\x98\x9b\x9d-\x9f](?:"
    r"(?:(?<=\x9b)|(?<=\x1b)\[)[0-?]*+[ -/]*+[@-~]?"  # CSI
    rf"|(?:(?<=[^\x1b\x9b])|(?<=\x1b)[]PX^_]){_IN_STRING}*+{_END_OF_STRING}"  # OSC, DCS, SOS, PM, APC
    rf"|(?<=\x1b)[]PX^_](?:(?!\n){_IN_STRING})*+"
    r"|(?<=\x1b)[NO][ -~]?"  # SS2, SS3: one character in another set, and function keys
    r"|(?<=\x1b)[ -/]*+[0-~]"
    r")"
)

_BLANK_LINES = re.compile(r"\n{3,}")


def _is_kept(char: str) -> bool:
    if char.isprintable() or char in "\n\t":
        return True
    category = unicodedata.category(char)
    if category == "Cn":
        return ord(char) in _EMOJI_BLOCKS
    return category not in _REMOVED_CATEGORIES and char not in _BIDI_CONTROLS


@cache
def _removed() -> re.Pattern[str]:
    """Return an expression for what is removed below U+10000. Made at the first call, in some 50 ms.

    Characters above are not in it: in an expression each of them would be compared with each range.
    """
    ranges = []
    position = 0
    for kept, run in groupby(map(_is_kept, map(chr, range(0x10000)))):
        first, position = position, position + len(list(run))
        if not kept:
            ranges.append(f"\\u{first:04x}-\\u{position - 1:04x}")
    return re.compile(f"[{''.join(ranges)}]+")


def clean(text: str) -> str:
    """Return `text` without what is removed; CRLF becomes LF.

    Several empty lines in a row become one. Ordinary text costs one C-speed scan and no copy.
    """
    if text.isprintable():
        return text
    text = _ESCAPE_SEQUENCES.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join([last_state(line) for line in text.split("\n")])
    return _BLANK_LINES.sub("\n\n", _printable(text))


def without_controls(text: str) -> str:
    """Return `text` without what is removed, and with all its empty lines: for the output of a command."""
    return text if text.isprintable() else _printable(_ESCAPE_SEQUENCES.sub("", text))


def _printable(text: str) -> str:
    """Return `text` without single characters that are removed."""
    text = _removed().sub("", text)
    if not "".join(_ASTRAL.findall(text)).isprintable():  # rare: emoji are printable
        text = _ASTRAL.sub(lambda found: "".join(filter(_is_kept, found[0])), text)
    return text


def last_state(line: str) -> str:
    """Return what stands in a line with carriage returns at the end, such as a progress bar."""
    return line.rstrip("\r").rpartition("\r")[2]


def one_line(text: str) -> str:
    """Return `text` cleaned and on one line, with single spaces: for names and reasons."""
    return " ".join(clean(text).split())


def is_blank(text: str) -> bool:
    """Return whether `text` has no visible character."""
    first = text[:1]
    if first not in _BLANKS and first.isprintable():
        return False  # the usual case, without a scan of the whole text
    if text.isprintable():
        return not text.strip(_BLANKS)
    return all(char.isspace() or char in _BLANKS or unicodedata.category(char) == "Cf" for char in text)


def split(text: str, limit: int) -> list[str]:
    """Split `text` into pieces of at most `limit` code points, without losing any.

    A piece ends after white space if there is some in its last quarter, so that
    words stay whole.
    """
    if len(text) <= limit:
        return [text]
    pieces = []
    while len(text) > limit:
        end = limit
        for position in range(limit, limit - limit // 4, -1):
            if text[position - 1].isspace():
                end = position
                break
        pieces.append(text[:end])
        text = text[end:]
    pieces.append(text)
    return pieces
