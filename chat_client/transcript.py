"""The messages of the room's log that this client has seen."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

from msgspec.structs import replace

from chat_protocol.message import quote_of, redacted
from chat_protocol.messages import HistoryPage, HistoryRequest, Message, Position, Quote, Welcome

MAX_KEPT: Final = 2000
"""Messages kept for lookup by number; older ones are requested from the room again."""


class _Gap(NamedTuple):
    """So many messages between two ids are missing."""

    missing: int
    low: int
    high: int

    def is_between(self, lower: int, upper: int) -> bool:
        """Return whether one of them may be between these ids."""
        return self.low < upper and lower < self.high


class Transcript:
    """The messages of one log seen so far, and the gaps between them.

    Not thread-safe: the owner's lock guards it. Within one connection ids only increase, so a
    message above the highest id is new. Own messages are compared with the kept ones: they
    may arrive before their ack. The kept ones are as they are now.
    """

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self._last = 0  # the highest id of a message or an act seen or acknowledged
        self._kept: dict[int, Message] = {}  # by id, in order: the newest of those seen
        self._oldest: int | None = None  # nothing shown has a lower id; None: nothing shown yet
        self._gaps: list[_Gap] = []  # unseen messages left out by each `resume`, newest last

    def position(self) -> Position:
        """Return the position from which the room must continue."""
        return Position(self.epoch, self._last)

    def continues_in(self, welcome: Welcome) -> bool:
        """Return whether the welcome is for this log, and the log has not lost its newest messages."""
        return welcome.epoch == self.epoch and welcome.last >= self._last

    def resume(self, welcome: Welcome) -> list[Message]:
        """Add a welcome for this log; return its new messages, oldest first."""
        low = self._last
        new = [message for message in welcome.messages if self.add(message)]
        high = new[0].id if new else welcome.last + 1
        if self._oldest is None:
            self._oldest = high
        if welcome.missed:
            self._gaps.append(_Gap(welcome.missed, low, high))
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

    def advance(self, id_: int, *, again: bool = False) -> bool:
        """Note the id of an act; return whether it is new.

        It may come `again`: what we did elsewhere is told as to all, then with our marks.
        """
        is_new = id_ > self._last or (again and id_ == self._last)
        self._last = max(self._last, id_)
        return is_new

    def change(
        self, message: Message, mine: Sequence[str] | None = None, *, is_marked: bool = False
    ) -> tuple[Message, Message | None]:
        """Bring a kept message and the quotes of it up to date; return it as it is now and as it was.

        `mine` are the emojis of our own reactions. Without them our marks are as before, unless the message
        `is_marked`.
        """
        before = self._kept.get(message.id)
        if not is_marked:
            message = _with_marks(message, before, mine)
        if before:
            self._kept[message.id] = message
        if before is None or (before.text, before.deleted) != (message.text, message.deleted):
            self._requote(message)
        return message, before

    def newest(self, limit: int) -> list[Message]:
        """Return the newest messages that are kept, at most `limit`, oldest first."""
        return [self._kept[id_] for id_ in islice(reversed(self._kept), limit)][::-1]

    def quote(self, number: int) -> Quote:
        """Return the quote of a message; of one that is not kept only its number."""
        message = self._kept.get(number)
        return quote_of(message) if message else Quote(number)

    def _requote(self, message: Message) -> None:
        """Bring the quotes of a message up to date."""
        quote = quote_of(message)
        for kept in self._kept.values():
            if kept.reply and kept.reply.id == message.id:
                self._kept[kept.id] = replace(kept, reply=quote)

    def drop_messages(self) -> None:
        """Drop all messages, as too many have changed to be told; the position stays."""
        self._kept.clear()
        self._gaps.clear()
        self._oldest = None

    def has(self, number: int) -> bool:
        """Return whether a message is kept."""
        return number in self._kept

    def next_page(self, limit: int) -> HistoryRequest:
        """Return the request for the next older messages: those in gaps first."""
        if self._gaps:
            gap = self._gaps[-1]
            return HistoryRequest(before=gap.high, limit=min(limit, gap.missing))
        return HistoryRequest(before=self._oldest, limit=limit)

    def add_page(self, page: HistoryPage) -> list[Message]:
        """Add the answer to `next_page`; return its new messages.

        Own messages in a gap may have been shown already, after their acks.
        """
        gap = self._gaps.pop() if self._gaps else None
        low = gap.low if gap else 0
        new = [message for message in page.messages if message.id > low and message.id not in self._kept]
        self._keep(page.messages)
        if page.messages:
            oldest = page.messages[0].id
            left = gap.missing - len(page.messages) if gap else 0
            if gap is None:
                self._oldest = oldest
            elif left > 0 and (oldest if page.first is None else page.first) > low + 1:
                self._gaps.append(_Gap(left, low, oldest))
        return new

    def around(self, number: int, context: int) -> list[Message]:
        """Return message `number` and up to `context` next ones on each side; empty if it is not kept."""
        if number not in self._kept:
            return []
        ids = list(self._kept)
        start = stop = index = bisect_left(ids, number)
        while start > 0 and index - start < context and self._is_next(ids[start - 1], ids[start]):
            start -= 1
        while stop < len(ids) - 1 and stop - index < context and self._is_next(ids[stop], ids[stop + 1]):
            stop += 1
        return [self._kept[id_] for id_ in ids[start : stop + 1]]

    def _is_next(self, lower: int, upper: int) -> bool:
        """Return whether no message is missing between these two kept ones."""
        return not any(gap.is_between(lower, upper) for gap in self._gaps)

    def _keep(self, messages: Sequence[Message]) -> None:
        newest = next(reversed(self._kept), 0)
        for message in messages:
            self._kept[message.id] = message
        if messages and messages[0].id < newest:
            self._kept = dict(sorted(self._kept.items()))
        for message in messages:
            deleted = message.notice.id if message.notice and message.notice.act == "delete" else None
            if deleted in self._kept:  # a newer server also sends a `changed`
                self.change(redacted(self._kept[deleted]))
        while len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]


def _with_marks(message: Message, before: Message | None, mine: Sequence[str] | None) -> Message:
    """Return a message with our marks; those of its reactions as before without `mine`."""
    if mine is None:
        mine = [reaction.emoji for reaction in before.reactions if reaction.mine] if before else ()
    return replace(
        message,
        reactions=tuple(replace(reaction, mine=reaction.emoji in mine) for reaction in message.reactions),
        mine=before is not None and before.mine,
    )
