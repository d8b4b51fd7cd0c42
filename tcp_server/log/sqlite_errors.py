"""What an error of SQLite means, where its own words mislead."""

import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

_NEEDED: Final = 64 * 1024
"""Bytes on the disk without which SQLite cannot open a log: it makes a file of 32 KiB beside it."""


def describe(error: Exception, path: Path) -> str:
    """Return in words what went wrong with the file `path`.

    On a full disk SQLite cannot even read, and says "disk I/O error".
    """
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_IOERR:
        with suppress(OSError):  # the folder may be gone
            if shutil.disk_usage(path.absolute().parent).free < _NEEDED:
                return "the disk is full"
    return str(error)
