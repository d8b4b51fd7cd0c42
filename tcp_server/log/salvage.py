"""Makes a whole log of what is left of a damaged one."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tcp_server.log import message_ids
from tcp_server.log.acts import TABLES
from tcp_server.log.acts import rows as act_rows
from tcp_server.log.bodies import copy_bodies
from tcp_server.log.leaf_pages import LeafPages
from tcp_server.log.log_file import MIGRATIONS, read_only
from tcp_server.log.message_rows import COLUMNS, MORE_COLUMNS, fill
from tcp_server.log.said_rows import MIN_ROW_BYTES

_INSERT = f"""
    INSERT OR IGNORE INTO messages ({COLUMNS}, {MORE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""  # noqa: S608 - ours

_GAPS = f"""
    SELECT * FROM (SELECT {COLUMNS}, {MORE_COLUMNS}, lead(id) OVER (ORDER BY id) AS next FROM messages)
    WHERE next > id + 1
"""  # noqa: S608 - ours
"""The messages before a gap, and the ids behind it."""


def salvage_into(copy: Path, source: Path) -> None:
    """Write what can be read into a new file; lost messages say that they cannot be read.

    Bans that cannot be read are read from the moderators' record at the next start. Nobody may
    write to `source`. Raises `sqlite3.Error`, `OSError`, `ValueError`.
    """
    copy.unlink(missing_ok=True)
    copy.touch(0o600)
    with closing(sqlite3.connect(copy, isolation_level=None)) as new:
        new.execute("PRAGMA auto_vacuum = INCREMENTAL")
        new.executescript(f"BEGIN; {''.join(MIGRATIONS)} PRAGMA user_version = {len(MIGRATIONS)};")
        with _in_one_file(source, copy.with_name(copy.name + ".damaged")) as file:
            with closing(LeafPages(file)) as pages:
                new.executemany(_INSERT, pages.messages())
            with read_only(file) as db:
                _fill_gaps(new, db, file.stat().st_size // MIN_ROW_BYTES)
                _copy_acts(new, db)
                with suppress(sqlite3.DatabaseError):
                    copy_bodies(new, db)
                with suppress(sqlite3.Error):
                    sanctions = db.execute("SELECT sanctions FROM log").fetchone()
                    new.execute("UPDATE log SET sanctions = ?", sanctions)
        message_ids.skip_missing(new)
        _skip_acts(new)
        new.execute("COMMIT")


@contextmanager
def _in_one_file(source: Path, file: Path) -> Iterator[Path]:
    """Copy a log to `file`, and what is in its write-ahead log into that, during the block."""
    wal = file.with_name(file.name + "-wal")
    try:
        file.touch(0o600)
        shutil.copyfile(source, file)
        with suppress(FileNotFoundError):
            shutil.copyfile(source.with_name(source.name + "-wal"), wal)
        with closing(sqlite3.connect(file, isolation_level=None)) as db, suppress(sqlite3.Error):
            db.execute("PRAGMA writable_schema = ON")  # otherwise SQLite refuses a file without its end
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        yield file
    finally:
        for ending in ("", "-wal", "-shm"):
            file.with_name(file.name + ending).unlink(missing_ok=True)


def _fill_gaps(new: sqlite3.Connection, old: sqlite3.Connection, most: int) -> None:
    """Add a row for each id between messages that the old log has certainly not skipped.

    `most` is how many messages the old log can have.
    """
    for *row, behind in new.execute(_GAPS).fetchall():
        gap = range(row[0] + 1, behind)
        try:
            lost = message_ids.without(gap, list(message_ids.skipped_in(old, gap)))
        except sqlite3.Error:  # it cannot be known whether these were messages
            continue
        if sum(map(len, lost)) <= most:  # otherwise an id is damaged
            _, *made_up = fill([tuple(row)], lost, len(MORE_COLUMNS.split())).rows
            new.executemany(_INSERT, made_up)


def _copy_acts(new: sqlite3.Connection, old: sqlite3.Connection) -> None:
    """Copy the refs of acts, and who has reacted, as far as they can be read."""
    for table in TABLES:
        insert = f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?, ?, ?)"  # noqa: S608 - ours
        with suppress(sqlite3.DatabaseError):
            new.executemany(insert, act_rows(old, table))


def _skip_acts(new: sqlite3.Connection) -> None:
    """Skip the ids of acts that are greater than those of all messages: no message may be given one."""
    last, act = new.execute("""
        SELECT max(id), max(coalesce(max(changed), 0), (SELECT coalesce(max(id), 0) FROM acts)) FROM messages
    """).fetchone()
    if last is not None and act > last:
        message_ids.skip(new, range(last + 1, act + 1))
