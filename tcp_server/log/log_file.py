"""The file of a log on disk: one server at a time may use it, and a newer version migrates it."""

import contextlib
import errno
import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from chat_protocol.log_event import INFO, log_event
from tcp_server.log.folders import create_folder, is_at, sync_names
from tcp_server.log.sqlite_errors import describe

_log = logging.getLogger(__name__)

_LOCK_WAIT = 5.0
"""Seconds to wait at the start for a lock that another process holds on the file."""

_BRIEF_LOCK_WAIT_MS = 50
"""Milliseconds to wait for one later, as the whole room waits too; nothing once a write has failed."""

_MAX_WAL_PAGES = 16_384
"""Pages in the write-ahead log (WAL) from which a commit moves them into the file itself; before that a
`Checkpointer` does. 64 MiB."""

_WAL_BYTES = 3 * 1024 * 1024
"""Size that the WAL is cut to when it begins anew; a `Checkpointer` looks at its size. The rest is written
over, which takes the system less time than to make a file longer."""

_TEMPORARY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM}
"""Errors, by primary result code, that say nothing about the file."""

_UNWRITABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}
"""Errors of a copy; the database it is made of is only read."""

JOINED = 13
"""Version of the first schema with rows of several messages."""

# Each step brings a file from one version to the next; PRAGMA user_version counts them.
MIGRATIONS = (
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
    """
    ALTER TABLE log ADD COLUMN sanctions BLOB NOT NULL DEFAULT x'';
    """,
    # Spans of ids that are not of messages; `total`: how many there have been up to `last`.
    """
    CREATE TABLE skipped (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, total INTEGER NOT NULL);
    """,
    """
    ALTER TABLE messages ADD COLUMN entry INTEGER; -- the position of what it came with
    CREATE TABLE members (number INTEGER PRIMARY KEY, state BLOB NOT NULL);
    """,
    # Acts on messages. `details` are the rarer fields of a message, as JSON. `changed` is the id of the last
    # act on it, `rewritten` of the last one that replaced its text.
    """
    ALTER TABLE messages ADD COLUMN details TEXT;
    ALTER TABLE messages ADD COLUMN changed INTEGER;
    ALTER TABLE messages ADD COLUMN rewritten INTEGER;
    CREATE INDEX changes ON messages (changed) WHERE changed IS NOT NULL;
    DROP INDEX deletions; -- the search index asks for changes
    CREATE TABLE acts (
        message INTEGER NOT NULL,
        id INTEGER NOT NULL,
        at TEXT NOT NULL,
        session BLOB NOT NULL,
        ref TEXT NOT NULL,
        PRIMARY KEY (message, id)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX acts_by_ref ON acts (session, ref);
    CREATE TABLE reactions (
        message INTEGER NOT NULL,
        place INTEGER NOT NULL, -- among those to the message
        emoji TEXT NOT NULL,
        person BLOB NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (message, place)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX reactions_by_person ON reactions (person, message, emoji);
    CREATE TABLE persons (id BLOB PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
    """,
    # Where the room is in its journal: beside the bans, each join would write all of these anew. The members
    # are part of that state.
    """
    CREATE TABLE head (state BLOB NOT NULL);
    INSERT INTO head VALUES (x'');
    DELETE FROM members;
    """,
    # The newest entries of a shared journal as they were read; `acts`: it has acts on messages.
    """
    CREATE TABLE tail (position INTEGER PRIMARY KEY, acts INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE INDEX tail_with_acts ON tail (position) WHERE acts;
    """,
    """
    ALTER TABLE log ADD COLUMN settled INTEGER NOT NULL DEFAULT 0; -- `History.settled`
    """,
    # At most one range of ids whose messages are to be fetched from another server, and the acts that have
    # deleted some of these; `position` and `last` are of the checkpoint, `last` also of a later such act.
    """
    CREATE TABLE missing (
        first INTEGER NOT NULL, stop INTEGER NOT NULL, position INTEGER NOT NULL, last INTEGER NOT NULL
    );
    CREATE TABLE missing_deletions (message INTEGER PRIMARY KEY, act INTEGER NOT NULL);
    """,
    # The final lines of live messages, in parts; `start` is an offset in bytes, `size` of what is kept.
    """
    CREATE TABLE bodies (message INTEGER PRIMARY KEY, size INTEGER NOT NULL, lines INTEGER NOT NULL);
    CREATE TABLE body_parts (
        message INTEGER NOT NULL, start INTEGER NOT NULL, text BLOB NOT NULL, PRIMARY KEY (message, start)
    );
    """,
    # Rows of several messages: see `said_rows`.
    """
    ALTER TABLE messages ADD COLUMN refs TEXT;
    ALTER TABLE messages ADD COLUMN count INTEGER;
    CREATE INDEX joined_says ON messages (session, ref) WHERE refs IS NOT NULL;
    """,
)


