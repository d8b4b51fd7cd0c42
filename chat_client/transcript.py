"""The messages of the room's log that this client has seen."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from chat_protocol.messages import HistoryRequest, Message, Position, Welcome

MAX_KEPT: Final = 2000
"""Messages kept for lookup by number; older ones are requested from the room again."""


class Transcript:
    """The messages of one log seen so far, and the gaps between them.

    Not thread-safe: the owner's lock guards it. Within one connection ids only increase, so a
    message above the highest id is new. Own messages are compared with the kept ones: they
    may arrive before their ack.
    """

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self._last = 0  # the highest id seen or acknowledged
        self._kept: dict[int, Message] = {}  # in the order of arrival
        self._oldest: int | None = None  # nothing shown has a lower id; None: nothing shown yet
        # Unseen messages left out by each `resume`, newest last: their number, and the id after them.
        self._gaps: list[tuple[int, int]] = []

    def position(self) -> Position:
        """Return the position from which the room must continue."""
        return Position(self.epoch, self._last)

    def continues_in(self, welcome: Welcome) -> bool:
        """Return whether the welcome is for this log, and the log has not lost its newest messages."""
        return welcome.epoch == self.epoch and welcome.last >= self._last

    def resume(self, welcome: Welcome) -> list[Message]:
        """Add a welcome for this log; return its new messages, oldest first."""
        new = [message for message in welcome.messages if self.add(message)]
        below = new[0].id if new else welcome.last + 1
        if self._oldest is None:
            self._oldest = below
        if welcome.missed:
            self._gaps.append((welcome.missed, below))
        self._last = max(self._last, welcome.last)
        return new

    def add(self, message: Message) -> bool:
        """Add a message just received; return whether it is new."""
        if message.id <= self._last:
            return False
        self._last = message.id
        self._keep([message])
        return True

    def add_own(self, message: Message) -> bool:
        """Add an own message after its ack; return whether it has not been shown yet."""
        if message.id in self._kept:
            return False
        self._last = max(self._last, message.id)
        self._keep([message])
        return True

    def next_page(self, limit: int) -> HistoryRequest:
        """Return the request for the next older messages: those in gaps first."""
        if self._gaps:
            missing, end = self._gaps[-1]
            return HistoryRequest(before=end, limit=min(limit, missing))
        return HistoryRequest(before=self._oldest, limit=limit)

    def add_page(self, messages: Sequence[Message]) -> list[Message]:
        """Add the answer to `next_page`; return its new messages.

        Own messages in a gap may have been shown already, after their acks.
        """
        new = [message for message in messages if message.id not in self._kept]
        self._keep(messages)
        if self._gaps:
            missing, _ = self._gaps.pop()
            if messages and len(messages) < missing:
                self._gaps.append((missing - len(messages), messages[0].id))
        elif messages:
            self._oldest = messages[0].id
        return new

    def around(self, number: int, context: int) -> list[Message]:
        """Return message `number` and up to `context` kept ones on each side; empty if it is not kept."""
        if number not in self._kept:
            return []
        near = range(number - context, number + context + 1)
        return [self._kept[id_] for id_ in near if id_ in self._kept]

    def _keep(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._kept[message.id] = message
            deleted = message.notice.id if message.notice and message.notice.act == "delete" else None
            if deleted in self._kept:
                self._kept[deleted] = replace(self._kept[deleted], text="", deleted=True)
        while len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]
