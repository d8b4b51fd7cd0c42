"""Live messages in the terminal: how one stands, and its output with colours."""

from typing import Final

from chat_protocol.messages import Live
from chat_protocol.sgr import Colour, Style, clean_output, spans, without_colours
from cli_client.layout import Fragments
from cli_client.translations import Translations
from cli_client.wrapping import clip

_SIGNS: Final = {"open": "▸", "done": "✔", "failed": "✘"}
_LOST: Final = "◌"
_LAST_LINES: Final = 3

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


def last_lines(text: str, width: int) -> list[str]:
    """Return the last lines of an output, in one row each."""
    lines = clean_output(text).rstrip("\n").split("\n")[-_LAST_LINES:]
    return [line if len(line) <= width else clip(without_colours(line), width) for line in lines if line]


def coloured(line: str) -> Fragments:
    """Return a line of output, cleaned again."""
    parts: Fragments = [(_look(style), text) for text, style in spans(clean_output(line).replace("\n", " "))]
    return [*parts, ("", "\n")]


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
