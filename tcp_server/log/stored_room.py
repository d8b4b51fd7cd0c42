"""What a log on disk stores of the room beside the messages: members, sanctions, its place in the journal.

Not thread-safe: the caller holds the sequencer's room lock. `sqlite3.Error` is left to the caller.
"""

import sqlite3

from tcp_server.log.records import StoredRecords


class StoredRoom:
    """The part of `SqliteHistory` for that."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.members = StoredRecords[int](db, "members", "number")
        self.persons = StoredRecords[bytes](db, "persons", "id")
        row = db.execute("SELECT epoch, settled, sanctions, state FROM log, head").fetchone()
        self.epoch, self.settled, self.sanctions, self.head = row
        self._stored_sanctions, self._stored_head = self.sanctions, self.head
        self._stored_log = self.epoch, self.settled
        self._forgets_present = False  # with the next commit

    def take_present(self) -> list[tuple[bytes, str]]:
        """Return session and name of those present in a log of version 4 or older; forget them."""
        present = self._db.execute("SELECT session, name FROM present").fetchall()
        self._forgets_present = bool(present)
        return present

    def _is_room_new(self) -> bool:
        """Return whether there is more to store than the log itself."""
        is_new = self.head is not self._stored_head or self.sanctions is not self._stored_sanctions
        if is_new or self.members or self.persons or self._forgets_present:
            return True
        return bool(self.settled != self._stored_log[1] or self.epoch != self._stored_log[0])

    def _write_room(self) -> None:
        """Write members, persons, sanctions and head into the open transaction."""
        self.members.write()
        self.persons.write()
        if self.sanctions is not self._stored_sanctions:
            self._db.execute("UPDATE log SET sanctions = ?", (self.sanctions,))
        if (self.epoch, self.settled) != self._stored_log:
            self._db.execute("UPDATE log SET epoch = ?, settled = ?", (self.epoch, self.settled))
        self._db.execute("UPDATE head SET state = ?", (self.head,))
        if self._forgets_present:
            self._db.execute("DELETE FROM present")

    def _note_room_written(self) -> None:
        """Take what was written for stored."""
        self.members.clear()
        self.persons.clear()
        self._forgets_present = False
        self._stored_sanctions, self._stored_head = self.sanctions, self.head
        self._stored_log = self.epoch, self.settled
