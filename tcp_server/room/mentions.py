"""Who is called in a text: `@Name`, of the members and of those who have spoken lately.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import re
from collections.abc import Iterator

from chat_protocol.contract import EVERYBODY
from tcp_server.log.history import History, Unavailable
from tcp_server.room.members import Members
from tcp_server.room.names import plain

_MAX_LOOKED_UP = 20
"""Most `@` of a text that are looked up."""

_LATELY = 500
"""Messages whose senders can be called after they have left."""

_MAX_ENDS = 32
"""Most ends of words in a name that is called, so that a look-up stays cheap: 32 characters have no more."""

_CALL = re.compile(r"(?<!\w)@(?=\S)")
_END = re.compile(r"(?<=\w)(?!\w)|(?<=[^\w\s])")
_EVERYBODY_KEYS = frozenset({EVERYBODY, "все"})


class Mentions:
    """Finds the names in texts."""

    def __init__(self, members: Members, history: History, max_name: int) -> None:
        self._members = members
        self._history = history
        self._max_name = max_name

    def find(self, text: str, *, calls_all: bool) -> list[str]:
        """Return the names of those called in a text, as they write them, each once and in its order.

        With `calls_all`, `@all` calls everybody.
        """
        found: dict[str, None] = {}
        spoken: dict[str, str] | None = None
        for number, call in enumerate(_CALL.finditer(text)):
            if number == _MAX_LOOKED_UP:
                break
            if spoken is None:
                spoken = self._spoken()
            for key in _candidates(text[call.end() :], self._max_name):
                name = EVERYBODY if calls_all and key in _EVERYBODY_KEYS else None
                if name := name or self._members.named(key) or spoken.get(key):
                    found[name] = None
                    break
        return [*found]

    def _spoken(self) -> dict[str, str]:
        """Return, by key, the names of those who have spoken lately."""
        try:
            messages = self._history.before(self._history.last + 1, _LATELY)
        except Unavailable:
            return {}
        names = {message.name for message in messages if message.notice is None}
        return {plain(name): name for name in names}


def _candidates(text: str, limit: int) -> Iterator[str]:
    """Yield the keys of what could be a name at the beginning of a text, the longest first.

    `limit` is the longest name, in code points.
    """
    line = text[: limit + 1].partition("\n")[0]
    ends = [found.end() for found in _END.finditer(line) if found.end() <= limit][:_MAX_ENDS]
    for end in reversed(ends):
        yield plain(line[:end])
