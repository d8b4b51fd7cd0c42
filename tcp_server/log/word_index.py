"""The search index of a log on disk, in a file of its own beside it.

The log is divided into blocks by id; the index has the set of words of each full block,
without their positions. A search skips the blocks that lack one of its words and reads
the others in the log. A block of which messages were edited, deleted or pruned is indexed anew.
Not FTS5: before SQLite 3.43 it cannot remove the words of a deleted message.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from heapq import nlargest
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from chat_protocol.messages import Message
from tcp_server.log import said_rows
from tcp_server.log.log_file import ends
from tcp_server.log.message_rows import as_message, read_rows, read_texts
from tcp_server.log.missing import missing_ids
from tcp_server.log.query import distinct_words

_BLOCK = 256
"""Ids in a block; a multiple of `said_rows.MOST`."""

_BLOCKS = 256
_CHARACTERS = 1_000_000
"""Most blocks, and characters of their texts with the rest of a block, that are indexed in one transaction:
some 30 ms, for which a search may wait. A transaction waits for the disk three times."""

_PART = 64 * 1024
"""Characters, and the rest of a line, whose words are found with one call. That takes 2 ms, in which no other
thread runs; for a block of the longest texts it would be 40."""

_LOCK_WAIT = 0.05
"""Seconds to wait for a lock that another process holds: searches wait for this, and so does the end."""

_VERSION = 3
"""Version of the schema, in PRAGMA user_version; an index of another version is rebuilt."""

# `words` are UTF-8, each after a space; `kept` and `act` are what a `_State` has.
_SCHEMA = f"""
    PRAGMA user_version = {_VERSION};
    CREATE TABLE log (epoch TEXT NOT NULL);
    CREATE TABLE blocks (
        number INTEGER PRIMARY KEY,
        kept INTEGER NOT NULL,
        act INTEGER NOT NULL,
        words BLOB NOT NULL
    );
