"""What of the room's log this client has seen."""

from collections.abc import Iterable, Sequence
from typing import Final

from chat_protocol.messages import HistoryRequest, Mark, Message, Welcome

KEPT: Final = 2000
"""Messages remembered for looking up by number; older ones are asked of the room again."""


class Transcript:
    """The messages seen of one log so far, and where the holes are.

    Not thread-safe: its owner's lock guards it. Ids within one connection only
    grow, so one number tells new from seen; the remembered messages tell whether
    one's own message came back by another way before its ack did.
    """

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self._last = 0  # the highest id seen or acknowledged
        self._known: dict[int, Message] = {}  # in the order they came to be known
        self._oldest: int | None = None  # everything shown lies at or above this id; None: nothing yet
        self._missing = 0  # how many messages right below _gap_end a resume left out
        self._gap_end = 0

    def mark(self) -> Mark:
        """Return how far this client has read, for the room to continue from."""
        return Mark(self.epoch, self._last)

    def resume(self, welcome: Welcome) -> list[Message]:
        """Take in a welcome to this log; return those of its messages that are new, oldest first."""
        new = [message for message in welcome.messages if self.add(message)]
        below = new[0].id if new else welcome.last + 1
        if self._oldest is None:
            self._oldest = below
        if welcome.missed:
            self._missing, self._gap_end = welcome.missed, below
        self._last = max(self._last, welcome.last)
        return new

    def add(self, message: Message) -> bool:
        """Take in a message as it happens; say whether it is new."""
        if message.id <= self._last:
            return False
        self._last = message.id
        self._remember([message])
        return True

    def add_own(self, message: Message) -> bool:
        """Take in one's own message on its ack; say whether it has not been shown yet."""
        if message.id in self._known:
            return False
        self._last = max(self._last, message.id)
        self._remember([message])
        return True

    def next_page(self, limit: int) -> HistoryRequest:
        """Return the request for what lies before: first the hole of a resume, then further back."""
        if self._missing:
            return HistoryRequest(before=self._gap_end, limit=min(limit, self._missing))
        return HistoryRequest(before=self._oldest, limit=limit)

    def add_page(self, messages: Sequence[Message]) -> None:
        """Take in the answer to `next_page`."""
        self._remember(messages)
        if self._missing:
            self._missing = max(0, self._missing - len(messages)) if messages else 0
            self._gap_end = messages[0].id if messages else self._gap_end
        elif messages:
            self._oldest = messages[0].id

    def around(self, number: int, context: int) -> list[Message]:
        """Return message `number` with up to `context` known neighbours a side; empty if unknown."""
        if number not in self._known:
            return []
        near = range(number - context, number + context + 1)
        return [self._known[id_] for id_ in near if id_ in self._known]

    def _remember(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._known[message.id] = message
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
