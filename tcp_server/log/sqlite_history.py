"""The message log on disk, in SQLite.

One file, one writer. A batch is one transaction, committed before any of it is sent.
The write-ahead log (WAL) makes a commit one sequential write; with `full` durability
it also waits for the disk.
"""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from chat_protocol.messages import Ack, Message, Reaction
from tcp_server.log import said_rows
from tcp_server.log.acts import Acts
from tcp_server.log.bodies import StoredBodies
from tcp_server.log.entry_tail import EntryTail, Redact
from tcp_server.log.history import Key, NotFetched, Unavailable, find_message, position
from tcp_server.log.log_file import LogFile, unusable
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.missing import Missing
from tcp_server.log.pieces import BadPiece, decode_piece, write_piece
from tcp_server.log.retention import Limits, Retention
from tcp_server.log.staged_messages import StagedMessages
from tcp_server.log.stored_messages import StoredMessages
from tcp_server.log.stored_room import StoredRoom

_log = logging.getLogger(__name__)

_RECENT = 2000
"""Messages kept in memory as well: more than a `welcome` contains."""


class SqliteHistory(StoredRoom):
    """A log in a file, which only one server at a time may use.

    Not thread-safe: the caller holds the sequencer's room lock, in any thread.
    """

    def __init__(
        self,
        path: Path,
        *,
        limits: Limits = Limits(),  # noqa: B008 - a tuple
        full: bool = False,
        redact: Redact | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open or create the file. Raises `BadHistory`.

        `full` durability survives a loss of power, otherwise the end of the process.
        `clock` returns seconds. `redact` is needed for `note_entry`.
        """
        self._staged = StagedMessages()
        self._wal_has_deleted = True  # whether the WAL may still contain deleted text
        self._file = LogFile(path, full=full)
        self._acts = Acts(self._file.db)
        try:
            self._tail = EntryTail(self._file.db, redact)
            super().__init__(self._file.db)
            self.bodies = StoredBodies(self._db)
            row = self._db.execute("SELECT entry FROM messages ORDER BY id DESC LIMIT 1").fetchone()
            self.position = (row and row[0]) or 0
            self._missing = Missing(self._db)
            self._stored = StoredMessages(self._db, self._file.path, self._missing.ids)
            self._retention = Retention(self._db, limits, clock)
            self._recent = MemoryHistory(_RECENT, self._stored.last)
            for said in self._stored.newest(_RECENT):
                self._recent.append(*said)
            self._recent.skip_to(self._stored.last)
        except sqlite3.Error as error:
            self._file.close()
            raise unusable(path, error) from error
        self._forgotten_below = 0  # an id, with the next commit
        self._forgetting = 0.0  # seconds in which the last commit has removed messages
        self._file.wait_for_locks()

    @property
    def path(self) -> Path:
        """The file itself, without symbolic links."""
        return self._file.path

    @property
    def is_writable(self) -> bool:
        return self._file.is_writable

    @property
    def count(self) -> int:
        """How many messages there are on disk. Any thread."""
        return self._stored.count

    @property
    def last(self) -> int:
        return self._recent.last

    @property
    def missing(self) -> range:
        return self._missing.ids

    @property
    def first(self) -> int:
        return self._missing.ids.start if self._missing.ids else self._first_here

    @property
    def _first_here(self) -> int:
        if self._stored.count or self._missing.ids:
            return self._stored.first
        return self._staged.messages[0].id if self._staged.messages else self.last + 1

    def say(
        self, person: bytes, name: str, at: str, texts: Sequence[str], refs: Sequence[str]
    ) -> list[Message]:
        messages = self._recent.say(person, name, at, texts, refs)
        if messages:
            is_ordered = self._acts.keys.note_says(person, refs)
            self._staged.say(messages, person, refs, self.position, is_ordered=is_ordered)
        return messages

    def append(self, message: Message, person: bytes | None = None, ref: str | None = None) -> None:
        self._staged.append(message, person, ref, self.last, self.position)
        if person is not None and ref is not None:
            self._acts.keys.note_says(person, (ref,))
        self._recent.append(message, person, ref)

    def skip_to(self, last: int) -> None:
        self._staged.skip(range(self.last + 1, last + 1))
        self._recent.skip_to(last)

    def note_act(self, ack: Ack, message_id: int, key: Key | None) -> None:
        self._staged.skip(range(self.last + 1, ack.id + 1))
        self._recent.note_act(ack, message_id, key)
        self._tail.note_act(self.position, ack.id)
        self._acts.are_new = True
        if key is not None and key[1] is not None:
            self._acts.keys.note_act(ack, message_id, key[0])

    def change(self, message: Message, act: int) -> None:
        if message.id in self._missing.ids:
            self._missing.delete(message.id, act)  # nothing else happens to settled messages
            self._acts.are_new = True
            return
        if (before := find_message(self, message.id)) is None:
            return
        if message.deleted:
            with _readable():
                self._acts.reactions.drop(message.id)
            self.bodies.drop(message.id)
        self._acts.changes.add(before, message, act)
        self._acts.are_new = True
        self._recent.replace(message)
        if message.id > self._stored.last:
            self._staged.replace(message)

    def react(
        self, message_id: int, emoji: str, person: bytes, name: str, *, on: bool
    ) -> Sequence[Reaction] | None:
        with _readable():
            return self._acts.reactions.change(message_id, emoji, person, name, on=on)

    def note_entry(self, position: int, data: bytes) -> None:
        """Keep an entry of a shared journal as it was read, in the transaction that stores its effects.

        The newest 10,000 are kept, of at most 256 MiB. An entry without effects may be stored later, but not
        after any position from its own on. A `rollback` forgets it. A text that an act replaces is
        overwritten here too.
        """
        self._tail.add(position, data)

    def entries_after(self, position: int) -> list[tuple[int, bytes]]:
        """Return position and data of the entries that are kept behind a position, in their order.

        If the entry at `position` is kept too, which the same question for `position` - 1 tells, these are
        all. Raises `Unavailable`.
        """
        with _readable():
            return self._tail.after(position)

    def commit(self) -> None:
        is_log_new = bool(self._staged) or self._acts.are_new
        is_room_new = self._is_room_new()
        if not (is_log_new or self._forgotten_below or is_room_new or self._tail.is_due or self.bodies):
            return
        try:
            self._write(is_room_new=is_room_new)
        except sqlite3.Error as error:
            self._file.note_writable(writable=False, why=str(error))
            if is_log_new:
                raise Unavailable(str(error)) from error
        else:
            self._stored.note_commit(self._first_here, self._recent.last, len(self._staged.messages))
            if self._acts.are_new:
                self._wal_has_deleted |= self._acts.commit()
            if self.settled:
                self._acts.keys.clear_settled()
                self._missing.commit()
            if self.bodies:
                self.bodies.commit()
                self._wal_has_deleted |= self.bodies.has_removed
            self._file.note_writable(writable=True)
            self._staged.clear()
            self._acts.keys.forget_some()
            self._tail.commit()

    def rollback(self) -> None:
        self._recent.rollback_to(self._stored.last)
        for message in self._acts.rollback():
            self._recent.replace(message)
        self._staged.clear()
        self._missing.rollback()
        self._tail.rollback()
        self.bodies.rollback(self.last)

    def _write(self, *, is_room_new: bool) -> None:
        """Write all changes to the file in one transaction. Raises `sqlite3.Error`."""
        db = self._db
        with db:
            self._file.begin()
            if self._forgotten_below:  # first: a forgotten ref may be used again
                began = time.monotonic()
                said_rows.delete_below(db, self._forgotten_below)
                db.execute("DELETE FROM skipped WHERE first < ?1 AND last < ?1", (self._forgotten_below,))
                self._acts.write_forgotten(self._forgotten_below)
                self.bodies.forget(self._forgotten_below)  # a rollback has put them back
                self._forgetting = time.monotonic() - began
            if self.settled:
                self._acts.keys.write_settled()
                self._missing.write()
            self._staged.write(db)
            self._acts.write()
            if self.bodies:
                self.bodies.write()
            self._tail.write(self._acts.changes.replaced, self._stored.last)
            if is_room_new:
                self._write_room()
        self._forgotten_below = 0
        if is_room_new:
            self._note_room_written()

    def settle(self, below: int) -> None:
        self.settled = max(below, self.settled)

    def find_acks(self, person: bytes, refs: Sequence[str]) -> dict[str, Ack]:
        if self._acts.keys.are_new(person, refs):  # nearly always
            return {}
        found = self._recent.find_acks(person, refs)
        unknown = [ref for ref in refs if ref not in found] if found else refs
        if unknown or self.settled:  # what is settled may be said again: `note_says` needs the greatest ref
            try:  # `_readable` would take longer, and each say comes here
                found |= self._acts.keys.find(person, unknown, self.first)
            except sqlite3.Error as error:
                raise Unavailable(f"the log cannot be read: {error}") from error
        if found:
            if self.settled:
                settled = {ref: ack.id for ref, ack in found.items() if ack.id < self.settled}
                self._acts.keys.note_settled(person, settled)
                self._staged.drop_refs(settled.values())
                found = {ref: ack for ref, ack in found.items() if ack.id >= self.settled}
            self._tail.note_repeats(self.position, person, found.values())
        return found

    def author(self, message_id: int) -> bytes | None:
        if not self.first <= message_id <= self._stored.last:
            return self._staged.author(message_id)
        with _readable():
            return self._acts.keys.author(message_id)

    def own(self, messages: Sequence[Message], person: bytes) -> set[int]:
        own = self._recent.own(messages, person)
        if older := [message.id for message in messages if message.id < self._recent.first]:
            own |= self._staged.own(older, person)
            with _readable():
                own |= self._acts.keys.own(older, person)
        return own

    def reacted(self, message_ids: Sequence[int], person: bytes) -> dict[int, list[str]]:
        with _readable():
            return self._acts.reactions.of(message_ids, person)

    def changed_after(self, act: int, limit: int) -> list[Message]:
        if self._missing.ids and act < self._missing.last:
            raise NotFetched
        with _readable():
            return self._acts.changes.after(act, limit, self._stored.first)

    def as_now(self, messages: Sequence[Message]) -> list[Message]:
        with _readable():
            return self._acts.changes.as_now(messages)

    def before(self, message_id: int, limit: int) -> list[Message]:
        first = self._first_here
        found = self._recent.before(message_id, limit)
        if len(found) < limit and first < self._recent.first:
            found = self._read_before(message_id, limit)
        elif found and found[0].id < first:  # removed meanwhile
            del found[: position(found, first)]
        if limit and not found and self._missing.ids and message_id > self.first:
            raise NotFetched
        return found

    def _read_before(self, message_id: int, limit: int) -> list[Message]:
        newest = self._staged.before(message_id, limit)
        with _readable():
            older = self._stored.before(message_id, limit - len(newest))
        return self._acts.changes.with_staged(older) + newest

    def count_after(self, message_id: int) -> int:
        after = max(message_id, self._first_here - 1)
        pruned = after - message_id
        if after + 1 >= self._recent.first:
            return pruned + self._recent.count_after(after)
        staged = self._staged.count_after(after)
        with _readable():
            return pruned + staged + self._stored.count_after(after)

    def oldest_to_keep(self, now: float) -> int:
        # Not stored yet: in the file there are still as many over the limits.
        if self._forgotten_below or self._missing.ids:
            return self.first
        try:
            return self._retention.oldest_to_keep(self._stored.ids, self._stored.count, now)
        except sqlite3.Error as error:
            self._file.note_writable(writable=False, why=str(error))
            return self.first

    def forget(self, below: int) -> None:
        below = min(below, self.last)  # the newest message stays, for its id
        if below > self.first:
            if below > self._stored.first:
                with _readable():
                    self._stored.forget(below)
            self._missing.forget(below)
            self._forgotten_below = below
            self._staged.forget(below)
            self._recent.forget(below)
            self._acts.forget(below)
            self.bodies.forget(below)

    def fill(self, data: bytes) -> bool:
        """Take in a piece of what is `missing`, which `read_piece` has read on another server up to its end.

        Returns False if it is of a later position than the last one that is applied here: then it is to be
        given again. Raises `BadPiece` if it does not fit, or is of before this server's checkpoint.
        Raises `Unavailable` if it cannot be stored.

        In the end all servers have the same: the piece has what the entries up to its position have made
        of its messages. From the checkpoint on, which is not later, these were settled, so that entries
        behind it can only have deleted them; and of deletions this server remembers all since then.
        """
        piece, missing = decode_piece(data), self._missing
        if piece.epoch != self.epoch or piece.stop != missing.ids.stop or piece.position < missing.position:
            raise BadPiece
        if piece.position > self.position:
            return False
        try:
            with self._db:
                self._file.begin()
                messages, rest = write_piece(self._db, piece, missing)
        except sqlite3.Error as error:
            raise Unavailable(f"the log cannot be written: {error}") from error
        self._stored.note_older(rest.stop, messages)
        missing.ids = rest
        return True

    def tidy(self) -> float:
        self._file.look()
        seconds, self._forgetting = self._forgetting, 0.0
        began = time.monotonic()
        try:
            if self._wal_has_deleted:  # retried later if a reader prevents it
                self._wal_has_deleted = not self._file.truncate_wal()
            if self._retention.shrink_some():
                return seconds + time.monotonic() - began
        except sqlite3.Error as error:
            self._file.note_writable(writable=False, why=str(error))
        return seconds

    def close(self) -> None:
        self._file.close()
        self._file.remove_old_copies()


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Turn errors of SQLite into `Unavailable`."""
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(f"the log cannot be read: {error}") from error
