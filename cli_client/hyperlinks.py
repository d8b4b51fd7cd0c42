"""Hyperlinks of a terminal (OSC 8): text that leads to a web address.

Source: "Hyperlinks (a.k.a. HTML-like anchors) in terminal emulators" by Egmont Koblinger,
https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda

A hyperlink is a part of a style, `[8;id=7;https://a.example/]`, so it takes no width and stays with its
text however that is wrapped; prompt_toolkit ignores what stands in brackets.
"""

import re
from collections.abc import Mapping
from itertools import count
from string import punctuation
from typing import Final
from urllib.parse import quote

from cli_client.links import addresses, is_safe

MARK: Final = "[8;"
"""It is in each style with a hyperlink, and in no other."""

END: Final = "\x1b]8;;\x1b\\"
"""The sequence that ends a hyperlink."""

_MOST: Final = 2083  # characters of an address; VTE takes no longer one
# The first word of `TERM` where hyperlinks are shown, or known to be ignored.
_TERMINALS: Final = frozenset(
    {"alacritty", "contour", "foot", "ghostty", "gnome", "iterm2", "kitty", "konsole", "mintty", "putty"}
    | {"rxvt", "st", "tmux", "vte", "wezterm", "xterm"}
)
_VTE: Final = 5001  # `VTE_VERSION` of the first one that neither shows their addresses nor crashes

_numbers = count(1)  # any thread; the parts of one hyperlink have its number, and are shown as one


def are_taken(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal shows hyperlinks, or is known to ignore them.

    tmux does one or the other, by its version. GNU screen prints the ends of long ones; a `TERM` of screen
    without `TMUX` may be that of either, over ssh. `NO_COLOR` is about colours only.
    """
    term = re.split("[-.]", environment.get("TERM", "").lower())[0]
    if "STY" in environment:
        return False
    if "TMUX" in environment:
        return term in ("screen", "tmux")
    vte = environment.get("VTE_VERSION", "")
    return term in _TERMINALS and not (vte.isdecimal() and int(vte) < _VTE)


def link_to(url: str) -> str:
    """Return what to append to the style of a text that leads to an address; empty if it must not."""
    if not is_safe(url):
        return ""
    target = quote(url, safe=punctuation)  # printable ASCII stays
    return f" {MARK}id={next(_numbers)};{target}]" if len(target) <= _MOST else ""


def linked(style: str, text: str) -> list[tuple[str, str]]:
    """Return a text of one style in pieces, of which the web addresses lead there."""
    if "://" not in text:
        return [(style, text)]
    pieces: list[tuple[str, str]] = []
    end = 0
    for start, url in addresses(text):
        pieces += [(style, text[end:start]), (style + link_to(url), url)]
        end = start + len(url)
    return [piece for piece in (*pieces, (style, text[end:])) if piece[1]]


def without_link(style: str) -> tuple[str, str]:
    """Split a style with a hyperlink; return the style, and the sequence that begins the hyperlink."""
    before, _, rest = style.partition(MARK)
    link, _, after = rest.partition(" ")
    return f"{before} {after}".strip(), f"\x1b]8;{link[:-1]}\x1b\\"
