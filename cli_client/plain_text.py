"""Texts without their formatting, where there is room for one line."""

import re
from typing import Final

from cli_client.text_parts import Block, Code, List, Part, Span, may_be_formatted

_FENCE: Final = re.compile(r"```\S*\s*")

_MARKS: Final = (("`", "`"), ("**", "**"), ("~~", "~~"), ("](", ")"))
"""Opening and closing marks. The room may have cut off the closing ones. Not `*`: it often stands alone."""


def quoted_text(excerpt: str) -> str:
    """Return an excerpt, cleaned and in one line, as it is shown above an answer: without its formatting.

    Closing marks that were cut off are added first. static/js/lib/plain_text.js is the same for the page, and
    tests/quote_vectors.json holds for both.
    """
    text, shown, is_cut = excerpt, plain_text(excerpt), excerpt.endswith("…")
    for opening, closing in _MARKS if is_cut else ():
        closed = plain_text(text + closing)
        if closed.count(opening) < shown.count(opening):
            text, shown = text + closing, closed
    return f"{shown}…" if is_cut and not shown.endswith("…") else shown or excerpt


def plain_text(text: str) -> str:
    """Return a cleaned text in one line, without its formatting."""
    if not may_be_formatted(text):
        return " ".join(text.split())
    from cli_client.markdown import parse_markdown  # noqa: PLC0415 - it takes as long to load as msgspec

    return " ".join(_FENCE.sub("", _joined(parse_markdown(text))).split())


def _joined(parts: list[Part]) -> str:
    return "".join(map(_text_of, parts))


def _text_of(part: Part) -> str:
    match part:
        case str():
            return part
        case List(items):
            return "".join([f"\n{marker} {_joined(parts)}" for marker, parts in items])
        case Block(_, text):
            return f"\n{text}\n"
        case Span("quote", parts):
            return f"\n{_joined(parts)}\n"
        case Code(text):
            return text
    return _joined(part.parts)
