"""Whether somebody is at the terminal: the room is told when no key was pressed for long."""

from time import monotonic
from typing import Final

from chat_client.chat import Chat
from chat_protocol.messages import Away

AWAY_AFTER: Final = 600.0
"""Seconds without a key after which the person is away."""


class Idle:
    """Watches the keys. Owned by the main thread."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._key_at = monotonic()
        self._is_away = False

    def on_key(self) -> None:
        """Note a key; with it the person is back."""
        self._key_at = monotonic()
        if self._is_away:
            self.tell(Away(on=False))

    def tell(self, away: Away) -> None:
        """Tell the room that the person is away, until the next key, or is back."""
        self._is_away = away.on
        self._chat.set_away(away.on, away.why)

    def look(self) -> float:
        """Tell the room if there was no key for long; return in how many seconds to look again."""
        left = self._key_at + AWAY_AFTER - monotonic()
        if left > 0:
            return left
        if not self._is_away:
            self.tell(Away())
        return AWAY_AFTER
