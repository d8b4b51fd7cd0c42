"""Whose messages the person at this terminal does not want to see. Nobody else learns of it."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from chat_client.identity import key_of_name, replace_file
from chat_protocol.messages import Message
from chat_protocol.text import one_line

_FILE: Final = "ignored"
_MOST: Final = 200  # people of whom it is remembered, as on the page


class Ignored:
    """The names that are ignored in one room, in a file with one name a line. Owned by one thread.

    `folder` is the room's own one, None to keep nothing. Reading and writing never raise `OSError`: what
    cannot be kept holds until the program ends.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = folder / _FILE if folder else None
        self._names: dict[str, str] = {}  # as they are written, by what is the same for the room
        self._read()

    @property
    def names(self) -> list[str]:
        """The names, the one that was ignored first comes first."""
        return list(self._names.values())

    def hides(self, message: Message) -> bool:
        """Return whether a message is hidden: not our own, nor what the room says itself."""
        if not self._names or message.mine or message.notice:
            return False
        return key_of_name(message.name) in self._names

    def add(self, name: str) -> None:
        """Hide the messages of somebody."""
        self._read()  # another terminal may have changed the file
        self._names.setdefault(key_of_name(name), one_line(name))
        self._write()

    def remove(self, name: str) -> bool:
        """Show the messages of somebody again; return whether they were hidden."""
        self._read()
        was_hidden = self._names.pop(key_of_name(name), None) is not None
        if was_hidden:
            self._write()
        return was_hidden

    def _read(self) -> None:
        if self._file is None:
            return
        with suppress(OSError, UnicodeError):
            names = map(one_line, self._file.read_text(encoding="utf-8").splitlines())
            self._names = {key_of_name(name): name for name in names if name}

    def _write(self) -> None:
        self._names = dict([*self._names.items()][-_MOST:])
        if self._file is None:
            return
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self._file, "".join(f"{name}\n" for name in self._names.values()).encode())
