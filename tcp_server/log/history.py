"""The message log: its interface, and the implementation in memory.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import secrets
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import attrgetter, itemgetter
from typing import Final, Protocol

from chat_protocol.messages import Ack, Message, Reaction
from tcp_server.log.reactions import Reactions
from tcp_server.log.records import Records

_id_of = attrgetter("id")

Key = tuple[bytes, str | None]
"""Who has said or done something: the digest of the person, and the ref by which a repeat is recognised."""


_QUOTE_BYTES: Final = 350
_REACTION_BYTES: Final = 70
"""Estimated bytes of a quote, and of a reaction without its names, in JSON."""

MAX_PAGE_BYTES: Final = 256 * 1024
"""About how many bytes the messages of one answer have together, unless it is only one."""


class Unavailable(Exception):
    """The log cannot be written or read at present."""


def size_of(message: Message) -> int:
    """Return about how many bytes a message has in an answer, with the quote that it is sent with."""
    size = 2 * len(message.text) + 100
    if message.reply is not None:
        size += _QUOTE_BYTES
    for name in message.mentions:
        size += 2 * len(name)
    for reaction in message.reactions:
        size += _REACTION_BYTES + sum([2 * len(name) for name in reaction.names])
    return size


def position(messages: Sequence[Message], message_id: int) -> int:
    """Return how many of the messages, which are in the order of their ids, are before that id."""
    return bisect_left(messages, message_id, key=_id_of)


class History(Protocol):
    """Messages with increasing ids, of which the newest are kept.

    Other ids are skipped: they are numbers of what is no message, as of acts on messages. Messages are as
    they are now. Inside the log a `reply` has only its id, and `mine` is never set.
    """

    epoch: str
    """Random id of this log: a client that has seen another log has to start anew."""

    sanctions: bytes
    """The bans and mutes in force, encoded by the room; stored by the next commit. Empty at first."""

    head: bytes
    """Where the room is in its journal, encoded by the room; stored by the next commit. Empty at first."""

    @property
    def members(self) -> Records[int]:
        """The members, by number."""

    @property
    def persons(self) -> Records[bytes]:
        """What is kept of people while they are away, by the digest of their first secret."""

    @property
    def is_writable(self) -> bool:
        """Whether messages could be stored when that was last tried. Any thread."""

    position: int
    """The position of the entry that is being applied; stored with the messages that are then appended."""

    @property
    def last(self) -> int:
        """The newest id, of a message or a skipped one; 0 before the first."""

    @property
    def first(self) -> int:
        """The id of the oldest message kept; `last` + 1 if none is."""

    def append(self, messages: Sequence[Message], keys: Sequence[Key | None]) -> None:
        """Add messages, each with its key, or None if the room says it; ids between theirs are skipped.

        Stored by the next commit.
        """

    def skip_to(self, last: int) -> None:
        """Skip all ids from the present `last` to this one. Stored by the next commit."""

    def note_act(self, ack: Ack, message_id: int, key: Key | None) -> None:
        """Give an act on a message the id of its ack, skipping all up to that; remember its ref.

        What moderators do has the id of its notice, the newest message, which is then the one it is on.
        `find_acks` finds it as long as the message is kept. Stored by the next commit.
        """

    def change(self, message: Message, act: int) -> None:
        """Put a message, which the act with this id has changed, in the place of the former, if that is kept.

        What was there is overwritten on disk; a deleted message loses its reactions. Id, key and ack of the
        say remain. Stored by the next commit. Raises `Unavailable`.
        """

    def react(
        self, message_id: int, emoji: str, person: bytes, name: str, *, on: bool
    ) -> Sequence[Reaction] | None:
        """Add a person's reaction to a message, or take it back; return all as they are then.

        None if it changes nothing. The caller then calls `change`. Stored by the next commit. Raises
        `Unavailable`.
        """

    def commit(self) -> None:
        """Make everything since the last commit permanent.

        Raises `Unavailable` if messages or acts could not be stored; `rollback` must follow. All
        else is tried again with the next commit.
        """

    def rollback(self) -> None:
        """Take back all messages and acts since the last successful commit."""

    def find_acks(self, person: bytes, refs: Sequence[str]) -> dict[str, Ack]:
        """Return, by ref, the acks of those says and acts of a person that are in the log.

        Raises `Unavailable`.
        """

    def author(self, message_id: int) -> bytes | None:
        """Return who has said a message; None if that was the room, or is not known. Raises `Unavailable`."""

    def own(self, messages: Sequence[Message], person: bytes) -> set[int]:
        """Return the ids of those messages that the person has said. Raises `Unavailable`."""

    def reacted(self, message_ids: Sequence[int], person: bytes) -> dict[int, list[str]]:
        """Return the person's reactions to these messages: emojis by id. Raises `Unavailable`."""

    def changed_after(self, act: int, limit: int) -> list[Message]:
        """Return messages with ids up to that of an act, which later acts have changed.

        At most `limit`, the first ones in the order of the last act on each. Raises `Unavailable`.
        """

    def before(self, message_id: int, limit: int) -> list[Message]:
        """Return the newest `limit` messages with ids below `message_id`, oldest first.

        Raises `Unavailable`.
        """

    def count_after(self, message_id: int) -> int:
        """Return how many messages have greater ids; where none are kept any more, how many ids.

        Raises `Unavailable`.
        """

    def as_now(self, messages: Sequence[Message]) -> list[Message]:
        """Return messages that were read before, as they are now. Raises `Unavailable`."""

    def take_present(self) -> list[tuple[bytes, str]]:
        """Return session and name of those present in a log of version 4 or older; forget them."""

    def oldest_to_keep(self) -> int:
        """Return the id below which some messages are over the limits; `first` if none are."""

    def forget(self, below: int) -> None:
        """Remove all messages with smaller ids, with the next commit. Raises `Unavailable`."""

    def tidy(self) -> float:
        """Do some work on the file; return for how many seconds the room has waited for it.

        That is 0 if there is no more to do; it includes what the last commit has forgotten.
        """

    def close(self) -> None:
        """Close the log."""


