"""The output in a live message as a terminal may get it."""

import os
import re
import sys
from typing import Final, Literal

from chat_protocol.sgr import clean_output, without_colours

Colour = Literal["auto", "always", "never"]

_COLOURED_LINE: Final = re.compile(r"\x1b[^\n]*")


def has_colours(wanted: Colour) -> bool:
    """Return whether stdout gets colours: with `auto` a terminal, unless NO_COLOR is set."""
    if wanted == "auto":
        return sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return wanted == "always"


def for_terminal(text: str, *, colours: bool) -> str:
    """Return final lines, cleaned again; with `colours` each line resets them at its end."""
    text = clean_output(text)
    return _COLOURED_LINE.sub("\\g<0>\x1b[0m", text) if colours else without_colours(text)
