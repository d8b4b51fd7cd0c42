"""Which words were said in which part of a log on disk, in a file of its own beside it.

The log is cut into blocks of so many numbers; of each full one the index has the set of
its words, and nothing of where they stood: who searches skips the blocks that cannot
have what is wanted and reads the others in the log. A block of which something was
deleted or forgotten is indexed anew, from what is left of it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from chat_protocol.messages import Message
from tcp_server.log.query import words
from tcp_server.log.sqlite_history import COLUMNS, as_message

_BLOCK = 256
"""Numbers in a block."""

_BLOCKS = 8
"""Blocks indexed in one transaction."""

_VERSION = 2
"""Of the schema, in PRAGMA user_version; an index of another one is made anew."""

# `words` are UTF-8, each behind a space; `kept` is how many messages they are from.
_SCHEMA = f"""
    PRAGMA user_version = {_VERSION};
    CREATE TABLE log (epoch TEXT NOT NULL);
    CREATE TABLE blocks (number INTEGER PRIMARY KEY, kept INTEGER NOT NULL, words BLOB NOT NULL);
"""


class WordIndex:
    """The index and the log it is of. For one thread at a time; what fails raises `sqlite3.Error`."""

    def __init__(self, path: Path) -> None:
        """Open it for the log at `path`, or create it. Raises `OSError` as well."""
        with ExitStack() as resources:
            self._log = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
            )
            resources.callback(self._log.close)
            (epoch,) = self._log.execute("SELECT epoch FROM log").fetchone()
            self._words = _open(path, epoch)
            resources.callback(self._words.close)
            # How many messages of each indexed block there were, by number.
            self._kept: dict[int, int] = dict(self._words.execute("SELECT number, kept FROM blocks"))
            self._resources = resources.pop_all()  # both files

    def update_some(self) -> bool:
        """Bring some of the index up to date with the log; False if there was nothing to do."""
        due = self._due()
        gone = self._kept.keys() - due.keys()
        # First what was deleted, then what is new: the newest is searched first.
        changed = [number for number, kept in due.items() if self._kept.get(number) != kept]
        changed.sort(key=lambda number: (number in self._kept, number), reverse=True)
        changed = changed[:_BLOCKS]
        if not gone and not changed:
            return False
        with self._words:  # commits, or takes all of it back
            self._words.execute("BEGIN")
            self._words.executemany("DELETE FROM blocks WHERE number = ?", [(number,) for number in gone])
            self._words.executemany(
                "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?)",
                [(number, due[number], self._words_of(number)) for number in changed],
            )
        for number in gone:
            del self._kept[number]
        self._kept.update({number: due[number] for number in changed})
        return True

    def chunks(self, prefixes: Sequence[str], before: int | None) -> Iterator[list[Message]]:
        """Yield each block from the one before that id down, without those that cannot have such words.

        Where a block is left out an empty one stands, as going through them takes time too.
        """
        wanted = [f" {start}".encode() for start in prefixes]
        first, last = self._ends()
        end = last + 1 if before is None else min(before, last + 1)
        for number in range((end - 1) // _BLOCK, first // _BLOCK - 1, -1):
            yield self._read(number, end) if self._may_have(number, wanted) else []

    def close(self) -> None:
        self._resources.close()

    def _due(self) -> dict[int, int]:
        """Return how many messages are kept of each block that is full, by number."""
        first, last = self._ends()
        due = dict.fromkeys(range(first // _BLOCK, (last + 1) // _BLOCK), _BLOCK)
        if first // _BLOCK in due:
            due[first // _BLOCK] -= first % _BLOCK
        for number, deleted in self._log.execute(
            "SELECT id / ?, count(*) FROM messages WHERE deleted GROUP BY 1", (_BLOCK,)
        ):
            if number in due:
                due[number] -= deleted
        return due

    def _ends(self) -> tuple[int, int]:
        """Return the first id of the log and the last; of an empty one 1 and 0."""
        first, last = self._log.execute(  # both in one SELECT would read all that is between them
            "SELECT (SELECT min(id) FROM messages), (SELECT max(id) FROM messages)"
        ).fetchone()
        return first or 1, last or 0

    def _may_have(self, number: int, wanted: Sequence[bytes]) -> bool:
        if number not in self._kept:
            return True
        row = self._words.execute("SELECT words FROM blocks WHERE number = ?", (number,)).fetchone()
        return row is None or all(start in row[0] for start in wanted)

    def _words_of(self, number: int) -> bytes:
        messages = self._read(number, (number + 1) * _BLOCK)
        said = set().union(*[words(message.text) for message in messages])
        return "".join([f" {word}" for word in sorted(said)]).encode()

    def _read(self, number: int, end: int) -> list[Message]:
        """Return a block as far as before the id `end`."""
        rows = self._log.execute(
            f"SELECT {COLUMNS} FROM messages WHERE id >= ? AND id < ? ORDER BY id",  # noqa: S608
            (number * _BLOCK, min((number + 1) * _BLOCK, end)),
        )
        return [as_message(row) for row in rows.fetchall()]


def remove(path: Path) -> None:
    """Delete the index of the log at `path`, if there is one: all that is in it can be read there again.

    It must not be open. Raises `OSError`.
    """
    for ending in ("", "-journal", "-wal", "-shm"):  # the latter two are of the first version
        beside = _index_path(path)
        beside.with_name(beside.name + ending).unlink(missing_ok=True)


def _index_path(path: Path) -> Path:
    return path.with_name(path.name + ".words")


def _open(path: Path, epoch: str) -> sqlite3.Connection:
    """Open the index of the log of that epoch; one of an older schema, or of another log, is made anew."""
    found = _connect(path)
    try:
        if not _is_of(found, epoch):
            found.close()
            remove(path)
            found = _connect(path)
            found.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            found.execute("INSERT INTO log VALUES (?)", (epoch,))
    except (sqlite3.Error, OSError):
        found.close()
        raise
    return found


def _connect(path: Path) -> sqlite3.Connection:
    beside = _index_path(path)
    beside.touch(0o600)
    found = sqlite3.connect(beside, isolation_level=None, check_same_thread=False)
    found.execute("PRAGMA secure_delete = ON")  # reads nothing yet, so it cannot fail
    return found


def _is_of(index: sqlite3.Connection, epoch: str) -> bool:
    if index.execute("PRAGMA user_version").fetchone() != (_VERSION,):
        return False
    return bool(index.execute("SELECT epoch FROM log").fetchone() == (epoch,))
