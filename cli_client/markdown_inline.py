"""The rules of `markdown` for what stands within a line, as static/js/lib/markdown_inline.js has them."""

import re
import unicodedata
from typing import Final

from markdown_it.parser_inline import RuleFuncInlineType
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.backticks import backtick
from markdown_it.rules_inline.state_inline import Delimiter

# White space, for JavaScript and Python the same.
_BLANK: Final = r"\s\ufeff\x1c-\x1f\x85"
_SPACE: Final = re.compile(f"[{_BLANK}]")

# The rest of an address, from its colon on. Marks are part of it if more of it follows.
_ADDRESS: Final = re.compile(rf"://(?:[^{_BLANK}*~`\[\]<>\\]|[*~]+(?=[A-Za-z0-9_/=&%-]))+")

_LABEL: Final = r"(?:[^\[\]\n`]|`[^`\n]+`|\[[^\[\]\n`]*\])+"
_IN_TARGET: Final = rf'[^{_BLANK}()<>"`\\]'
_TARGET: Final = rf"https?://(?![^/?#(){_BLANK}]*@)(?:{_IN_TARGET}|\({_IN_TARGET}*\))+"
_LINK: Final = re.compile(rf"\[({_LABEL})\]\(({_TARGET})\)", re.IGNORECASE)


def address_rule(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the library calls it so
    """`https://…`: a link without words, in which no mark is looked for."""
    pos = state.pos
    if state.src[pos] != ":" or not state.src[max(0, pos - 5) : pos].lower().endswith(("http", "https")):
        return False
    found = _ADDRESS.match(state.src, pos, state.posMax)
    if not found:
        return False
    if not silent:
        state.append_pending(found[0])
    state.pos = found.end()
    return True


def escape_rule(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Take a backslash and the mark after it as text.

    Both stay: a path or a pattern must not lose any.
    """
    pos = state.pos
    if state.src[pos] != "\\" or pos + 1 >= state.posMax or state.src[pos + 1] not in "*~`[":
        return False
    if not silent:
        state.append_pending(state.src[pos : pos + 2])
    state.pos += 2
    return True


def code_rule(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Code within a line, which keeps its line breaks."""
    pos, before = state.pos, len(state.tokens)
    if not backtick(state, silent):
        return False
    if silent or len(state.tokens) == before:
        return True
    token = state.tokens[-1]
    text = state.src[pos + len(token.markup) : state.pos - len(token.markup)]
    is_padded = len(text) > 1 and text.startswith(" ") and text.endswith(" ") and text.strip()
    token.content = text[1:-1] if is_padded else text
    return True


def mark_rule(marker: str, least: int, most: int) -> RuleFuncInlineType:
    """Return the rule for so many marks in a row; others are text."""

    def rule(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
        src, pos, maximum = state.src, state.pos, state.posMax
        if silent or src[pos] != marker:
            return False
        end = pos + 1
        while end < maximum and src[end] == marker:
            end += 1
        state.pos = end
        if not least <= end - pos <= most:
            state.append_pending(src[pos:end])
            return True
        before = src[pos - 1] if pos else " "
        after = src[end] if end < maximum else " "
        opens = not _SPACE.match(after) and not _is_word(before)
        closes = not _SPACE.match(before) and not _is_word(after)
        # The library pairs single asterisks, and tildes by two.
        size, length = (2, 0) if marker == "~" else (1, end - pos)
        for _ in range(pos, end, size):
            state.push("text", "", 0).content = marker * size
            state.delimiters.append(
                Delimiter(ord(marker), length, len(state.tokens) - 1, end=-1, open=opens, close=closes)
            )
        return True

    return rule


def link_rule(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """`[words](https://…)`."""
    if state.src[state.pos] != "[" or state.linkLevel > 0:
        return False
    found = _LINK.match(state.src, state.pos, state.posMax)
    if not found or not found[1].strip():
        return False
    if not silent:
        state.push("link_open", "a", 1).info = found[2]
        maximum = state.posMax
        state.pos, state.posMax = found.span(1)
        state.linkLevel += 1
        state.md.inline.tokenize(state)
        state.linkLevel -= 1
        state.posMax = maximum
        state.push("link_close", "a", -1)
    state.pos = found.end()
    return True


def _is_word(char: str) -> bool:
    """Return whether it is a digit or a letter that has capitals.

    A mark between two of them is none, as in `2*3*4` and `a**b**c`.
    """
    return char == "_" or unicodedata.category(char) in _WORD


_WORD: Final = frozenset({"Lu", "Ll", "Lt", "Mn", "Mc", "Me", "Nd", "Nl", "No"})