"""


class _State(NamedTuple):
    """What the words of a block depend on."""

    kept: int
    """How many of its ids are not pruned. Skipped ids count too: those of a full block stay the same."""
    act: int
    """The last act that has replaced a text in it, or 0."""


class WordIndex:
    """A log and its index. Not thread-safe. Every method may raise `sqlite3.Error`."""

    def __init__(self, path: Path) -> None:
        """Open or create the index of the log at `path`. Raises `OSError` as well."""
        with ExitStack() as resources:
            log = f"{path.absolute().as_uri()}?mode=ro"
            self._log_db = sqlite3.connect(log, timeout=_LOCK_WAIT, uri=True, check_same_thread=False)
            resources.callback(self._log_db.close)
            (epoch,) = self._log_db.execute("SELECT epoch FROM log").fetchone()
            self._index_db = _open(path, epoch)
            resources.callback(self._index_db.close)
            self.last = 0  # the newest id at the last `update_some`
            self.is_cut = False
            """Whether the last search has come to messages that are missing."""
            self._indexed = {
                number: _State(kept, act)
                for number, kept, act in self._index_db.execute("SELECT number, kept, act FROM blocks")
            }
            self._acts: dict[int, int] = {}  # the last act that has replaced a text, by block
            self._acted: set[int] = set()  # blocks whose last act has changed since the last look
            self._full = range(0)  # the full blocks that wait for no older messages, at the last look
            self._stale: set[int] = set()  # of these, those that are to be indexed
            self._resources = resources.pop_all()  # both files

    def update_some(self) -> bool:
        """Index some blocks that are new or have changed; return False if there are none."""
        first = self._look()
        # First those that have changed, then new ones, each newest first, as searches read them.
        changed = nlargest(_BLOCKS, self._stale, key=lambda number: (number in self._indexed, number))
        removed = [number for number in self._indexed if number not in self._full]
        if not removed and not changed:
            return False
        now: dict[int, _State] = {}
        rows: list[tuple[int, int, int, bytes]] = []
        characters = 0
        for number in changed:
            now[number] = state = self._state(number, first)
            texts = read_texts(self._log_db, range(number * _BLOCK, (number + 1) * _BLOCK))
            rows.append((number, *state, _words_of(texts)))
            characters += len(texts)
            if characters >= _CHARACTERS:
                break
        with self._index_db as db:  # commits, or rolls back after an error
            db.execute("BEGIN")
            db.executemany("DELETE FROM blocks WHERE number = ?", [(number,) for number in removed])
            db.executemany("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?)", rows)
        for number in removed:
            del self._indexed[number]
        self._indexed.update(now)
        self._stale.difference_update(now)
        return True

    @property
    def is_behind(self) -> bool:
        """Whether the last step has left something to the next one."""
        return bool(self._stale)

    def chunks(self, prefixes: Sequence[str], before: int | None) -> Iterator[list[Message]]:
        """Yield the blocks of messages with ids below `before`, newest block first.

        A block without words of all these prefixes is yielded empty, so that the caller can
        check the time; so is the end, where older messages are missing, and then this `is_cut`.
        """
        self.is_cut = False
        wanted = [f" {prefix}".encode() for prefix in prefixes]
        self._note_acts()
        first, last = ends(self._log_db)
        end = last + 1 if before is None else min(before, last + 1)
        for number in range((end - 1) // _BLOCK, first // _BLOCK - 1, -1):
            yield self._read(number, end) if self._may_have(number, wanted) else []
        self.is_cut = bool(missing_ids(self._log_db))
        if self.is_cut:
            yield []

    def name_of(self, message_id: int) -> str | None:
        """Return who has said a message, None if it is no longer kept. Raises `sqlite3.Error`."""
        row = said_rows.read(self._log_db, "name", message_id)
        return str(row[0]) if row else None

    def close(self) -> None:
        self._resources.close()

    def _look(self) -> int:
        """Note which blocks have become full or have changed since the last look; return the first id."""
        self._note_acts()
        first, self.last = ends(self._log_db)
        before, full = self._full, range(first // _BLOCK, (self.last + 1) // _BLOCK)
        if first % _BLOCK and missing_ids(self._log_db):
            full = full[1:]  # the next piece completes it; now it would be indexed twice
        new = (
            range(full.start, min(before.start, full.stop)),
            full[:1],  # some of it may have been pruned
            range(max(before.stop, full.start), full.stop),
        )
        for number in chain(*new, self._acted):
            if self._indexed.get(number) != self._state(number, first):
                self._stale.add(number)
        self._stale = {number for number in self._stale if number in full}
        self._acted.clear()
        self._full = full
        return first

    def _state(self, number: int, first: int) -> _State:
        """Return the present state of a block, where the log begins with the id `first`."""
        return _State(_BLOCK - max(0, first - number * _BLOCK), self._acts.get(number, 0))

    def _note_acts(self) -> None:
        """Find the acts since the last call that have replaced texts."""
        noted = max(self._acts.values(), default=0)
        rows = self._log_db.execute(
            "SELECT id / ?, max(rewritten) FROM messages WHERE changed > ? AND rewritten > ? GROUP BY 1",
            (_BLOCK, noted, noted),
        )
        acts = dict(rows)
        self._acted.update(acts)
        self._acts.update(acts)

    def _may_have(self, number: int, wanted: Sequence[bytes]) -> bool:
        indexed = self._indexed.get(number)
        if indexed is None or indexed.act != self._acts.get(number, 0):
            return True
        row = self._index_db.execute("SELECT words FROM blocks WHERE number = ?", (number,)).fetchone()
        return row is None or all(prefix in row[0] for prefix in wanted)

    def _read(self, number: int, end: int) -> list[Message]:
        ids = range(number * _BLOCK, min((number + 1) * _BLOCK, end))
        return list(map(as_message, read_rows(self._log_db, ids)))


def _words_of(texts: str) -> bytes:
    """Return the words of texts that are joined by LF, as they are stored."""
    distinct: set[str] = set()
    start = 0
    while start < len(texts):
        end = texts.find("\n", start + _PART)  # no word has an LF
        end = len(texts) if end < 0 else end
        found = distinct_words(texts[start:end])
        distinct = distinct | found if distinct else found
        start = end
    return f" {' '.join(sorted(distinct))}".encode() if distinct else b""


def remove(path: Path) -> None:
    """Delete the index of the log at `path`, if there is one. It must not be open. Raises `OSError`."""
    index = _index_path(path)
    for suffix in ("", "-journal", "-wal", "-shm"):  # the last two are of the first version
        index.with_name(index.name + suffix).unlink(missing_ok=True)


def _index_path(path: Path) -> Path:
    return path.with_name(path.name + ".words")


def _open(path: Path, epoch: str) -> sqlite3.Connection:
    """Open the index of the log at `path`; one of another schema version or epoch is rebuilt."""
    index = _connect(path)
    try:
        if not _is_current(index, epoch):
            index.close()
            remove(path)
            index = _connect(path)
            index.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            index.execute("INSERT INTO log VALUES (?)", (epoch,))
    except (sqlite3.Error, OSError):
        index.close()
        raise
    return index


def _connect(path: Path) -> sqlite3.Connection:
    file = _index_path(path)
    file.touch(0o600)
    index = sqlite3.connect(file, timeout=_LOCK_WAIT, isolation_level=None, check_same_thread=False)
    index.execute("PRAGMA secure_delete = ON")  # reads nothing yet, so it cannot fail
    return index


def _is_current(index: sqlite3.Connection, epoch: str) -> bool:
    if index.execute("PRAGMA user_version").fetchone() != (_VERSION,):
        return False
    return bool(index.execute("SELECT epoch FROM log").fetchone() == (epoch,))
