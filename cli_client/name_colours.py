"""Which colour each name has: the rule of docs/protocol.md, the same as on the page."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from chat_protocol.text import one_line

COLOURS: Final = 12
"""Number of colours; `colours` says what they look like."""

_STEP: Final = 5  # to the next colour, if one is taken: far from it, and after 12 steps all have been tried
_MASK: Final = 0xFFFFFFFF
_REMEMBERED: Final = 10_000  # names whose colours are remembered


@lru_cache(maxsize=1000)
def preferred_colour(name: str) -> int:
    """Return the colour that a name takes if it is free, the same on every device."""
    hashed = 2_166_136_261  # FNV-1a, 32 bits
    for char in name.lower():
        hashed = (hashed ^ ord(char)) * 16_777_619 & _MASK
    # FNV-1a leaves the last letters in few bits: spread them (MurmurHash3's finalizer).
    hashed = (hashed ^ hashed >> 16) * 0x85EBCA6B & _MASK
    hashed = (hashed ^ hashed >> 13) * 0xC2B2AE35 & _MASK
    return (hashed ^ hashed >> 16) % COLOURS


class NameColours:
    """Which name has which colour: those who are present differ as long as there are enough.

    Nobody changes colour while the program runs. `me` is our own name, which has a look of its own; the page
    and other people see it in its colour. Owned by the main thread.
    """

    def __init__(self) -> None:
        self.me = ""
        self._given: dict[str, int] = {}
        self._used = [0] * COLOURS  # how many names have each colour
        self._present: set[str] = set()
        self._of_present = [0] * COLOURS  # how many of those who are present have each
        self._styles: dict[str, str] = {}  # of names as they were sent

    def meet(self, names: Iterable[str]) -> None:
        """Take note of everybody who is present; our own name comes first."""
        self._present.clear()
        self._of_present = [0] * COLOURS
        # Who is known keeps a colour, and the new ones shall differ from it.
        for name in sorted(names, key=lambda name: (name.lower() not in self._given, name != self.me)):
            self.joined(name)

    def joined(self, name: str) -> None:
        """Take note of somebody who has come."""
        colour, key = self.of(name), name.lower()
        if key not in self._present:
            self._present.add(key)
            self._of_present[colour] += 1

    def left(self, name: str) -> None:
        """Take note of somebody who has gone."""
        key = name.lower()
        if key in self._present:
            self._present.remove(key)
            self._of_present[self.of(name)] -= 1

    def of(self, name: str) -> int:
        """Return the colour of a name."""
        key = name.lower()
        colour = self._given.get(key)
        if colour is None:
            if len(self._given) >= _REMEMBERED:  # a room of so many is a crowd: colours repeat in any case
                return preferred_colour(name)
            colour = self._given[key] = self._choose(preferred_colour(name))
            self._used[colour] += 1
        return colour

    def style(self, name: str) -> str:
        """Return the style of a name."""
        if name == self.me:
            return "class:me"
        style = self._styles.get(name)
        if style is None:
            style = f"class:person-{self.of(name)}"
            if len(self._styles) < _REMEMBERED:
                self._styles[name] = style
        return style

    def listed(self, names: Iterable[str], marks: Mapping[str, str] = {}) -> list[tuple[str, str]]:
        """Return names in their styles, with commas between; `marks` are what stands behind some of them."""
        out: list[tuple[str, str]] = []
        for name in names:
            out += [("class:dim", ", ")] if out else []
            out.append((self.style(name), one_line(name)))
            out += [("class:dim", f" ({marks[name]})")] if name in marks else []
        return out

    def _choose(self, preferred: int) -> int:
        order = [(preferred + step * _STEP) % COLOURS for step in range(COLOURS)]
        for taken in (self._used, self._of_present):
            for colour in order:
                if not taken[colour]:
                    return colour
        return preferred
