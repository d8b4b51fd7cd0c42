"""Whether somebody is at the terminal: the room is told when no key was pressed for long."""

import asyncio
from time import monotonic
from typing import Final

from chat_client.chat import Chat
from chat_protocol.messages import Away

AWAY_AFTER: Final = 600.0
"""Seconds without a key after which the person is away."""


class Idle:
    """Watches the keys. Owned by the main thread and its event loop."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._key_at = monotonic()
        self._is_away = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watch from now on."""
        self._wait(AWAY_AFTER)

    def stop(self) -> None:
        """Watch no more."""
        if self._timer:
            self._timer.cancel()

    def on_key(self) -> None:
        """Note a key; with it the person is back."""
        self._key_at = monotonic()
        if self._is_away:
            self.tell(Away(on=False))

    def tell(self, away: Away) -> None:
        """Tell the room that the person is away, until the next key, or is back."""
        self._is_away = away.on
        self._chat.set_away(away.on, away.why)

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        left = self._key_at + AWAY_AFTER - monotonic()
        if left <= 0 and not self._is_away:
            self.tell(Away())
        self._wait(left if left > 0 else AWAY_AFTER)
