"""The message log: its interface.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter
from typing import Final, Protocol

from chat_protocol.messages import Ack, Message, Reaction
from tcp_server.log.bodies import Bodies
from tcp_server.log.records import Records

_id_of = attrgetter("id")

Key = tuple[bytes, str | None]
"""Who has said or done something: the digest of the person, and the ref by which a repeat is recognised."""


_QUOTE_BYTES: Final = 350
_REACTION_BYTES: Final = 70
_LIVE_BYTES: Final = 120
"""Estimated bytes of a quote, of a reaction without its names, and of how a live message stands, in JSON."""

MAX_PAGE_BYTES: Final = 256 * 1024
"""About how many bytes the messages of one answer have together, unless it is only one."""


class Unavailable(Exception):
    """The log cannot be written or read at present."""


class NotFetched(Unavailable):
    """Messages are not here yet: this server has come in later, and fetches them from another one."""

    def __init__(self) -> None:
        super().__init__("messages that are so old are still being fetched from another server")


def size_of(message: Message) -> int:
    """Return about how many bytes a message has in an answer, with the quote that it is sent with."""
    size = 2 * len(message.text) + 100
    if message.reply is not None:
        size += _QUOTE_BYTES
    if message.live is not None:
        size += _LIVE_BYTES + 2 * len(message.live.last)
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

    settled: int
    """The id below which nothing that decides looks at messages, nor at refs; 0 where there is one server."""

    @property
    def missing(self) -> range:
        """The ids of the oldest messages, which are kept but not here yet; empty if all are here."""

    @property
    def members(self) -> Records[int]:
        """The members, by number."""

    @property
    def persons(self) -> Records[bytes]:
        """What is kept of people while they are away, by the digest of their first secret."""

    @property
    def bodies(self) -> Bodies:
        """The final lines of live messages; removed with their message, or when that is deleted.

        A `rollback` removes those of messages that it takes back, and no other lines.
        """

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

    def say(
        self, person: bytes, name: str, at: str, texts: Sequence[str], refs: Sequence[str]
    ) -> list[Message]:
        """Add what a person says at one time, with the next ids; return the messages. The hot path.

        `refs` are as many as the texts, and differ, or none; they must not change later. Stored by the next
        commit.
        """

    def append(self, message: Message, person: bytes | None = None, ref: str | None = None) -> None:
        """Add a message of any kind, which the room says if no person does; ids before its own are skipped.

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

    def settle(self, below: int) -> None:
        """Settle messages with smaller ids, with the next commit."""

    def find_acks(self, person: bytes, refs: Sequence[str]) -> dict[str, Ack]:
        """Return, by ref, the acks of those says and acts of a person that are in the log and not settled.

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

        At most `limit`, the first ones in the order of the last act on each. Raises `Unavailable`, and
        `NotFetched` if that may have been messages that are missing.
        """

    def before(self, message_id: int, limit: int) -> list[Message]:
        """Return the newest `limit` messages with ids below `message_id`, oldest first.

        Fewer if the next ones are missing. Raises `NotFetched` if these would be the first of them, and
        `Unavailable`.
        """

    def count_after(self, message_id: int) -> int:
        """Return how many messages have greater ids; where none are kept any more, or here, how many ids.

        Raises `Unavailable`.
        """

    def as_now(self, messages: Sequence[Message]) -> list[Message]:
        """Return messages that were read before, as they are now. Raises `Unavailable`."""

    def take_present(self) -> list[tuple[bytes, str]]:
        """Return session and name of those present in a log of version 4 or older; forget them."""

    def oldest_to_keep(self, now: float) -> int:
        """Return the id below which some messages are over the limits; `first` if none are.

        `now` is in seconds since 1970.
        """

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
