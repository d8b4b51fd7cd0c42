"""What of the room's log this client has seen."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

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
        # What resumes left out, newest last: how many messages, right below which id.
        self._holes: list[tuple[int, int]] = []

    def mark(self) -> Mark:
        """Return how far this client has read, for the room to continue from."""
        return Mark(self.epoch, self._last)

    def continues_in(self, welcome: Welcome) -> bool:
        """Say whether a welcome is to this log, and not to another or to one that lost its end."""
        return welcome.epoch == self.epoch and welcome.last >= self._last

    def resume(self, welcome: Welcome) -> list[Message]:
        """Take in a welcome to this log; return those of its messages that are new, oldest first."""
        new = [message for message in welcome.messages if self.add(message)]
        below = new[0].id if new else welcome.last + 1
        if self._oldest is None:
            self._oldest = below
        if welcome.missed:
            self._holes.append((welcome.missed, below))
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
        """Return the request for what lies before: first the holes of resumes, then further back."""
        if self._holes:
            missing, end = self._holes[-1]
            return HistoryRequest(before=end, limit=min(limit, missing))
        return HistoryRequest(before=self._oldest, limit=limit)

    def add_page(self, messages: Sequence[Message]) -> list[Message]:
        """Take in the answer to `next_page`; return those of its messages that are new.

        One's own may lie in a hole and have been shown all the same, on their acks.
        """
        new = [message for message in messages if message.id not in self._known]
        self._remember(messages)
        if self._holes:
            missing, _ = self._holes.pop()
            if messages and len(messages) < missing:
                self._holes.append((missing - len(messages), messages[0].id))
        elif messages:
            self._oldest = messages[0].id
        return new

    def around(self, number: int, context: int) -> list[Message]:
        """Return message `number` with up to `context` known neighbours a side; empty if unknown."""
        if number not in self._known:
            return []
        near = range(number - context, number + context + 1)
        return [self._known[id_] for id_ in near if id_ in self._known]

    def _remember(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._known[message.id] = message
            if message.notice and message.notice.act == "delete":
                self._delete(message.notice.id)
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]

    def _delete(self, number: int | None) -> None:
        if number in self._known:
            self._known[number] = replace(self._known[number], text="", deleted=True)
