"""The markdown of the room: which texts are formatted how.

static/js/lib/markdown.js is the same for the page; tests/markdown_vectors.json holds for both.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from markdown_it import MarkdownIt
from markdown_it.parser_block import RuleFuncBlockType
from markdown_it.rules_block import StateBlock, blockquote, fence, list_block, paragraph
from markdown_it.token import Token

from cli_client.markdown_inline import address_rule, code_rule, escape_rule, link_rule, mark_rule
from cli_client.text_parts import Block, Code, Item, Link, List, Part, Span, may_be_formatted

MAX_DEPTH: Final = 8
"""Most quotes, lists, links and marks within each other."""

# A quote begins with a space behind the mark: `>_<` and `>:(` are none.
_QUOTE: Final = re.compile(r">+[ \t]+[^ \t\n]")
# A list begins with an item that is not empty, nor one more mark.
_ITEM: Final = re.compile(r"(?:[-*]|[0-9]{1,9}[.)])[ \t]+(?![-* \t]*$)", re.MULTILINE)

_SPANS: Final[dict[str, Literal["bold", "italic", "struck"]]] = {
    "strong_open": "bold",
    "em_open": "italic",
    "s_open": "struck",
}


def parse_markdown(text: str) -> list[Part]:
    """Return the parts of a cleaned text. Owned by the main thread."""
    return _Builder().build(_MD.parse(text, {"depth": 0})) if may_be_formatted(text) else [text]


def _nested(first: re.Pattern[str], rule: RuleFuncBlockType) -> RuleFuncBlockType:
    """Limit the depth of quotes and lists: what is deeper stays text, where the library would drop it.

    `first` is what the first line begins with.
    """

    def nested(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - called so
        at = state.bMarks[start] + state.tShift[start]
        if state.env["depth"] >= MAX_DEPTH or not first.match(state.src, at):
            return False
        state.env["depth"] += 1
        found: bool = rule(state, start, end, silent)
        state.env["depth"] -= 1
        return found

    return nested


def _not_blank(rule: RuleFuncBlockType) -> RuleFuncBlockType:
    """Return the same rule, but for code that is blank: that stays text."""

    def not_blank(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
        line = state.line
        if not rule(state, start, end, silent):
            return False
        if silent or state.tokens[-1].content.strip():
            return True
        state.tokens.pop()
        state.line = line
        return False

    return not_blank


def _as_typed(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Apply the rule for paragraphs, with the spaces at both ends."""
    paragraph(state, start, end, silent)
    state.tokens[-2].content = state.getLines(start, state.line, state.blkIndent, False)
    return True


def _end_of_quote(_state: StateBlock, _start: int, _end: int, silent: bool) -> bool:  # noqa: FBT001
    """A line without the mark of a quote is outside it."""
    return silent


def _end_of_list(state: StateBlock, start: int, _end: int, silent: bool) -> bool:  # noqa: FBT001
    """A line that is not indented is outside the list."""
    return silent and state.sCount[start] < state.blkIndent


def _never(_state: StateBlock, _start: int, _end: int, _silent: bool) -> bool:  # noqa: FBT001
    """No lines are code because they are indented; but no mark counts there, as in the page's library."""
    return False


def _make() -> MarkdownIt:
    md = MarkdownIt("zero", {"maxNesting": 100})
    block, inline = md.block.ruler, md.inline.ruler
    block.at("code", _never)
    block.at("fence", _not_blank(fence), {"alt": ["paragraph", "blockquote", "list"]})
    block.at("blockquote", _nested(_QUOTE, blockquote), {"alt": ["paragraph", "blockquote", "list"]})
    block.at("list", _nested(_ITEM, list_block), {"alt": ["paragraph", "blockquote"]})
    block.at("paragraph", _as_typed)
    block.push("end of quote", _end_of_quote, {"alt": ["blockquote"]})
    block.push("end of list", _end_of_list, {"alt": ["paragraph"]})
    inline.at("linkify", address_rule)
    inline.at("escape", escape_rule)
    inline.at("backticks", code_rule)
    inline.at("strikethrough", mark_rule("~", 2, 2))
    inline.at("emphasis", mark_rule("*", 1, 3))
    inline.at("link", link_rule)
    md.enable(["code", "fence", "blockquote", "list"])
    return md.enable(["linkify", "escape", "backticks", "strikethrough", "emphasis", "link"])


_MD: Final = _make()


class _Open:
    """What is open while parts are made, with the line after its last paragraph, if that comes last.

    `closing` is not empty for what is too deep: the text that ends it.
    """

    __slots__ = ("closing", "parts", "text_end")

    def __init__(self, parts: list[Part], closing: str = "") -> None:
        self.parts = parts
        self.closing = closing
        self.text_end = -1


class _Builder:
    """Makes parts of tokens."""

    def __init__(self) -> None:
        self._open = [_Open([])]  # the innermost last
        self._depth = 0  # of `_open`, how many are shown as such
        self._lists: list[List] = []  # those that are open

    def build(self, tokens: Iterable[Token]) -> list[Part]:
        for token in tokens:
            self._add(token)
        return self._open[0].parts

    def _add(self, token: Token) -> None:  # noqa: C901, PLR0912 - one case per token
        top = self._open[-1]
        match token.type:
            case "paragraph_open":
                start, end = token.map or (0, 0)
                if top.text_end >= 0:  # the line breaks between two paragraphs
                    self._text("\n" * (start - top.text_end + 1))
                top.text_end = end
            case "inline":
                for child in token.children or ():
                    self._add(child)
            case "text":
                self._text(token.content)
            case "code_inline":
                top.parts.append(Code(token.content))
            case "fence":
                self._block(Block(token.info.strip(), token.content.removesuffix("\n")))
            case "bullet_list_open" | "ordered_list_open":
                self._lists.append(List([]))
                self._block(self._lists[-1])
                self._depth += 1
            case "list_item_open":
                item = Item(token.info + token.markup if token.info else "•", [])
                self._lists[-1].items.append(item)
                self._open.append(_Open(item.parts))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._depth -= 1
            case "list_item_close":
                self._open.pop()
            case "blockquote_open":
                top.text_end = -1
                self._enter(Span("quote", []), "", "")
            case "link_open":
                self._enter(Link(token.info, []), "[", f"]({token.info})")
            case kind if kind in _SPANS:
                self._enter(Span(_SPANS[kind], []), token.markup, token.markup)
            case "paragraph_close":
                pass
            case _:
                self._leave()

    def _block(self, part: Block | List) -> None:
        """Add a part that stands in lines of its own."""
        self._open[-1].parts.append(part)
        self._open[-1].text_end = -1

    def _text(self, text: str) -> None:
        parts: Sequence[Part] = self._open[-1].parts
        if parts and isinstance(parts[-1], str):
            self._open[-1].parts[-1] = parts[-1] + text
        elif text:
            self._open[-1].parts.append(text)

    def _enter(self, part: Span | Link, opening: str, closing: str) -> None:
        """Open a part; one that is too deep stays text: `opening` and `closing` are as typed."""
        if self._depth >= MAX_DEPTH:
            self._text(opening)
            self._open.append(_Open(self._open[-1].parts, closing))
            return
        self._depth += 1
        self._open[-1].parts.append(part)
        self._open.append(_Open(part.parts))

    def _leave(self) -> None:
        closing = self._open.pop().closing
        if closing:
            self._text(closing)
        else:
            self._depth -= 1
