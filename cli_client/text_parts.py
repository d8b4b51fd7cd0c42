"""The parts of a formatted text."""

import re
from typing import Final, Literal, NamedTuple, TypeAlias


class Span(NamedTuple):
    """Text with a look of its own, or a quote."""

    kind: Literal["bold", "italic", "struck", "quote"]
    parts: "list[Part]"


class Link(NamedTuple):
    """A link with words."""

    target: str
    parts: "list[Part]"


class Code(NamedTuple):
    """Code within a line."""

    text: str


class Block(NamedTuple):
    """Code in lines of its own."""

    language: str
    text: str


class Item(NamedTuple):
    """An item of a list; its marker is `•` or like `12.`."""

    marker: str
    parts: "list[Part]"


class List(NamedTuple):
    """A list."""

    items: list[Item]


Part: TypeAlias = "str | Span | Link | Code | Block | List"
"""A part of a text; a string is plain text with its line breaks."""

# What a text without any formatting lacks.
_FORMATTED: Final = re.compile(r"[*`]|~~|\]\(|^[ \t]*(?:>|-[ \t]|[0-9]+[.)][ \t])|^ {0,3}~~~", re.MULTILINE)


def may_be_formatted(text: str) -> bool:
    """Return whether `markdown` may find more than one part in a text."""
    return _FORMATTED.search(text) is not None
