"""The message log on disk, in SQLite.

One file, one writer. A batch is one transaction, committed before any of it is sent.
The write-ahead log (WAL) makes a commit one sequential write; with `full` durability
it also waits for the disk.
"""

import contextlib
import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import msgspec

from chat_protocol.messages import Ack, Message, Notice
from tcp_server.log.folders import create_folder
from tcp_server.log.history import Key, MemoryHistory, Unavailable, find_message, redacted

_log = logging.getLogger(__name__)

_RECENT = 2000
"""Messages kept in memory as well: more than a `welcome` contains."""

_MAX_SESSIONS = 10_000
"""Maximum number of sessions whose greatest ref is kept in memory."""

_PRUNED_AT_ONCE = 500
"""Maximum number of rows removed in one call of `prune`, which takes some milliseconds."""

_OPENING_LOCK_WAIT = 5.0
"""Seconds to wait at the start for a lock that another process holds on the file."""

_LOCK_WAIT_MS = 50
"""Milliseconds to wait for it later, when the whole room waits too; nothing once a write has failed."""

# Each step brings a file from one version to the next; PRAGMA user_version counts them.
_MIGRATIONS = (
    """
    CREATE TABLE log (epoch TEXT NOT NULL);
    INSERT INTO log VALUES (lower(hex(randomblob(8))));
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        name TEXT NOT NULL,
        text TEXT NOT NULL,
        session BLOB,
        ref TEXT
    );
    CREATE TABLE present (session BLOB PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
    CREATE UNIQUE INDEX says ON messages (session, ref) WHERE ref IS NOT NULL;
    """,
    """
    ALTER TABLE messages ADD COLUMN notice TEXT;
    ALTER TABLE messages ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
    """,
    """
    CREATE INDEX deletions ON messages (id) WHERE deleted;
    """,
)

COLUMNS = "id, at, name, text, notice, deleted"
"""The columns of `messages` that `as_message` takes."""

_Row = tuple[int, str, str, str, str | None, int]

_notices = msgspec.json.Decoder(Notice)


def as_message(row: _Row) -> Message:
    """Return a row of `COLUMNS` as a message."""
    number, at, name, text, notice, deleted = row
    if notice is None and not deleted:
        return Message(number, at, name, text)
    return Message(number, at, name, text, _notices.decode(notice) if notice else None, bool(deleted))


class BadHistory(Exception):
    """The file cannot be used as a log; the text says why."""


