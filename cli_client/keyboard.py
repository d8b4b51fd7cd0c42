"""The keys of the terminal, and what is a paste among them."""

import select
from collections.abc import Callable
from typing import Final, TextIO

from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys

_PASTE_GAP: Final = 0.01  # seconds; nobody types a line as fast
_MAX_PASTE: Final = 1_000_000  # keys; more would keep the screen waiting
_LINE_ENDS: Final = (Keys.ControlM, Keys.ControlJ)
_WHITE_SPACE: Final = {Keys.ControlM: "\n", Keys.ControlJ: "\n", Keys.ControlI: "\t"}

# Alt+Enter; then Enter with Shift, Alt, Ctrl (2 to 8), as CSI u and xterm's modifyOtherKeys write it.
_WITH_MODIFIER: Final = [sequence for n in range(2, 9) for sequence in (f"\x1b[13;{n}u", f"\x1b[27;{n};13~")]
ANSI_SEQUENCES.update(dict.fromkeys(["\x1b\r", "\x1b\n", *_WITH_MODIFIER], Keys.ControlJ))


# What a terminal says when it gets the focus or loses it, once `Screen` has asked for that.
_FOCUS: Final = {"\x1b[I": True, "\x1b[O": False}
ANSI_SEQUENCES.update(dict.fromkeys(_FOCUS, Keys.Ignore))


class Keyboard(Vt100Input):
    """The keys that are typed at `stdin`, a terminal. `on_focus` is told whether it has the focus: no key.

    A terminal without bracketed paste sends a pasted text as keys. Nobody types the beginning of a
    next line within `_PASTE_GAP` of Enter, so that is a paste too: Enter within it sends nothing.
    """

    def __init__(self, stdin: TextIO, on_focus: Callable[[bool], None]) -> None:
        super().__init__(stdin)
        self._on_focus = on_focus

    def read_keys(self) -> list[KeyPress]:
        """Return the keys that have come; a paste as one key. Waits for `_PASTE_GAP` after Enter."""
        keys = self._read()
        if not any(key.key in _LINE_ENDS for key in keys):
            return keys
        while len(keys) < _MAX_PASTE and not self.closed and self._is_more_coming():
            keys += self._read()
        return [KeyPress(Keys.BracketedPaste, "".join(map(_text, keys)))] if _has_lines(keys) else keys

    def _read(self) -> list[KeyPress]:
        """Return the keys that have come, without what tells of the focus."""
        keys = []
        for key in super().read_keys():
            if key.key is Keys.Ignore and key.data in _FOCUS:
                self._on_focus(_FOCUS[key.data])
            else:
                keys.append(key)
        return keys

    def _is_more_coming(self) -> bool:
        return bool(select.select([self.fileno()], [], [], _PASTE_GAP)[0])


def _has_lines(keys: list[KeyPress]) -> bool:
    """Return whether something of a text follows an end of a line."""
    ends = [index for index, key in enumerate(keys) if key.key in _LINE_ENDS]
    return any(_text(key).strip() for key in keys[ends[0] :])


def _text(key: KeyPress) -> str:
    """Return what a key adds to a text."""
    if key.key is Keys.BracketedPaste or not isinstance(key.key, Keys):
        return key.data
    return _WHITE_SPACE.get(key.key, "")
