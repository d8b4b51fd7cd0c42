"""A journal in a file, for tests and for finding faults. It also has the texts that were deleted since.

The file begins with a copy of the log as it was before the first entry. An entry is written before its
effects are stored: after a crash the last one may be one that the log does not have.
"""

import logging
import os
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Final

import msgspec

from tcp_server.log.folders import create_folder
from tcp_server.log.log_file import BadHistory, copy_whole, read_only

_log = logging.getLogger(__name__)

_FORMAT: Final = 1
_HEAD: Final = Struct("<II")  # length and CRC-32 of what follows
_CHUNK: Final = 1024 * 1024
"""Bytes of the copied log that are read and written at a time."""


class Begin(msgspec.Struct, tag="begin", array_like=True, frozen=True):
    """The log that is recorded: its epoch, and its last entry before those that follow.

    `run` is the incarnation of the server whose entry that was.
    """

    epoch: str
    position: int
    run: bytes
    format: int = _FORMAT


class Copy(msgspec.Struct, tag="copy", array_like=True, frozen=True):
    """Some bytes of the log's file as it was at the beginning."""

    data: bytes


class Step(msgspec.Struct, tag="step", array_like=True, frozen=True):
    """An entry, its position and its time in milliseconds since 1970."""

    position: int
    at: int
    entry: bytes


class _Origin(msgspec.Struct, array_like=True, frozen=True):
    """The first fields of an entry."""

    format: int
    incarnation: bytes


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Begin | Copy | Step)
_origins = msgspec.msgpack.Decoder(_Origin)


class BadRecording(Exception):
    """A file is no recording, or not one of this log; the text says why."""


class Recording:
    """The journal of a room in a file. Not thread-safe: the caller holds the sequencer's room lock."""

    def __init__(self, path: Path, log: Path, now: Begin) -> None:
        """Go on with the recording, or begin one of the log as it is `now`. Raises `BadHistory`."""
        self._path = path
        self._file: int | None = None  # None after an error
        try:
            create_folder(path.parent)
            if path.exists() and path.stat().st_size:
                _cut_after(path, now)
            else:
                _begin(path, log, now)
            self._file = _open(path)
        except BadRecording as error:
            raise BadHistory(f"cannot go on with the recording {path}: {error}") from error
        except (OSError, sqlite3.Error) as error:
            raise BadHistory(f"cannot record in {path}: {error}") from error

    def append(self, position: int, at: int, entry: bytes) -> None:
        """Write an entry; after an error the recording ends, and the log says so."""
        if self._file is None:
            return
        try:
            _write(self._file, Step(position, at, entry))
        except OSError as error:
            _log.error("the recording %s ends here: %s", self._path, error)
            self.close()

    def read(self, after: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield position, time and entry of those behind the position `after`. Raises `BadRecording`."""
        return read_entries(self._path, after)

    def close(self) -> None:
        """Close the file; may be called again."""
        if self._file is not None:
            os.close(self._file)
        self._file = None


def _begin(path: Path, log: Path, now: Begin) -> None:
    """Write the log as it is now; if that fails, `path` is as before. Raises `OSError`, `sqlite3.Error`."""
    path = path.resolve()
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    file = _open(unfinished)
    try:
        _write(file, now)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "log"
            with read_only(log) as db:
                copy_whole(db, copy)
            with copy.open("rb") as data:
                while chunk := data.read(_CHUNK):
                    _write(file, Copy(chunk))
        unfinished.rename(path)
    finally:
        os.close(file)
        unfinished.unlink(missing_ok=True)


def _write(file: int, part: Begin | Copy | Step) -> None:
    """Raises `OSError`."""
    payload = _encode(part)
    data = _HEAD.pack(len(payload), zlib.crc32(payload)) + payload
    while data:
        data = data[os.write(file, data) :]


def read_entries(path: Path, after: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield position, time and entry of those behind the position `after`.

    Raises `BadRecording`, `OSError`.
    """
    for part, _ in _parts(path):
        if isinstance(part, Step) and part.position > after:
            yield part.position, part.at, part.entry


def read_beginning(path: Path, copy: Path) -> Begin:
    """Write the log as it was at the beginning to the new file `copy`. Raises `BadRecording`, `OSError`."""
    parts = _parts(path)
    begin, _ = next(parts, (None, 0))
    if not isinstance(begin, Begin) or begin.format != _FORMAT:
        raise BadRecording("it is no recording that this version can read")
    with copy.open("xb") as file:
        for part, _ in parts:
            if not isinstance(part, Copy):
                break
            file.write(part.data)
    return begin


def _cut_after(path: Path, now: Begin) -> None:
    """Cut off what the log does not have, and a last part that was not written whole.

    Raises `BadRecording` if it is not a recording of this log up to its last entry, `OSError`.
    """
    last, run, end = -1, b"", 0
    for part, stop in _parts(path):
        match part:
            case Begin(epoch=epoch) if epoch != now.epoch:
                raise BadRecording("it is of another log")
            case Begin(position=last, run=run):
                pass
            case Step() if part.position > now.position:
                break
            case Step():
                last, run = part.position, _origins.decode(part.entry).incarnation
        end = stop
    if last < now.position:
        raise BadRecording(f"it ends at position {last}, and the log is at {now.position}; name a new file")
    if run != now.run:  # the log had lost its end, and has got another one
        raise BadRecording("the server has run without it meanwhile; name a new file")
    os.truncate(path, end)


def _parts(path: Path) -> Iterator[tuple[Begin | Copy | Step, int]]:
    """Yield the parts of a recording, and where each ends in the file. Raises `BadRecording`, `OSError`."""
    end = 0
    with path.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, checksum = _HEAD.unpack(head)
            payload = file.read(length)
            if len(payload) < length:
                return  # the server was killed while it wrote
            end += _HEAD.size + length
            try:
                if zlib.crc32(payload) != checksum:
                    raise BadRecording(f"it is damaged before byte {end}")
                yield _decoder.decode(payload), end
            except msgspec.DecodeError as error:
                raise BadRecording(f"it is damaged before byte {end}: {error}") from error


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
