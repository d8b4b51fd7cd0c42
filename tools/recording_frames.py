"""Draws the frames of the picture in README.md: a terminal, from its recording, beside a page."""

import base64
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final, NamedTuple

from playwright.sync_api import Browser
from pyte import modes
from wcwidth import wcwidth

from chat_client.output_screen import OutputScreen
from chat_protocol.sgr import Style, spans
from tools.asciicast import Cast

SIZE: Final = (880, 584)
"""Of the picture, in CSS pixels: about what a code host shows a README at."""

SCALE: Final = 2
"""Pixels of the file for one of CSS, so that text is sharp on displays of either kind."""

PAGE: Final = (404, 562)
"""The window of the page, which is drawn somewhat smaller, so that its text is as large as the terminal's."""

PAGE_SHOWN: Final = (358, 498)
_CSS: Final = Path(__file__).parents[1] / "static" / "css"
_FRAME: Final = (Path(__file__).parent / "recording_frame.html").read_text(encoding="utf-8")
_SHOW: Final = """async ([screen, page, isDark]) => {
    document.body.classList.toggle("dark", isDark);
    document.querySelector("pre").innerHTML = screen;
    const image = document.querySelector("img");
    image.src = `data:image/png;base64,${page}`;
    await image.decode();
}"""


class Shot(NamedTuple):
    """The page at a moment of the recording, in both themes."""

    at: float
    """Seconds since the beginning."""

    light: bytes
    dark: bytes


class _Terminal:
    """What a recorded terminal shows at some moments, of which each is later than the one before."""

    def __init__(self, cast: Cast) -> None:
        self._screen = OutputScreen(cast.columns, cast.rows)
        self._screen.reset_mode(modes.LNM)
        self._output = list(reversed(cast.output))

    def at(self, moment: float) -> str:
        """Return its screen as HTML."""
        while self._output and self._output[-1][0] <= moment:
            # pyte does not know dim text, and nothing here blinks.
            self._screen.feed(self._output.pop()[1].replace("\x1b[2m", "\x1b[5m"))
        cursor = self._screen.cursor
        rows = [
            "".join(_span(text, style) for text, style in spans(self._screen.row(y)))
            for y in range(self._screen.lines)
        ]
        if not cursor.hidden:
            rows[cursor.y] = f'<i class="cursor" style="left: {cursor.x}ch"></i>{rows[cursor.y]}'
        return "".join(f"<div>{row}\n</div>" for row in rows)


def _span(text: str, style: Style) -> str:
    """Return a part of a row, with the classes that the page has for the output of commands."""
    colours = {"f": style.foreground, "b": style.background}
    flags = {
        "bold": style.bold,
        "dim": style.blink,
        "italic": style.italic,
        "underline": style.underline,
        "inverse": style.inverse,
        "strike": style.strike,
    }
    classes = [f"sgr-{key}{colour}" for key, colour in colours.items() if isinstance(colour, int)]
    classes += [f"sgr-{name}" for name, is_on in flags.items() if is_on]
    css = [f"--{key}: rgb{colour};" for key, colour in colours.items() if isinstance(colour, tuple)]
    shown = "".join(f"<b>{escape(char)}</b>" if wcwidth(char) == 2 else escape(char) for char in text)
    return f'<span class="{" ".join(classes)}" style="{"".join(css)}">{shown}</span>'


def drawn(chromium: Browser, cast: Cast, shots: Sequence[Shot]) -> Iterator[tuple[bytes, bytes]]:
    """Yield a light and a dark PNG for each of these moments, which come in order."""
    width, height = SIZE
    sheets = [_CSS / name for name in ("base.css", "text.css", "live.css")]
    css = "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    page = chromium.new_page(viewport={"width": width, "height": height}, device_scale_factor=SCALE)
    page.set_content(_FRAME.replace("/* the page's own */", css))
    terminal = _Terminal(cast)
    for shot in shots:
        screen = terminal.at(shot.at)
        pngs = []
        for is_dark, png in enumerate((shot.light, shot.dark)):
            page.evaluate(_SHOW, [screen, base64.b64encode(png).decode(), bool(is_dark)])
            pngs.append(page.screenshot())
        yield pngs[0], pngs[1]
    page.close()
