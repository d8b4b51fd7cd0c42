"""The log of what was said, in memory.

Not thread-safe: owned by whoever holds the sequencer, like the room it belongs to.
"""

import secrets
from collections.abc import Sequence

from chat_protocol.messages import Ack, Message

Key = tuple[bytes, str]
"""Whose say it was (digest of the session's secret) and its ref: known again when repeated."""


class MemoryHistory:
    """The newest messages of this run of the server; ids begin at 1.

    `epoch` names the log: a client that saw another one starts afresh. `keep` bounds
    it (0: no message is kept, though all are numbered); the keys of `keep` messages,
    and at least those of `_KEYS_KEPT`, are remembered.
    """

    _KEYS_KEPT = 10_000

    def __init__(self, keep: int) -> None:
        self.epoch = secrets.token_hex(8)
        self.last = 0
        self._keep = keep
        self._messages: list[Message] = []  # ids are contiguous and end at `last`
        self._said: dict[Key, Ack] = {}
        self._said_before: dict[Key, Ack] = {}  # the older half, dropped as a whole

    def append(self, messages: Sequence[Message], keys: Sequence[Key | None]) -> None:
        """Keep messages, each with its key if it has one; their ids follow `last` without a gap."""
        if not messages:
            return
        self.last = messages[-1].id
        for message, key in zip(messages, keys, strict=True):
            if key is not None:
                self._said[key] = Ack(key[1], message.id, message.at)
        if len(self._said) >= max(self._keep, self._KEYS_KEPT):
            self._said_before, self._said = self._said, {}
        if self._keep:
            self._messages.extend(messages)
            # Cut rarely and by the half: deleting at the front moves all the rest.
            if len(self._messages) >= 2 * self._keep:
                del self._messages[: -self._keep]

    def recall(self, key: Key) -> Ack | None:
        """The acknowledgement that this very say was given before, if it was."""
        return self._said.get(key) or self._said_before.get(key)

    @property
    def first(self) -> int:
        """The oldest id kept; `last` + 1 while nothing is."""
        return self.last - min(len(self._messages), self._keep) + 1

    def before(self, message_id: int, limit: int) -> list[Message]:
        """Return the newest `limit` messages with ids below `message_id`, oldest first."""
        offset = self.last + 1 - len(self._messages)
        end = max(min(message_id, self.last + 1), self.first)
        start = max(end - limit, self.first)
        return self._messages[start - offset : end - offset]
