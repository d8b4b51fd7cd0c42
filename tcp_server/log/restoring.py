"""Puts a copy of a log in the place of a log."""

import sqlite3
from contextlib import closing
from itertools import chain
from pathlib import Path

from tcp_server.log.folders import sync_names
from tcp_server.log.log_file import (
    MIGRATIONS,
    BadHistory,
    copy_whole,
    locked,
    read_only,
    sync,
    version_of,
)
from tcp_server.log.missing import FIRST_IN_CLUSTERS
from tcp_server.log.salvage import salvage_into
from tcp_server.log.word_index import remove as remove_index

_PARTS = ("", "-wal", "-shm")
"""The ends of the names of SQLite's files."""


def restore(source: Path, path: Path, *, salvage: bool = False) -> Path | None:
    """Replace the log at `path` by a copy of `source`, with a new epoch: all clients start anew.

    What was at `path` is moved aside, and its new name returned. If `salvage`, what can be read of
    a damaged `source` is copied, which may be the log itself. Raises `BadHistory`, `sqlite3.Error`,
    `OSError`; then nothing has changed.
    """
    path = path.resolve()
    new = path.with_name(path.name + ".restored")
    with locked(path):
        try:
            _copy(source, new, salvage=salvage)
            _renew(new)
            old = _move_aside(path) if path.exists() else None
            remove_index(path)
            new.rename(path)
            sync_names(path.parent)
        finally:
            new.unlink(missing_ok=True)
    return old


def _copy(source: Path, copy: Path, *, salvage: bool) -> None:
    """Raises `BadHistory`, `OSError`."""
    try:
        with read_only(source) as db:
            db.execute("SELECT epoch FROM log LIMIT 0")  # fails if it is no log
            if version_of(db) > len(MIGRATIONS):
                raise BadHistory(f"{source} was written by a newer version of Oneroom")
            if not salvage:
                copy_whole(db, copy)
    except sqlite3.Error as error:
        advice = (
            "only a backup helps: `oneroom-server restore BACKUP`"
            if salvage
            else "--salvage takes what can be read of a damaged file"
        )
        raise BadHistory(f"cannot copy {source}: {error}; {advice}") from error
    if salvage:
        try:
            salvage_into(copy, source)
        except (sqlite3.Error, ValueError) as error:
            raise BadHistory(f"cannot salvage {source}: {error}") from error


def _renew(path: Path) -> None:
    """Give a copy an epoch of its own, and forget who was in the room, and what other servers have."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE log SET epoch = lower(hex(randomblob(8)))")
        db.execute("DELETE FROM present")
        db.execute("DELETE FROM members")
        if version_of(db) >= FIRST_IN_CLUSTERS:
            db.execute("UPDATE log SET settled = 0")
            for table in ("tail", "missing", "missing_deletions"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - ours
    sync(path)


def _move_aside(path: Path) -> Path:
    """Rename a log that nobody uses, and return its new name."""
    old = next(
        name
        for number in chain([""], map(str, range(2, 1000)))
        if not (name := path.with_name(f"{path.name}.old{number}")).exists()
    )
    for part in reversed(_PARTS):  # the file itself last: until then the restore may be repeated
        file = path.with_name(path.name + part)
        if file.exists():
            file.rename(old.with_name(old.name + part))
    return old
