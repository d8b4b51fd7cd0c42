"""The emoji that a reaction can be, and their short names, `:+1:`. Pure.

The list, emoji.txt, is made by tools/emoji.py and read when it is first needed: a line has an emoji and,
without their colons, its names.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

EMOJI_FILE: Final = Path(__file__).with_name("emoji.txt")
"""The list, in UTF-8. Lines that begin with `# ` are comments."""

_PRESENTATION: Final = "\ufe0f"
"""Asks for the coloured form of a character (UTS 51, ED-9a). Keyboards often leave it out."""


class _Emojis(NamedTuple):
    by_form: Mapping[str, str]
    """Each emoji by itself without `_PRESENTATION`."""
    by_name: Mapping[str, str]


def find_emoji(text: str) -> str | None:
    """Return one emoji in its fully qualified form (UTS 51, ED-18); None if `text` is not one.

    It may be given without what asks for the coloured form, or by its name between colons. Any thread. The
    first call takes some 5 ms.
    """
    if len(text) > 2 and text[0] == text[-1] == ":":
        return emojis_by_name().get(text[1:-1].lower())
    return _emojis().by_form.get(text.replace(_PRESENTATION, ""))


def emojis_by_name() -> Mapping[str, str]:
    """Return the emojis by their names, which are in lower case and without colons. Any thread."""
    return _emojis().by_name


@cache
def _emojis() -> _Emojis:
    by_form: dict[str, str] = {}
    by_name: dict[str, str] = {}
    for line in EMOJI_FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            emoji, *names = line.split(" ")
            by_form[emoji.replace(_PRESENTATION, "")] = emoji
            by_name |= dict.fromkeys(names, emoji)
    return _Emojis(by_form, by_name)
