"""What this person has said and the room has not yet acknowledged."""

import secrets
import time

from chat_protocol.messages import Say


class Outbox:
    """Says in the order they were typed, each under a key no other say has.

    Not thread-safe: its owner's lock guards it. A say stays until the room acks
    or refuses it; after a reconnect the same keys are sent again, so the room can
    tell a repeat from a new message.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, Say] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, text: str) -> Say:
        """Keep `text` under a new key and return it ready to be sent."""
        # Begins with the time: keys that sort as they come cost the room's index half as much.
        ref = f"{time.time_ns() // 1000:x}-{secrets.token_urlsafe(9)}"
        say = self._waiting[ref] = Say(text=text, ref=ref)
        return say

    def settle(self, ref: str) -> str | None:
        """Let go of what the room has answered; return its text, or None if it was answered before."""
        say = self._waiting.pop(ref, None)
        return say.text if say else None

    def waiting(self) -> tuple[Say, ...]:
        """Return what is still unanswered, oldest first."""
        return tuple(self._waiting.values())
