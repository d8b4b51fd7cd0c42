"""The audit log: an append-only file of JSON Lines, one for each action of a moderator.

Not thread-safe: the caller holds the sequencer's room
lock. Writing waits for the disk (fsync), which is acceptable as entries are rare.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from tcp_server.config import Config
from tcp_server.log.folders import create_folder, is_at, sync_names
from tcp_server.log.history import Unavailable
from tcp_server.log.log_file import BadHistory

_log = logging.getLogger(__name__)


class Entry(Struct, frozen=True, omit_defaults=True):
    """One action: when (RFC 3339), what, by whom and from which address, against whom.

    `act` is one of those of `Moderate`, or `moderator` if somebody became one. `addresses` and
    `session` (its digest in hex) are those of the member in `target`.
    """

    at: str
    act: str
    by: str
    address: str = ""
    target: str = ""
    addresses: Sequence[str] = ()
    session: str = ""
    id: int | None = None
    seconds: int | None = None
    text: str = ""


_decoder = msgspec.json.Decoder(Entry)


class AuditLog:
    """The audit log in a file; without a file, it is empty and keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: int | None = None  # stays open: descriptors may run out later

    def open(self) -> None:
        """Open the file now instead of at the first entry. Raises `BadHistory` if it cannot be written."""
        try:
            if self._path is not None:
                self._file = _open(self._path)
        except OSError as error:
            raise BadHistory(f"cannot record what moderators do in {self._path}: {error.strerror}") from error

    def entries(self) -> Iterator[Entry]:
        """Read the entries. Raises `BadHistory`.

        Invalid lines are skipped: a crash may leave an incomplete one, or somebody may edit the file.
        """
        if self._path is None:
            return
        unreadable = 0
        try:
            with self._path.open("rb") as lines:
                for line in lines:
                    try:
                        yield _decoder.decode(line)
                    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                        unreadable += line.endswith(b"\n") and not line.isspace()
        except FileNotFoundError:
            return
        except OSError as error:
            raise BadHistory(f"cannot read what moderators did in {self._path}: {error.strerror}") from error
        if unreadable:
            _log.warning("%d lines of %s are invalid and are skipped", unreadable, self._path)

    def record(self, entry: Entry) -> None:
        """Write an entry and wait until it is on the disk. Raises `Unavailable` if it is not written."""
        if self._path is None:
            return
        try:
            if self._file is None or not is_at(self._file, self._path):  # such as by logrotate
                self.close()
                self._file = _open(self._path)
            _append(self._file, msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            _log.error("actions of moderators cannot be recorded and are refused: %s", error)
            raise Unavailable(f"the action could not be recorded: {error.strerror}") from error

    def close(self) -> None:
        """Close the file; may be called again."""
        if self._file is not None:
            os.close(self._file)
        self._file = None


def audit_path(config: Config) -> Path | None:
    """Return the file that the settings name: by default beside the history file itself, if there is one.

    Older versions put it beside a symbolic link to the history; it is there until `adopt` has moved it.
    """
    if config.audit or config.history in ("memory", "off"):
        return Path(config.audit) if config.audit else None
    path, former = _default_and_former(config)
    return former if former.exists() and not path.exists() else path


def adopt(config: Config) -> None:
    """Move a file of an older version to where `audit_path` says; if it cannot be moved, it is used there.

    Call only in the process that has locked the history.
    """
    if config.audit or config.history in ("memory", "off"):
        return
    path, former = _default_and_former(config)
    if path == former.resolve() or not former.exists():
        return
    if path.exists():
        _log.warning("%s is not used any more: what moderators do is recorded in %s", former, path)
        return
    try:
        former.rename(path)
        sync_names(path.parent)
    except OSError as error:
        _log.warning("%s cannot be moved to %s, where the history is: %s", former, path, error.strerror)


def _default_and_former(config: Config) -> tuple[Path, Path]:
    history = Path(config.history)
    return audit_beside(history.resolve()), audit_beside(history)


def audit_beside(history: Path) -> Path:
    """Return the file that belongs to a history file."""
    return history.with_name(history.name + ".audit.jsonl")


def _open(path: Path) -> int:
    create_folder(path.parent)
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    sync_names(path.parent)
    return file


def _append(file: int, line: bytes) -> None:
    """Write the whole line to the disk, or nothing."""
    end = os.fstat(file).st_size
    if end and os.pread(file, 1, end - 1) != b"\n":  # the last line is incomplete: begin a new one
        line = b"\n" + line
    try:
        while line:
            line = line[os.write(file, line) :]
        os.fsync(file)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, end)
        raise
