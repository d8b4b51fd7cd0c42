"""A small terminal screen on which a program moves its cursor, and its rows as lines with colours.

The screen is pyte's, which takes long to load and is slow: `output_filter` uses it only where it must.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final, cast
from unicodedata import combining

from pyte import modes
from pyte.screens import Char, Screen
from pyte.streams import Stream

_NAMES: Final = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_COLOURS: Final = {
    **{name: str(number) for number, name in enumerate(_NAMES, 30)},
    **{f"bright{name}": str(number) for number, name in enumerate(_NAMES, 90)},
    "bfightmagenta": "95",  # as pyte has it
}
"""The SGR parameter of each foreground colour that has a name."""


class OutputScreen(Screen):
    """A screen of so many columns and rows, at the top left corner of which the cursor is. Not thread-safe.

    Rows that scroll out of it are in `scrolled`, oldest first, until the owner takes them.
    """

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__(columns, rows)
        self.scrolled: list[str] = []
        self.set_mode(modes.LNM)  # LF begins a line, as it does for a program that writes to a pipe
        self._stream = Stream(cast("Screen", _Lenient(self)))

    def feed(self, text: str) -> None:
        """Do what a text with control sequences says; one may go on in the next call."""
        self._stream.feed(text)

    def rows(self) -> list[str]:
        """Return the rows down to the last one that is not empty, or has the cursor."""
        last = max((y for y, row in self.buffer.items() if _text(row)), default=0)
        return [self.row(y) for y in range(min(self.lines, max(last, self.cursor.y) + 1))]

    def row(self, y: int) -> str:
        """Return a row as a line with colours."""
        row = self.buffer[y]
        out: list[str] = []
        look, before = "", ""
        for x in range(max(row, default=-1) + 1):
            char = row[x]
            if (sgr := _sgr(char)) != look:
                out.append(f"\x1b[0{sgr}m" if before or sgr else "")
                look, before = sgr, sgr or before
            out.append(char.data)
        line = "".join(out)
        return line.rstrip(" ") if not look else line

    def is_empty_below(self) -> bool:
        """Return whether nothing stands below the cursor."""
        return not any(_text(row) for y, row in self.buffer.items() if y > self.cursor.y)

    # --- called by the stream ------------------------------------------------------------

    def index(self) -> None:
        """Keep the row that a line feed at the bottom scrolls away."""
        if self.margins is None and self.cursor.y == self.lines - 1:
            self.scrolled.append(self.row(0))
        super().index()

    def draw(self, data: str) -> None:
        """Draw a text without joiners and variation selectors, at which pyte would stop."""
        if not data.isascii():
            data = "".join([char for char in data if char.isprintable() or combining(char)])
            data = data.translate(_JOINERS)
        super().draw(data)


class _Lenient:
    """A screen as a stream sees it, which leaves out what pyte cannot do, as terminals do.

    At a parameter too many, or a `?` or a number that it does not know, pyte raises an error.
    """

    def __init__(self, screen: Screen) -> None:
        for event in Stream.events:
            setattr(self, event, _leniently(getattr(screen, event)))
        self.draw = screen.draw  # nearly all of it, and any text is right


def _leniently(act: Callable[..., None]) -> Callable[..., None]:
    def call(*parameters: object, **private: bool) -> None:
        with suppress(AssertionError, TypeError, UnboundLocalError):
            act(*parameters, **private)

    return call


_JOINERS: Final = dict.fromkeys([0x200C, 0x200D, *range(0xFE00, 0xFE10)])


def _text(row: dict[int, Char]) -> str:
    return "".join([char.data for char in row.values()]).strip()


def _sgr(char: Char) -> str:
    """Return how a character looks as SGR parameters, each behind a semicolon; empty for the default."""
    on = (
        (char.bold, "1"),
        (char.italics, "3"),
        (char.underscore, "4"),
        (char.blink, "5"),
        (char.reverse, "7"),
        (char.strikethrough, "9"),
    )
    parts = [number for is_on, number in on if is_on]
    if char.fg != "default":
        parts.append(_colour(char.fg, 38))
    if char.bg != "default":
        parts.append(_colour(char.bg, 48))
    return "".join(f";{part}" for part in parts)


def _colour(colour: str, kind: int) -> str:
    if colour in _COLOURS:
        return str(int(_COLOURS[colour]) + kind - 38)
    red, green, blue = bytes.fromhex(colour)
    return f"{kind};2;{red};{green};{blue}"
