"""The message log in memory.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import secrets
from collections.abc import Iterator, Sequence
from operator import itemgetter

from chat_protocol.messages import Ack, Message, Reaction
from tcp_server.log.bodies import Bodies
from tcp_server.log.history import Key, position
from tcp_server.log.reactions import Reactions
from tcp_server.log.recent_acks import RecentAcks
from tcp_server.log.records import Records


class MemoryHistory:
    """The newest `keep` messages since the server started, and their keys.

    With `keep` 0 messages are only numbered. The refs of the newest 10,000 messages and acts
    are kept in any case.
    """

    def __init__(self, keep: int, last: int = 0) -> None:
        """`last` is the id before that of the first message."""
        self.epoch = secrets.token_hex(8)
        self.sanctions = self.head = b""
        self.position = self.settled = 0
        self.members = Records[int]()
        self.persons = Records[bytes]()
        self.bodies = Bodies()
        self._committed = last
        # Of messages changed since the last commit: what was there, and its last act or 0, for a rollback.
        self._originals: dict[int, tuple[Message, int]] = {}
        self._forgotten_below = 0  # an id; refs of older messages are unknown too
        self._last = last
        self._keep = keep
        self._messages: list[Message] = []  # in the order of their ids
        self._persons: list[bytes | None] = []  # who has said each of these
        self._changes: dict[int, int] = {}  # the last act on each of those that were changed, in its order
        self._reactions = Reactions()
        self._acks = RecentAcks(max(keep, 10_000))

    @property
    def is_writable(self) -> bool:
        return True

    @property
    def missing(self) -> range:
        return range(0)

    @property
    def last(self) -> int:
        return self._last

    @property
    def first(self) -> int:
        return self._messages[-min(len(self._messages), self._keep)].id if self._messages else self._last + 1

    def say(
        self, person: bytes, name: str, at: str, texts: Sequence[str], refs: Sequence[str]
    ) -> list[Message]:
        first = self._last + 1
        messages = [Message(number, at, name, text) for number, text in enumerate(texts, first)]
        if refs:
            self._acks.add_says(person, refs, first, at)
        self._extend(messages, person)
        return messages

    def append(self, message: Message, person: bytes | None = None, ref: str | None = None) -> None:
        if person is not None and ref is not None:
            self._acks.add_says(person, (ref,), message.id, message.at)
        self._extend([message], person)

    def _extend(self, messages: Sequence[Message], person: bytes | None) -> None:
        """Add messages of one person, or of the room."""
        if messages:
            self._last = messages[-1].id
        if self._keep:
            self._messages.extend(messages)
            self._persons.extend([person] * len(messages))
            # Truncated rarely, and then by half: a deletion at the front moves all the rest.
            if len(self._messages) >= 2 * self._keep:
                self._drop(len(self._messages) - self._keep)

    def skip_to(self, last: int) -> None:
        self._last = last

    def note_act(self, ack: Ack, message_id: int, key: Key | None) -> None:
        self.skip_to(ack.id)
        if key is not None and key[1] is not None:
            self._acks.add_act(key[0], ack, message_id)

    def change(self, message: Message, act: int) -> None:
        if (index := self._find(message.id)) is None:
            return
        self._originals.setdefault(message.id, (self._messages[index], self._changes.pop(message.id, 0)))
        self._changes[message.id] = act
        self._messages[index] = message
        if message.deleted:
            self._reactions.drop(message.id)
            self.bodies.drop(message.id)

    def react(
        self, message_id: int, emoji: str, person: bytes, name: str, *, on: bool
    ) -> Sequence[Reaction] | None:
        return self._reactions.change(message_id, emoji, person, name, on=on)

    def commit(self) -> None:
        """Forget how to take back what there is: the log ends with the process anyway."""
        self._committed = self._last
        self._originals.clear()
        self._reactions.commit()
        self.bodies.commit()

    def rollback(self) -> None:
        self.rollback_to(self._committed)
        self._reactions.rollback()
        self.bodies.rollback(self._committed)
        for message, act in self._originals.values():
            self.replace(message)
            self._changes[message.id] = act
        if self._originals:
            in_order = sorted(self._changes.items(), key=itemgetter(1))
            self._changes = {id_: act for id_, act in in_order if act and id_ <= self._last}
            self._originals.clear()

    def settle(self, below: int) -> None:
        self.settled = max(below, self.settled)

    def find_acks(self, person: bytes, refs: Sequence[str]) -> dict[str, Ack]:
        return self._acks.find(person, refs, first=self._forgotten_below, settled=self.settled)

    def author(self, message_id: int) -> bytes | None:
        index = self._find(message_id)
        return None if index is None else self._persons[index]

    def own(self, messages: Sequence[Message], person: bytes) -> set[int]:
        return {id_ for id_, by in self._persons_of(messages) if by == person}

    def reacted(self, message_ids: Sequence[int], person: bytes) -> dict[int, list[str]]:
        return self._reactions.of(message_ids, person)

    def changed_after(self, act: int, limit: int) -> list[Message]:
        found = []
        for message_id, last in reversed(self._changes.items()):
            if last <= act:
                break
            if message_id <= act and (index := self._find(message_id)) is not None:
                found.append(self._messages[index])
        return found[: -limit - 1 : -1]

    def before(self, message_id: int, limit: int) -> list[Message]:
        count = len(self._messages)
        end = count if message_id > self._last else position(self._messages, message_id)
        return self._messages[max(end - limit, count - self._keep, 0) : end]

    def count_after(self, message_id: int) -> int:
        first, count = self.first, len(self._messages)
        after = max(message_id, first - 1)
        return after - message_id + count - position(self._messages, after + 1)

    def as_now(self, messages: Sequence[Message]) -> list[Message]:
        return [self._messages[i] if (i := self._find(one.id)) is not None else one for one in messages]

    def take_present(self) -> list[tuple[bytes, str]]:
        return []

    def oldest_to_keep(self, now: float) -> int:  # noqa: ARG002 - see `History`
        """Nothing to do: `append` forgets."""
        return self.first

    def forget(self, below: int) -> None:
        self._forgotten_below = max(below, self._forgotten_below)
        self._drop(position(self._messages, below))

    def tidy(self) -> float:
        return 0.0

    def close(self) -> None:
        """Nothing to release."""

    def replace(self, message: Message) -> None:
        """Put `message` in place of the one with its id, if that is kept."""
        if (index := self._find(message.id)) is not None:
            self._messages[index] = message

    def rollback_to(self, last: int) -> None:
        """Undo everything after the id `last`."""
        if last == self._last:
            return
        kept = position(self._messages, last + 1)
        del self._messages[kept:], self._persons[kept:]
        self._acks.drop_after(last)
        self._last = last

    def _drop(self, count: int) -> None:
        """Remove the oldest messages, and what belongs to them."""
        del self._messages[:count], self._persons[:count]
        first = self._messages[0].id if self._messages else self._last + 1
        self._reactions.forget(first)
        self.bodies.forget(first)
        for ids in (self._changes, self._originals):
            for message_id in [one for one in ids if one < first]:
                del ids[message_id]

    def _persons_of(self, messages: Sequence[Message]) -> Iterator[tuple[int, bytes | None]]:
        """Yield the ids of those that are kept, and who has said each; quickly if they follow one another."""
        index, count = -1, len(self._messages)
        for message in messages:
            index += 1
            if index >= count or self._messages[index].id != message.id:
                index = position(self._messages, message.id)
            if index < count and self._messages[index].id == message.id:
                yield message.id, self._persons[index]

    def _find(self, message_id: int) -> int | None:
        index = position(self._messages, message_id)
        is_there = index < len(self._messages) and self._messages[index].id == message_id
        return index if is_there else None
