"""Lays out a formatted text in lines for a terminal.

Without colours it can be read too: code keeps its marks or stands in a frame, a quote has a bar.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from cli_client.hyperlinks import link_to, linked
from cli_client.text_parts import Block, Code, Link, List, Part, Span, may_be_formatted
from cli_client.wrapping import cell_width, chop, wrap

Line = list[tuple[str, str]]
"""Pieces of a line, each with its prompt_toolkit style."""

_STYLES: Final = {"bold": "bold", "italic": "italic", "struck": "strike"}
_BAR: Final = "│ "
_INDENT: Final = "  "  # of code, which can be copied without a frame at its sides
_LEAST: Final = 12  # cells of a text beside a bar or a marker; in less room there is none
_TAB: Final = 4  # columns


def lay_out(text: str, width: int, first: int, style: str) -> list[Line]:
    """Return the lines of a cleaned text, each at most `width` cells, the first one shorter by `first`.

    The first one is empty if there is no room beside what stands there: a quote has lines of its own.
    """
    parts: list[Part] = [text]
    if may_be_formatted(text):
        from cli_client.markdown import parse_markdown  # noqa: PLC0415 - it takes as long to load as msgspec

        parts = parse_markdown(text)
    if parts == [text]:
        return lay_out_plain(text, width, first, style)
    return _lines(parts, width, first, style)


def lay_out_plain(text: str, width: int, first: int, style: str) -> list[Line]:
    """Return the same for a text as it is typed: only web addresses are found in it."""
    if "://" not in text:
        return [[(style, line)] for line in wrap(text, width, first)]
    return [line or [(style, "")] for line in wrap_runs(linked(style, text.expandtabs(_TAB)), width, first)]


def _lines(parts: list[Part], width: int, first: int, style: str) -> list[Line]:
    lines: list[Line] = []
    for is_block, group in groupby(parts, _is_block):
        if not is_block:
            lines += wrap_runs(
                [run for part in group for run in _runs(part, style)], width, 0 if lines else first
            )
            continue
        if first and not lines:
            lines.append([])
        for part in group:
            lines += _block(part, width, style)
    return lines


def _is_block(part: Part) -> bool:
    """Return whether it has lines of its own."""
    return isinstance(part, List | Block) or (isinstance(part, Span) and part.kind == "quote")


def _block(part: Part, width: int, style: str) -> Iterator[Line]:
    match part:
        case Block(language, text):
            yield [(f"{style} class:dim", chop(f"┌── {language}", width)[0].rstrip())]
            for line in text.expandtabs(_TAB).split("\n"):
                for piece in chop(line, width - len(_INDENT)):
                    yield [("", _INDENT), (f"{style} class:code", piece)]
            yield [(f"{style} class:dim", "└──")]
        case List(items):
            widest = max(cell_width(item.marker) for item in items)
            for marker, parts in items:
                yield from _beside(f"{marker:>{widest}} ", " " * (widest + 1), parts, width, style)
        case Span(_, parts):
            yield from _beside(_BAR, _BAR, parts, width, style)


def _beside(head: str, further: str, parts: list[Part], width: int, style: str) -> Iterator[Line]:
    """Yield lines, the first one behind `head` and the others behind `further`, which is as wide."""
    if width - len(head) < _LEAST:
        yield from _lines([head.lstrip(), *parts], width, 0, style)
        return
    for number, line in enumerate(_lines(parts, width - len(head), 0, style) or [[]]):
        yield [(f"{style} class:dim", further if number else head), *line]


def _runs(part: Part, style: str, link: str | None = None) -> Line:
    """Return the text of a part in its styles; in the words of a link, `link` is appended to them."""
    match part:
        case str():
            return linked(style, part) if link is None else [(style + link, part)]
        case Code(text):
            return [(f"{style} class:code{link or ''}", f"`{text}`")]
        case Span(kind, parts):
            return [run for inner in parts for run in _runs(inner, f"{style} {_STYLES[kind]}", link)]
        case Link(target, parts):
            shown = "".join(text for inner in parts for _, text in _runs(inner, "", ""))
            is_target, to_target = shown.strip() == target, link_to(target)
            # Words that are another address must not lead elsewhere.
            link = to_target if is_target or "://" not in shown else None
            words = [run for inner in parts for run in _runs(inner, f"{style} underline", link)]
            look = f"{style} class:dim"
            return words if is_target else [*words, (look, " ("), (look + to_target, target), (look, ")")]
    raise AssertionError(part)


def wrap_runs(runs: Line, width: int, first: int) -> list[Line]:
    """Wrap text in several styles, as `wrapping.wrap` does."""
    runs = [(style, text.replace("\t", " " * _TAB)) for style, text in runs]
    whole = "".join(text for _, text in runs)
    lines: list[Line] = []
    at = 0  # in `whole`; only white space is left out between two lines
    pieces = iter(runs)
    style, rest = next(pieces)
    rest_at = 0  # where the rest of the run begins
    for line in wrap(whole, width, first):
        at = whole.index(line, at)
        end = at + len(line)
        out: Line = []
        while at < end:
            while rest_at + len(rest) <= at:
                rest_at += len(rest)
                style, rest = next(pieces)
            piece = rest[at - rest_at : end - rest_at]
            out.append((style, piece))
            at += len(piece)
        lines.append(out)
    return lines


def split_line(line: Line, at: int) -> tuple[Line, Line]:
    """Split a line before character `at`; the space before it is dropped."""
    before: Line = []
    for number, (style, text) in enumerate(line):
        if at <= len(text):
            return [*before, (style, text[:at].rstrip())], [(style, text[at:]), *line[number + 1 :]]
        before.append((style, text))
        at -= len(text)
    return before, []
