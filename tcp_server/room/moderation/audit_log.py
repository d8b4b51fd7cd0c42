"""What moderators did, in a file that is only ever added to: JSON Lines, one act each.

It is the audit log, and what bans and mutes are restored from. Owned by whoever holds
the sequencer; to write a line is to wait for the disk, which so rare a thing may.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from tcp_server.config import Config
from tcp_server.log.history import Unavailable
from tcp_server.log.sqlite_history import BadHistory

_log = logging.getLogger(__name__)


class Entry(Struct, frozen=True, omit_defaults=True):
    """One act: when (RFC 3339), what, by whom, from where, against whom.

    `act` is one of `Moderate`, or `moderator` where somebody became one. `session` is the
    digest of the session of whom it was against, in hex.
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
    """The file, or none."""

    def __init__(self, path: Path | None) -> None:
        """Without a `path` nothing is written and nothing restored."""
        self._path = path
        self._file: int | None = None  # open from the first entry on: later there may be no descriptor

    def entries(self) -> Iterator[Entry]:
        """Read what was recorded. Raises `BadHistory`.

        What cannot be read as an entry is passed over: a line is torn when the machine
        fails, and may be spoilt by hand.
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
            _log.warning("%d lines of %s could not be read and are passed over", unreadable, self._path)

    def record(self, entry: Entry) -> None:
        """Write an entry, and wait until it is on the disk. Raises `Unavailable`: then it is not there."""
        if self._path is None:
            return
        try:
            if self._file is None:
                self._file = _open(self._path)
            _append(self._file, msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            _log.error("what moderators do cannot be recorded, and is refused: %s", error)
            raise Unavailable(f"the act could not be recorded: {error.strerror}") from error

    def close(self) -> None:
        """Let go of the file; again is no harm."""
        if self._file is not None:
            os.close(self._file)
        self._file = None


def open_audit_log(config: Config) -> AuditLog:
    """Return the audit_log that the settings ask for: beside the history by default, none without one."""
    if config.audit:
        return AuditLog(Path(config.audit))
    if config.history in ("memory", "off"):
        return AuditLog(None)
    history = Path(config.history)
    return AuditLog(history.with_name(history.name + ".audit.jsonl"))


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _append(file: int, line: bytes) -> None:
    """Write all of it to the disk, or nothing."""
    end = os.fstat(file).st_size
    if end and os.pread(file, 1, end - 1) != b"\n":  # a torn line must not spoil the next one
        line = b"\n" + line
    try:
        while line:
            line = line[os.write(file, line) :]
        os.fsync(file)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, end)
        raise