class BadHistory(Exception):
    """The file cannot be used as a log; the text says why."""


class LogFile:
    """A log's file, locked and open for writing, with the newest schema.

    `db` is the connection, `path` the file itself, without symbolic links. Not thread-safe: the
    caller holds the sequencer's room lock, in any thread.
    """

    def __init__(self, path: Path, *, full: bool = False) -> None:
        """Open or create the file. Raises `BadHistory`.

        `full` durability survives a loss of power, otherwise the end of the process.
        """
        self.path = path.resolve()
        self._is_in_place = True  # as of the last `look`
        self._is_writable = True  # as of the last attempt; only a change is logged
        with contextlib.ExitStack() as resources:
            resources.enter_context(locked(self.path))
            _create(self.path)
            try:
                self.db = sqlite3.connect(
                    self.path, timeout=_LOCK_WAIT, isolation_level=None, check_same_thread=False
                )
                resources.callback(self.db.close)
                self.db.execute(
                    "PRAGMA auto_vacuum = INCREMENTAL"
                )  # of a new file; `compact` changes old ones
                self.db.execute("PRAGMA journal_mode = WAL")
                self.db.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
                self.db.execute("PRAGMA secure_delete = ON")
                self.db.execute(f"PRAGMA wal_autocheckpoint = {_MAX_WAL_PAGES}")
                self.db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
                self._migrate()
            except (sqlite3.Error, OSError) as error:
                raise unusable(path, error) from error
            self._identity = _identity(self.path)
            self._resources = resources.pop_all()  # the file and the lock on it

    @property
    def is_writable(self) -> bool:
        """Whether it could be written when that was last tried, and is at its path. Any thread."""
        return self._is_writable and self._is_in_place

    def note_writable(self, *, writable: bool, why: str = "") -> None:
        """Note whether an attempt to write has succeeded."""
        if writable == self._is_writable:
            return
        self._is_writable = writable
        self.wait_for_locks()
        if writable:
            _log.info("history is written again")
        else:
            _log.error("history cannot be written, messages are refused: %s", why)

    def wait_for_locks(self) -> None:
        """From now on wait only shortly for another process: the whole room waits too."""
        self.db.execute(f"PRAGMA busy_timeout = {_BRIEF_LOCK_WAIT_MS if self._is_writable else 0}")

    def look(self) -> None:
        """Look whether the file is still at its path: nobody has moved, deleted or replaced it."""
        self._is_in_place = _identity(self.path) == self._identity

    def begin(self) -> None:
        """Begin a transaction; a `with` block of `db`, which this is in, ends it. Raises `sqlite3.Error`."""
        if not self._is_in_place:
            raise sqlite3.OperationalError(f"{self.path} was moved, deleted or replaced")
        self.db.execute("BEGIN IMMEDIATE")

    def truncate_wal(self) -> bool:
        """Empty the WAL into the file; return False if a reader prevents it. Raises `sqlite3.Error`."""
        self.db.execute("PRAGMA busy_timeout = 0")
        try:
            (busy, *_) = self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            self.wait_for_locks()
        return not busy

    def close(self) -> None:
        """Close the file, and release the lock."""
        self._resources.close()

    def remove_old_copies(self) -> None:
        """Delete copies from before a migration: the new version has run well."""
        for copy in self.path.parent.glob(f"{self.path.name}.version-*"):
            with contextlib.suppress(OSError):
                copy.unlink()

    def _migrate(self) -> None:
        """Bring the file to the newest schema, in one transaction; a copy of the old one is kept."""
        version = version_of(self.db)
        if version > len(MIGRATIONS):
            raise sqlite3.DatabaseError(_too_new(self.path, version))
        if version == len(MIGRATIONS):
            return
        copy = self.path.with_name(f"{self.path.name}.version-{version}")
        if version:
            copy_whole(self.db, copy)
        steps = "".join(MIGRATIONS[version:])
        self.db.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {len(MIGRATIONS)}; COMMIT;")
        if version:
            log_event(INFO, "history migrated", old=version, new=len(MIGRATIONS), copy=str(copy))


def version_of(db: sqlite3.Connection) -> int:
    """Return the version of the schema. Raises `sqlite3.Error`."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def is_temporary(error: sqlite3.Error) -> bool:
    """Return whether an error says nothing about the file itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _TEMPORARY


