"""The log of what was said: what the room asks of it, and the one that lives in memory.

Not thread-safe: owned by whoever holds the sequencer, like the room it belongs to.
"""

import secrets
from collections.abc import Sequence
from typing import Protocol

from chat_protocol.messages import Ack, Message

Key = tuple[bytes, str]
"""Whose say it was (the session's digest) and its ref: known again when repeated."""


class Unavailable(Exception):
    """The log cannot be written or read now; what was appended since the last commit is not in it."""


def redacted(message: Message) -> Message:
    """Return what is left of a message when it is deleted."""
    return Message(message.id, message.at, message.name, "", deleted=True)


class History(Protocol):
    """Numbered messages without a gap, the newest of them kept."""

    epoch: str
    """Names this log: a client that saw another one starts afresh."""

    @property
    def last(self) -> int:
        """The newest id, 0 before the first."""

    @property
    def first(self) -> int:
        """The oldest id kept; `last` + 1 while nothing is."""

    def append(self, messages: Sequence[Message], keys: Sequence[Key | None]) -> None:
        """Add messages, each with its key if it has one; their ids follow `last` without a gap."""

    def delete(self, message_id: int) -> None:
        """Empty the text of a message, if it is kept; its number stays, and the ack of its say."""

    def commit(self) -> None:
        """Make what was appended and deleted last; raise `Unavailable` after undoing it again."""

    def recall(self, session: bytes, refs: Sequence[str]) -> dict[str, Ack]:
        """Return the acknowledgements of those says of a session that were given before, by ref.

        Raises `Unavailable`.
        """

    def before(self, message_id: int, limit: int) -> list[Message]:
        """Return the newest `limit` messages with ids below `message_id`, oldest first.

        Raises `Unavailable`.
        """

    def with_deletions(self, messages: Sequence[Message]) -> list[Message]:
        """Return messages that were read in this run as they are now: those deleted since are redacted."""

    def set_presence(self, session: bytes, name: str | None) -> None:
        """Remember that this session is in the room under `name`, or (None) that it left."""

    def present(self) -> list[tuple[bytes, str]]:
        """The sessions that were in the room when the server ended, with their names."""

    def prune(self) -> None:
        """Forget some of what is too old or too much, never long at a time."""

    def close(self) -> None:
        """Let go of what it holds."""


class MemoryHistory:
    """The newest `keep` messages of this run of the server, and their keys.

    With `keep` 0 messages are only numbered. The keys of the newest 10,000 messages
    are remembered in any case.
    """

    _KEYS_KEPT = 10_000

    def __init__(self, keep: int, last: int = 0) -> None:
        """`last` is the id before the first to come."""
        self.epoch = secrets.token_hex(8)
        self._last = last
        self._keep = keep
        self._messages: list[Message] = []  # ids are contiguous and end at `last`
        self._said: dict[Key, Ack] = {}
        self._said_before: dict[Key, Ack] = {}  # the older half, dropped as a whole

    @property
    def last(self) -> int:
        return self._last

    @property
    def first(self) -> int:
        return self._last - min(len(self._messages), self._keep) + 1

    def append(self, messages: Sequence[Message], keys: Sequence[Key | None]) -> None:
        if not messages:
            return
        self._last = messages[-1].id
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

    def delete(self, message_id: int) -> None:
        for message in self.before(message_id + 1, 1):
            if message.id == message_id:
                self.replace(redacted(message))

    def commit(self) -> None:
        """Nothing to do: memory lasts as long as we do."""

    def recall(self, session: bytes, refs: Sequence[str]) -> dict[str, Ack]:
        found = {}
        for ref in refs:
            if ack := self._said.get((session, ref)) or self._said_before.get((session, ref)):
                found[ref] = ack
        return found

    def before(self, message_id: int, limit: int) -> list[Message]:
        offset = self._last + 1 - len(self._messages)
        end = max(min(message_id, self._last + 1), self.first)
        start = max(end - limit, self.first)
        return self._messages[start - offset : end - offset]

    def with_deletions(self, messages: Sequence[Message]) -> list[Message]:
        end, count = self._last + 1, len(self._messages)
        return [
            self._messages[message.id - end] if end - count <= message.id < end else message
            for message in messages
        ]

    def set_presence(self, session: bytes, name: str | None) -> None:
        """Nothing to do: nobody comes back after us."""

    def present(self) -> list[tuple[bytes, str]]:
        return []

    def prune(self) -> None:
        """Nothing to do: `append` cuts."""

    def close(self) -> None:
        """Nothing to let go of."""

    def replace(self, message: Message) -> None:
        """Have this stand in place of the message with its number, if that is held."""
        position = message.id - self._last - 1 + len(self._messages)
        if 0 <= position < len(self._messages):
            self._messages[position] = message

    def rollback_to(self, last: int) -> None:
        """Forget all behind the id `last`, as if it had not been appended."""
        if last == self._last:
            return
        del self._messages[max(0, len(self._messages) - (self._last - last)) :]
        for said in (self._said, self._said_before):
            for key in [key for key, ack in said.items() if ack.id > last]:
                del said[key]
        self._last = last