class SqliteHistory:
    """A log in a file, which only one server at a time may use.

    Not thread-safe: the caller holds the sequencer's room lock, in any thread.
    """

    def __init__(self, path: Path, *, keep: int = 0, keep_days: int = 0, full: bool = False) -> None:
        """Open or create the file. Raises `BadHistory`.

        At most `keep` messages, none older than `keep_days`, are kept; 0 means no limit.
        `full` durability survives a loss of power, otherwise the end of the process.
        """
        self._keep = keep
        self._keep_days = keep_days
        self._staged: list[tuple[int, str, str, str, bytes | None, str | None]] = []  # rows to insert
        self._staged_messages: list[Message] = []  # the same, as `before` returns them
        self._deleted: dict[int, Message] = {}  # not committed yet; the originals, for a rollback
        self._deleted_this_run: set[int] = set()  # since the server started
        self._wal_has_deleted = True  # whether the WAL may still contain deleted text
        self._presence: dict[bytes, str | None] = {}  # changes that are not committed yet
        # Each session's greatest ref: a greater one is certainly new, so clients whose refs
        # increase need no query for each message.
        self._greatest: dict[bytes, str] = {}
        with contextlib.ExitStack() as resources:
            resources.callback(os.close, _lock_file(path))
            try:
                self._db = sqlite3.connect(
                    path, timeout=_OPENING_LOCK_WAIT, isolation_level=None, check_same_thread=False
                )
                resources.callback(self._db.close)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
                self._db.execute("PRAGMA secure_delete = ON")
                _migrate(self._db)
                (self.epoch,) = self._db.execute("SELECT epoch FROM log").fetchone()
                first, last = self._db.execute("SELECT min(id), max(id) FROM messages").fetchone()
                self._first: int = first or 1
                self._committed: int = last or 0
                self._recent = MemoryHistory(_RECENT, self._committed)
                self._load_recent()
            except sqlite3.Error as error:
                raise BadHistory(f"{path} cannot be used as history: {error}") from error
            self._resources = resources.pop_all()  # the file and the lock on it
        self._writable = True  # as of the last attempt; only a change is logged
        self._wait_for_locks(_LOCK_WAIT_MS)

    @property
    def last(self) -> int:
        return self._recent.last

    @property
    def first(self) -> int:
        return self._first

    def append(self, messages: Sequence[Message], keys: Sequence[Key | None]) -> None:
        self._recent.append(messages, keys)
        for message, key in zip(messages, keys, strict=True):
            session, ref = key or (None, None)
            if key is not None and key[1] > self._greatest.get(key[0], ""):
                self._greatest[key[0]] = key[1]
            self._staged.append((message.id, message.at, message.name, message.text, session, ref))
        self._staged_messages.extend(messages)

    def delete(self, message_id: int) -> None:
        if (message := find_message(self, message_id)) is None:
            return
        self._deleted[message_id] = message
        self._deleted_this_run.add(message_id)
        self._recent.replace(redacted(message))
        if message_id > self._committed:
            self._staged_messages[message_id - self._committed - 1] = redacted(message)

    def set_presence(self, session: bytes, name: str | None) -> None:
        self._presence[session] = name

    def present(self) -> list[tuple[bytes, str]]:
        return self._db.execute("SELECT session, name FROM present").fetchall()

    def commit(self) -> None:
        if not self._staged and not self._presence and not self._deleted:
            return
        try:
            self._write()
        except sqlite3.Error as error:
            self._note_writable(writable=False, why=str(error))
            if self._staged or self._deleted:
                self._recent.rollback_to(self._committed)
                for message in self._deleted.values():
                    self._recent.replace(message)
                self._deleted_this_run -= self._deleted.keys()
                raise Unavailable(str(error)) from error
        else:
            self._committed = self._recent.last
            self._wal_has_deleted = self._wal_has_deleted or bool(self._deleted)
            self._note_writable(writable=True)
        finally:
            self._staged.clear()
            self._staged_messages.clear()
            self._deleted.clear()

    def _write(self) -> None:
        """Write all changes to the file in one transaction."""
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT INTO messages (id, at, name, text, session, ref) VALUES (?, ?, ?, ?, ?, ?)",
                self._staged,
            )
            db.executemany(
                "UPDATE messages SET notice = ? WHERE id = ?",
                [
                    (msgspec.json.encode(message.notice).decode(), message.id)
                    for message in self._staged_messages
                    if message.notice is not None
                ],
            )
            db.executemany(
                "UPDATE messages SET text = '', notice = NULL, deleted = 1 WHERE id = ?",
                [(message_id,) for message_id in self._deleted],
            )
            for session, name in self._presence.items():
                if name is None:
                    db.execute("DELETE FROM present WHERE session = ?", (session,))
                else:
                    db.execute("INSERT OR REPLACE INTO present VALUES (?, ?)", (session, name))
            db.execute("COMMIT")
        except sqlite3.Error:
            if db.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
            raise
        self._presence.clear()

    def find_acks(self, session: bytes, refs: Sequence[str]) -> dict[str, Ack]:
        with _readable():
            return self._find_acks(session, refs)

    def _find_acks(self, session: bytes, refs: Sequence[str]) -> dict[str, Ack]:
        found = self._recent.find_acks(session, refs)
        greatest = self._greatest_of(session)
        if unknown := [ref for ref in refs if ref <= greatest and ref not in found]:
            rows = self._db.execute(
                "SELECT ref, id, at FROM messages"  # noqa: S608 - only question marks are put in
                f" WHERE session = ? AND ref IN ({', '.join('?' * len(unknown))})",
                (session, *unknown),
            )
            found.update({row[0]: Ack(*row) for row in rows})
        return found

    def _greatest_of(self, session: bytes) -> str:
        """Return a session's greatest ref by code points, the order that SQLite uses."""
        if session not in self._greatest:
            if len(self._greatest) >= _MAX_SESSIONS:
                self._greatest.clear()
            (ref,) = self._db.execute(
                "SELECT max(ref) FROM messages WHERE session = ? AND ref IS NOT NULL", (session,)
            ).fetchone()
            self._greatest[session] = ref or ""
        return self._greatest[session]

    def before(self, message_id: int, limit: int) -> list[Message]:
        end = min(message_id, self.last + 1)
        limit = max(0, min(limit, end - self._first))
        if end - limit >= self._recent.first:
            return self._recent.before(end, limit)
        staged = max(0, end - 1 - self._committed)  # how many are not in the file yet
        newest = self._staged_messages[max(0, staged - limit) : staged]
        with _readable():
            rows = self._db.execute(
                f"SELECT {COLUMNS} FROM messages WHERE id < ? ORDER BY id DESC LIMIT ?",  # noqa: S608
                (end, max(0, limit - len(newest))),
            ).fetchall()
        older = [as_message(row) for row in reversed(rows)]
        if self._deleted:
            older = [redacted(message) if message.id in self._deleted else message for message in older]
        return older + newest

    def with_deletions(self, messages: Sequence[Message]) -> list[Message]:
        return [redacted(one) if one.id in self._deleted_this_run else one for one in messages]

    def prune(self) -> None:
        try:
            self._checkpoint()
            if (count := self._count_surplus() or self._count_expired()) == 0:
                return
            self._db.execute("DELETE FROM messages WHERE id < ?", (self._first + count,))
        except sqlite3.Error as error:
            self._note_writable(writable=False, why=str(error))
            return
        self._first += count

    def close(self) -> None:
        self._resources.close()

    def _checkpoint(self) -> None:
        """Truncate the WAL, which may contain deleted text; retried later if a reader prevents it."""
        if self._wal_has_deleted:
            self._wait_for_locks(0)
            try:
                (busy, *_) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self._wait_for_locks(_LOCK_WAIT_MS if self._writable else 0)
            self._wal_has_deleted = bool(busy)

    def _count_surplus(self) -> int:
        """Return how many of the oldest to remove because of `keep`."""
        surplus = self._committed - self._first + 1 - self._keep if self._keep else 0
        return min(max(surplus, 0), _PRUNED_AT_ONCE)

    def _count_expired(self) -> int:
        """Return how many of the oldest to remove because of `keep_days`; the newest stays, for its id."""
        if not self._keep_days or self._first >= self._committed:
            return 0
        limit = (datetime.now(UTC) - timedelta(days=self._keep_days)).isoformat()
        rows = self._db.execute(
            "SELECT at FROM messages WHERE id < ? ORDER BY id LIMIT ?", (self._committed, _PRUNED_AT_ONCE)
        )
        return sum(1 for _ in takewhile(lambda row: row[0] < limit, rows))

    def _load_recent(self) -> None:
        rows = self._db.execute(
            f"SELECT {COLUMNS}, session, ref FROM messages ORDER BY id DESC LIMIT ?",  # noqa: S608
            (_RECENT,),
        ).fetchall()
        rows.reverse()
        if rows:
            self._recent.append(
                [as_message(row[:-2]) for row in rows], [row[-2:] if row[-1] else None for row in rows]
            )

    def _note_writable(self, *, writable: bool, why: str = "") -> None:
        if writable == self._writable:
            return
        self._writable = writable
        self._wait_for_locks(_LOCK_WAIT_MS if writable else 0)
        if writable:
            _log.info("history is written again")
        else:
            _log.error("history cannot be written, messages are refused: %s", why)

    def _wait_for_locks(self, milliseconds: int) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {milliseconds}")


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Turn errors of SQLite into `Unavailable`."""
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(f"the log cannot be read: {error}") from error


def _lock_file(path: Path) -> int:
    """Make this process the only server on the file; return the descriptor of the lock.

    The lock file contains the process id, for the error message of a second server.
    """
    try:
        create_folder(path.parent)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        path.touch(0o600)  # messages are private to this user of the machine
    except OSError as error:
        raise BadHistory(f"cannot keep history in {path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
        os.close(lock)
        process = f" (process {owner})" if owner.isdigit() else ""
        raise BadHistory(f"another Oneroom server{process} keeps its history in {path}") from None
    with contextlib.suppress(OSError):  # on a full disk: the lock holds without it
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _migrate(db: sqlite3.Connection) -> None:
    """Bring the file to the newest schema, in one transaction."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > len(_MIGRATIONS):
        raise sqlite3.DatabaseError("it was written by a newer version")
    if version == len(_MIGRATIONS):
        return
    steps = "".join(_MIGRATIONS[version:])
    db.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {len(_MIGRATIONS)}; COMMIT;")