def find_message(history: History, message_id: int) -> Message | None:
    """Return the message with that id, if it is kept. Raises `Unavailable`."""
    return next((message for message in history.before(message_id + 1, 1) if message.id == message_id), None)


class MemoryHistory:
    """The newest `keep` messages since the server started, and their keys.

    With `keep` 0 messages are only numbered. The refs of the newest 10,000 messages and acts
    are kept in any case.
    """

    def __init__(self, keep: int, last: int = 0) -> None:
        """`last` is the id before that of the first message."""
        self.epoch = secrets.token_hex(8)
        self.sanctions = self.head = b""
        self.position = 0
        self.members = Records[int]()
        self.persons = Records[bytes]()
        self._committed = last
        # Of messages changed since the last commit: what was there, and its last act or 0, for a rollback.
        self._originals: dict[int, tuple[Message, int]] = {}
        self._forgotten_below = 0  # an id; refs of older messages are unknown too
        self._last = last
        self._keep = keep
        self._max_acks = max(keep, 10_000)
        self._messages: list[Message] = []  # in the order of their ids
        self._keys: list[Key | None] = []  # of the same
        self._changes: dict[int, int] = {}  # the last act on each of those that were changed, in its order
        self._reactions = Reactions()
        self._acks: dict[Key, Ack] = {}
        self._older_acks: dict[Key, Ack] = {}  # the older half, dropped as a whole
        self._targets: dict[int, int] = {}  # of acts: the message, by the id of the ack

    @property
    def is_writable(self) -> bool:
        return True

    @property
    def last(self) -> int:
        return self._last

    @property
    def first(self) -> int:
        return self._messages[-min(len(self._messages), self._keep)].id if self._messages else self._last + 1

    def append(self, messages: Sequence[Message], keys: Sequence[Key | None]) -> None:
        if not messages:
            return
        self._last = messages[-1].id
        for message, key in zip(messages, keys, strict=True):
            if key is not None and key[1] is not None:
                self._acks[key] = Ack(key[1], message.id, message.at)
        if len(self._acks) >= self._max_acks:
            self._drop_old_acks()
        if self._keep:
            self._messages.extend(messages)
            self._keys.extend(keys)
            # Truncated rarely, and then by half: a deletion at the front moves all the rest.
            if len(self._messages) >= 2 * self._keep:
                self._drop(len(self._messages) - self._keep)

    def skip_to(self, last: int) -> None:
        self._last = last

    def note_act(self, ack: Ack, message_id: int, key: Key | None) -> None:
        self.skip_to(ack.id)
        if key is not None and key[1] is not None:
            self._acks[key] = ack
            self._targets[ack.id] = message_id
        if len(self._acks) >= self._max_acks:
            self._drop_old_acks()

    def change(self, message: Message, act: int) -> None:
        if (index := self._find(message.id)) is None:
            return
        self._originals.setdefault(message.id, (self._messages[index], self._changes.pop(message.id, 0)))
        self._changes[message.id] = act
        self._messages[index] = message
        if message.deleted:
            self._reactions.drop(message.id)

    def react(
        self, message_id: int, emoji: str, person: bytes, name: str, *, on: bool
    ) -> Sequence[Reaction] | None:
        return self._reactions.change(message_id, emoji, person, name, on=on)

    def commit(self) -> None:
        """Forget how to take back what there is: the log ends with the process anyway."""
        self._committed = self._last
        self._originals.clear()
        self._reactions.commit()

    def rollback(self) -> None:
        self.rollback_to(self._committed)
        self._reactions.rollback()
        for message, act in self._originals.values():
            self.replace(message)
            self._changes[message.id] = act
        if self._originals:
            in_order = sorted(self._changes.items(), key=itemgetter(1))
            self._changes = {id_: act for id_, act in in_order if act and id_ <= self._last}
            self._originals.clear()

    def find_acks(self, person: bytes, refs: Sequence[str]) -> dict[str, Ack]:
        found = {}
        for ref in refs:
            ack = self._acks.get((person, ref)) or self._older_acks.get((person, ref))
            if ack and self._targets.get(ack.id, ack.id) >= self._forgotten_below:
                found[ref] = ack
        return found

    def author(self, message_id: int) -> bytes | None:
        index = self._find(message_id)
        key = None if index is None else self._keys[index]
        return key and key[0]

    def own(self, messages: Sequence[Message], person: bytes) -> set[int]:
        return {id_ for id_, key in self._keys_of(messages) if key is not None and key[0] == person}

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

    def oldest_to_keep(self) -> int:
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
        del self._messages[kept:], self._keys[kept:]
        for acks in (self._acks, self._older_acks):
            for key in [key for key, ack in acks.items() if ack.id > last]:
                self._targets.pop(acks.pop(key).id, None)
        self._last = last

    def _drop(self, count: int) -> None:
        """Remove the oldest messages, and what belongs to them."""
        del self._messages[:count], self._keys[:count]
        first = self._messages[0].id if self._messages else self._last + 1
        self._reactions.forget(first)
        for ids in (self._changes, self._originals):
            for message_id in [one for one in ids if one < first]:
                del ids[message_id]

    def _drop_old_acks(self) -> None:
        self._older_acks, self._acks = self._acks, {}
        oldest = next(iter(self._older_acks.values())).id
        self._targets = {act: message_id for act, message_id in self._targets.items() if act >= oldest}

    def _keys_of(self, messages: Sequence[Message]) -> Iterator[tuple[int, Key | None]]:
        """Yield the ids and keys of those messages that are kept; quickly if they follow one another."""
        index, count = -1, len(self._messages)
        for message in messages:
            index += 1
            if index >= count or self._messages[index].id != message.id:
                index = position(self._messages, message.id)
            if index < count and self._messages[index].id == message.id:
                yield message.id, self._keys[index]

    def _find(self, message_id: int) -> int | None:
        index = position(self._messages, message_id)
        is_there = index < len(self._messages) and self._messages[index].id == message_id
        return index if is_there else None