def ends(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the first and the last id of the messages; 1 and 0 if there are none. Raises `sqlite3.Error`."""
    first, last = db.execute(  # min and max in one SELECT would read all rows
        "SELECT (SELECT min(id) FROM messages),"  # noqa: S608 - ours
        f" (SELECT {last_id(db)} FROM messages ORDER BY id DESC LIMIT 1)"
    ).fetchone()
    return first or 1, last or 0


def last_id(db: sqlite3.Connection) -> str:
    """Return the id of the last message in a row of `messages`, as an expression of SQL for this file."""
    return "id + coalesce(count - 1, 0)" if version_of(db) >= JOINED else "id"


def unusable(path: Path, error: Exception) -> BadHistory:
    """Return what to raise for a file that an error prevents from being used."""
    is_damaged = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CORRUPT
    advice = f"; `oneroom-server check --history {path}` says more" if is_damaged else ""
    return BadHistory(f"{path} cannot be used as history: {describe(error, path)}{advice}")


def _too_new(path: Path, version: int) -> str:
    """Return what to do with a file of a newer version."""
    text = f"it was written by a newer version of Oneroom (schema {version}, this one has {len(MIGRATIONS)})"
    copy = path.with_name(f"{path.name}.version-{len(MIGRATIONS)}")
    if copy.exists():
        text += f"; `oneroom-server restore {copy}` goes back to the time before that"
    return text


def read_only(path: Path) -> closing[sqlite3.Connection]:
    """Return a connection that only reads, beside a running server or without one. Raises `sqlite3.Error`.

    Of a file that lost its end it reads what is there.
    """
    path = path.resolve()
    is_frozen = not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
    # SQLite would create files beside it, where nobody can write.
    frozen = "&immutable=1" if is_frozen else ""
    db = sqlite3.connect(f"{path.as_uri()}?mode=ro{frozen}", uri=True, isolation_level=None)
    db.execute("PRAGMA writable_schema = ON")  # otherwise SQLite refuses a file without its end
    return closing(db)


def copy_whole(db: sqlite3.Connection, copy: Path) -> None:
    """Copy the database as it is at one moment into a new file, on the disk when this returns.

    Replaces `copy`. Others may write meanwhile. Raises `sqlite3.Error` if the database cannot be read,
    `OSError` if the copy cannot be written.
    """
    unfinished = copy.with_name(copy.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(0o600)  # messages are private to this user of the machine
    try:
        db.execute("VACUUM INTO ?", (str(unfinished),))
        sync(unfinished)
        unfinished.rename(copy)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) in _UNWRITABLE:
            raise OSError(errno.EIO, str(error), str(copy)) from error
        raise
    finally:
        unfinished.unlink(missing_ok=True)
    sync_names(copy.parent)


def sync(path: Path) -> None:
    """Wait until a file is on the disk. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a file, None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Make this process the only one that writes to the log at `path` during the block.

    `path` has no symbolic links. The lock file is there as long as it is locked, and contains the process
    id, for the error message of a second server. Raises `BadHistory`.
    """
    if path.exists() and not path.is_file():
        raise BadHistory(f"cannot keep history in {path}: it is no regular file")
    file = path.with_name(path.name + ".lock")
    descriptor = _lock(file, path)
    try:
        with contextlib.suppress(OSError):  # on a full disk: the lock holds without it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        with contextlib.suppress(OSError):  # a file that is left has no effect
            if is_at(descriptor, file):
                file.unlink()
        os.close(descriptor)


def _lock(file: Path, path: Path) -> int:
    """Create and lock the lock file of the log at `path`; return its descriptor. Raises `BadHistory`."""
    while True:
        try:
            create_folder(file.parent)
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BadHistory(f"cannot keep history in {path}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            process = f" (process {owner})" if owner.isdigit() else ""
            raise BadHistory(f"another Oneroom server{process} keeps its history in {path}") from None
        if is_at(descriptor, file):
            return descriptor
        os.close(descriptor)  # its owner removed it just before it was locked here


def _create(path: Path) -> None:
    """Create an empty file, if there is none. Raises `BadHistory`."""
    try:
        path.touch(0o600)  # messages are private to this user of the machine
        names = path.stat().st_nlink
    except OSError as error:
        raise BadHistory(f"cannot keep history in {path}: {error.strerror}") from error
    if names > 1:  # each would have its own lock, and its own write-ahead log
        raise BadHistory(
            f"cannot keep history in {path}: it has {names} names (hard links), remove the others"
        )
