"""Moves what was committed from SQLite's write-ahead log (WAL) into the file itself, in a thread.

SQLite by itself does that within a commit, and the whole room waits for the disk meanwhile.
"""

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

_INTERVAL = 0.1
"""Seconds between two looks at the WAL."""

_MIN_BYTES = 4 * 1024 * 1024
"""Size of the WAL from which it is worth the work."""


class Checkpointer:
    """The thread. Nothing is lost without it: the WAL only grows until a commit does the work."""

    def __init__(self, path: Path) -> None:
        """Start it for the log at `path`, which must exist."""
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpointer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it. Call once, from any other thread, before the log is closed."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        uri = f"{self._path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)) as db:
            while not self._closing.wait(_INTERVAL):
                with suppress(
                    OSError, sqlite3.Error
                ):  # the room's own commits say what is wrong with the disk
                    if self._wal.stat().st_size >= _MIN_BYTES:
                        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
