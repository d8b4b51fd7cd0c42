"""Live messages in the terminal: how one stands, and its output with colours."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from chat_client.output_filter import MAX_LINE
from chat_protocol.messages import Live
from chat_protocol.sgr import Colour, Span, Style, clean_output, spans, without_colours
from cli_client.hyperlinks import link_to
from cli_client.layout import Fragments
from cli_client.links import addresses
from cli_client.translations import Translations
from cli_client.wrapping import clip

_SIGNS: Final = {"open": "▸", "done": "✔", "failed": "✘"}
_LOST: Final = "◌"
_LAST_LINES: Final = 3

_MIN_CUT: Final = MAX_LINE - 70
"""Fewest characters of a line that was cut as too long: a cut may be up to 70 earlier, before a colour."""

_NAMES: Final = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "gray")
_BRIGHT: Final = tuple(f"bright{name}" for name in _NAMES[1:-1])
_PALETTE: Final = (*_NAMES, "brightblack", *_BRIGHT, "white")
"""The first 16 colours as prompt_toolkit has them, behind `ansi`."""


def standing(title: str, live: Live, texts: Translations) -> str:
    """Return title, duration and exit code of a live message behind a sign."""
    parts = [title]
    if live.seconds is not None and live.state != "open":
        parts.append(_clock(live.seconds))
    if live.state == "failed" and live.code is not None:
        parts.append(texts("live_code", code=live.code))
    elif live.state not in _SIGNS:
        parts.append(texts("live_lost"))
    return f"{_SIGNS.get(live.state, _LOST)} {', '.join(parts)}"


def last_lines(text: str, width: int) -> Iterator[Fragments]:
    """Yield the last lines of an output, in one row each."""
    for line in clean_output(text).rstrip("\n").split("\n")[-_LAST_LINES:]:
        if len(line) > width:
            yield coloured(clip(without_colours(line), width), is_cut=True)
        elif line:
            yield coloured(line)


def coloured(line: str, *, is_cut: bool = False) -> Fragments:
    """Return a line of output, cleaned again, with its web addresses as hyperlinks.

    If the line `is_cut`, what stands at its end is no hyperlink: the rest of the address may be missing.
    """
    line = clean_output(line).replace("\n", " ")
    parts = spans(line)
    if "://" not in line:
        return [*((_look(style), text) for text, style in parts), ("", "\n")]
    links = deque(_links(parts, is_cut=is_cut or len(line) >= _MIN_CUT))
    out: Fragments = []
    begin = end = 0  # in the line without colours
    for text, style in parts:
        look, start, end = _look(style), end, end + len(text)
        while begin < end:
            while links and links[0][2] <= begin:
                links.popleft()
            link, first, last = links[0] if links else ("", end, end)
            if begin < first:
                link, last = "", first
            out.append((look + link, text[begin - start : last - start]))
            begin = min(last, end)
    return [*out, ("", "\n")]


def _links(parts: Sequence[Span], *, is_cut: bool) -> list[tuple[str, int, int]]:
    """Return the links in a line, each with its style, its first character, and the one behind its last.

    An address that is in part hidden or of another colour is no link: it could lead elsewhere than it seems.
    """
    line = "".join([text for text, _ in parts])
    looks = [
        (style.foreground, style.background, style.inverse, style.hidden)
        for text, style in parts
        for _ in text
    ]
    end = max(line.rfind(" "), line.rfind("\t")) if is_cut else len(line)
    found = []
    for first, url in addresses(line):
        last = first + len(url)
        one_look = {*looks[first:last]}
        if last <= end and len(one_look) == 1 and not one_look.pop()[-1] and (link := link_to(url)):
            found.append((link, first, last))
    return found


def _clock(seconds: float) -> str:
    """Return a duration as minutes and whole seconds, with hours if there are any, as the page does."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _look(style: Style) -> str:
    on = (
        (style.bold, "bold"),
        (style.dim, "class:dim"),
        (style.italic, "italic"),
        (style.underline, "underline"),
        (style.inverse, "reverse"),
        (style.hidden, "hidden"),
        (style.strike, "strike"),
    )
    parts = [name for is_on, name in on if is_on]
    if style.foreground is not None:
        parts.append(f"fg:{_colour(style.foreground)}")
    if style.background is not None:
        parts.append(f"bg:{_colour(style.background)}")
    return " ".join(parts)


def _colour(colour: Colour) -> str:
    """Return a colour as prompt_toolkit has it; of the palette as xterm does."""
    if isinstance(colour, int) and colour < 16:
        return f"ansi{_PALETTE[colour]}"
    if isinstance(colour, tuple):
        red, green, blue = colour
    elif colour >= 232:
        red = green = blue = 8 + 10 * (colour - 232)
    else:
        cube = [0, 95, 135, 175, 215, 255]
        red, green, blue = (cube[(colour - 16) // step % 6] for step in (36, 6, 1))
    return f"#{red:02x}{green:02x}{blue:02x}"
