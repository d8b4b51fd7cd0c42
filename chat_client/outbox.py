"""Messages that the room has not acknowledged yet."""

import os
import time

from chat_protocol.messages import Say


class Outbox:
    """Unacknowledged messages in the order they were typed, each with a unique `ref`.

    Not thread-safe: the owner's lock guards it. After a reconnect the same refs are sent
    again, so that the room can tell a repeat from a new message.
    """

    def __init__(self) -> None:
        self._pending: dict[str, Say] = {}  # by ref

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, text: str) -> Say:
        """Add `text` under a new ref; return the command to send."""
        # The time comes first: increasing keys cost the room's index half as much.
        ref = f"{time.time_ns() // 1000:x}-{os.urandom(9).hex()}"
        say = self._pending[ref] = Say(text=text, ref=ref)
        return say

    def remove(self, ref: str) -> str | None:
        """Remove a message that the room has answered; return its text, None if it is not there."""
        say = self._pending.pop(ref, None)
        return say.text if say else None

    def pending(self) -> tuple[Say, ...]:
        """Return the unanswered messages, oldest first."""
        return tuple(self._pending.values())
