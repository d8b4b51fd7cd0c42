"""Small records that the room stores beside its messages, encoded by the room: members, persons.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import sqlite3
from typing import Generic, Literal, TypeVar

K = TypeVar("K", int, bytes)
"""The key of a record."""


class Records(Generic[K]):
    """Records in memory."""

    def __init__(self) -> None:
        self._states: dict[K, bytes | None] = {}

    def all(self) -> list[tuple[K, bytes]]:
        """Return all records as of the last commit, by key."""
        return [(key, state) for key, state in self._states.items() if state is not None]

    def set(self, key: K, state: bytes | None) -> None:
        """Store a record with the next commit, or (None) remove it."""
        if state is None:
            self._states.pop(key, None)
        else:
            self._states[key] = state


class StoredRecords(Records[K]):
    """Records in a table of two columns, `key` and `state`; those in memory are not committed yet."""

    def __init__(self, db: sqlite3.Connection, table: Literal["members", "persons"], key: str) -> None:
        super().__init__()
        self._db = db
        self._table = table
        self._key = key

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._states)

    def all(self) -> list[tuple[K, bytes]]:
        return self._db.execute(f"SELECT {self._key}, state FROM {self._table}").fetchall()  # noqa: S608 - constants

    def set(self, key: K, state: bytes | None) -> None:
        self._states[key] = state

    def write(self) -> None:
        """Write what is not committed yet, within a transaction. Raises `sqlite3.Error`."""
        if not self._states:
            return
        self._db.executemany(
            f"DELETE FROM {self._table} WHERE {self._key} = ?",  # noqa: S608 - constants
            [(key,) for key, state in self._states.items() if state is None],
        )
        self._db.executemany(
            f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?)",  # noqa: S608 - constants
            [item for item in self._states.items() if item[1] is not None],
        )

    def clear(self) -> None:
        """Forget what is written."""
        self._states.clear()
