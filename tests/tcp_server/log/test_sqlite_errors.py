import shutil
import sqlite3
from pathlib import Path

import pytest

from tcp_server.log.log_file import unusable
from tcp_server.log.sqlite_errors import describe

GIB = 1024 * 1024 * 1024


def error(code: int, text: str) -> sqlite3.OperationalError:
    made = sqlite3.OperationalError(text)
    made.sqlite_errorcode = code
    return made


@pytest.mark.parametrize(
    ("code", "text", "free", "told"),
    [
        (sqlite3.SQLITE_IOERR_SHMSIZE, "disk I/O error", 0, "the disk is full"),
        (sqlite3.SQLITE_IOERR_SHMSIZE, "disk I/O error", GIB, "disk I/O error"),
        (sqlite3.SQLITE_CORRUPT, "database disk image is malformed", 0, "database disk image is malformed"),
    ],
)
def test_a_full_disk_is_no_broken_disk(
    monkeypatch: pytest.MonkeyPatch, code: int, text: str, free: int, told: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(GIB, GIB - free, free))
    path = Path("/srv/history.db")
    assert describe(error(code, text), path) == told
    assert str(unusable(path, error(code, text))).startswith(f"{path} cannot be used as history: {told}")


def test_the_folder_may_be_gone(tmp_path: Path) -> None:
    assert (
        describe(error(sqlite3.SQLITE_IOERR, "disk I/O error"), tmp_path / "gone" / "log") == "disk I/O error"
    )
