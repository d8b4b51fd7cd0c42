"""Who has said what on disk, and the refs of says and acts, by which a repeat is recognised.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from operator import lt

from chat_protocol.messages import Ack
from tcp_server.log import said_rows
from tcp_server.log.reactions import marks

_MAX_PERSONS = 10_000
"""Maximum number of persons whose greatest ref is kept in memory after a commit."""

_FIND = """
    SELECT ref, id, at FROM messages WHERE session = ? AND id >= ? AND ref IN ({0})
    UNION ALL SELECT ref, id, at FROM acts WHERE session = ? AND message >= ? AND ref IN ({0})
"""

_JOINED = """
    SELECT id, at, refs FROM messages WHERE session = ? AND refs IS NOT NULL AND ref < ?
    ORDER BY ref DESC LIMIT 1
"""
"""The only row of several messages that can have a ref which is not its first one."""

_OWN = """
    SELECT value FROM json_each(?) WHERE (
        SELECT iif(value < id + coalesce(count, 1), session, NULL) FROM messages
        WHERE id <= value ORDER BY id DESC LIMIT 1
    ) = ?
"""

_GREATEST = """
    SELECT max(ref) AS ref FROM messages WHERE session = ? AND ref IS NOT NULL
    UNION ALL SELECT max(ref) FROM acts WHERE session = ?
"""

_GREATEST_JOINED = """
    SELECT refs FROM messages WHERE session = ? AND refs IS NOT NULL ORDER BY ref DESC LIMIT 1
"""


class Keys:
    """The keys that are stored, and those of acts that are not committed yet."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.greatest: dict[bytes, str] = {}
        """Each person's greatest ref, by code points as in SQLite: a greater one is certainly new, so
        clients whose refs increase need no query for each message."""
        self._staged: list[tuple[int, int, str, bytes, str]] = []
        self._settled: list[tuple[bytes, str, int]] = []  # refs that may be used again, and of which ids

    def are_new(self, person: bytes, refs: Sequence[str]) -> bool:
        """Return whether it is known, without a look at the file, that none of these refs is a repeat."""
        greatest = self.greatest.get(person)
        return greatest is not None and min(refs, default="") > greatest

    def find(self, person: bytes, refs: Sequence[str], first: int) -> dict[str, Ack]:
        """Return the acks of those that are stored, of messages from the id `first` on and acts on these.

        Raises `sqlite3.Error`.
        """
        greatest = self._greatest_of(person)
        if not (unknown := [ref for ref in refs if ref <= greatest]):
            return {}
        parameters = person, first, *unknown
        rows = self._db.execute(_FIND.format(marks(unknown)), parameters * 2)
        found = {row[0]: Ack(*row) for row in rows}
        joined = self._find_joined(person, [ref for ref in unknown if ref not in found])
        return found | {ack.ref: ack for ack in joined if ack.id >= first}

    def author(self, message_id: int) -> bytes | None:
        """Return who has said a stored message, None if that is not known. Raises `sqlite3.Error`."""
        row = said_rows.read(self._db, "session", message_id)
        person: bytes | None = row[0] if row else None
        return person

    def own(self, message_ids: Sequence[int], person: bytes) -> set[int]:
        """Return those of these stored messages that the person has said. Raises `sqlite3.Error`."""
        parameters = f"[{','.join(map(str, message_ids))}]", person
        return {id_ for (id_,) in self._db.execute(_OWN, parameters)}

    def note_says(self, person: bytes, refs: Sequence[str]) -> bool:
        """Note the refs of says that are stored with the next commit.

        Return whether they ascend, and are greater than all that the person has used before.
        """
        if not refs:
            return True
        greatest = self.greatest.get(person)
        if greatest is not None and refs[0] > greatest and all(map(lt, refs, refs[1:])):  # nearly always
            self.greatest[person] = refs[-1]
            return True
        self.greatest[person] = max(greatest or "", *refs)
        return False

    def note_act(self, ack: Ack, message_id: int, person: bytes) -> None:
        """Store the ref of an act on a message with the next commit."""
        if ack.ref > self.greatest.get(person, ack.ref):
            self.greatest[person] = ack.ref
        self._staged.append((message_id, ack.id, ack.at, person, ack.ref))

    def note_settled(self, person: bytes, refs: Mapping[str, int]) -> None:
        """Forget the refs of settled says and acts, given with their ids, with the next commit.

        They may be used again.
        """
        self._settled += [(person, ref, id_) for ref, id_ in refs.items()]
        self._staged = [row for row in self._staged if row[3] != person or row[4] not in refs]

    def forget(self, below: int) -> None:
        """Drop what is staged of acts on messages with smaller ids."""
        self._staged = [row for row in self._staged if row[0] >= below]

    def write_settled(self) -> None:
        """Forget refs in the open transaction, before any others are written. Raises `sqlite3.Error`."""
        said_rows.separate(self._db, [id_ for _, _, id_ in self._settled])
        keys = [(person, ref) for person, ref, _ in self._settled]
        self._db.executemany("UPDATE messages SET ref = NULL WHERE session = ? AND ref = ?", keys)
        self._db.executemany("DELETE FROM acts WHERE session = ? AND ref = ?", keys)

    def write(self) -> None:
        """Write what is staged into the open transaction. Raises `sqlite3.Error`."""
        self._db.executemany("INSERT INTO acts VALUES (?, ?, ?, ?, ?)", self._staged)

    def forget_some(self) -> None:
        """Keep no more persons than allowed. After a commit: then the file has the refs of all says."""
        if len(self.greatest) > _MAX_PERSONS:
            self.greatest.clear()

    def clear(self) -> None:
        """Drop what is staged."""
        self._staged.clear()
        self.clear_settled()

    def clear_settled(self) -> None:
        """Take the refs that are forgotten for committed."""
        self._settled.clear()

    def _greatest_of(self, person: bytes) -> str:
        if person not in self.greatest:
            single = [ref or "" for (ref,) in self._db.execute(_GREATEST, (person, person))]
            joined = [refs.split("\n")[-1] for (refs,) in self._db.execute(_GREATEST_JOINED, (person,))]
            staged = [ref for *_, by, ref in self._staged if by == person]
            self.greatest[person] = max([*single, *joined, *staged])
        return self.greatest[person]

    def _find_joined(self, person: bytes, refs: Sequence[str]) -> Iterator[Ack]:
        """Yield the acks of says that are stored in rows with others, with one query for each row."""
        left = sorted(refs)
        while left and (row := self._db.execute(_JOINED, (person, left[-1])).fetchone()):
            id_, at, its_refs = row
            ids = {ref: number for number, ref in enumerate(its_refs.split("\n"), id_)}
            least = next(iter(ids))
            while left and left[-1] > least:
                if (ref := left.pop()) in ids:
                    yield Ack(ref, ids[ref], at)
