"""Brings the log of a server to where it can go on in the stream, before it is opened."""

import sqlite3
import time
from pathlib import Path
from typing import Final

from chat_protocol.log_event import INFO, WARNING, log_event, log_often
from tcp_server.cluster.stream import Away, Gap, Stream
from tcp_server.cluster.tail import FIRST_POSITION
from tcp_server.log.checkpoint import BadCheckpoint, install, make, to_settle
from tcp_server.log.entry_tail import entries_in
from tcp_server.log.log_file import BadHistory, locked, read_only, unusable
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.log.stored_position import stored_position
from tcp_server.room.proposals import FORMAT, Entry, encode

_PATIENCE: Final = 30.0
"""Seconds in which a server without entries waits for one that has them, where the stream was deleted."""

_PAUSE: Final = 1.0
"""Seconds to wait for Redis before it is asked again."""


def begin(stream: Stream, path: Path) -> None:
    """Found the room with this log if there is none, or begin at the checkpoint if the log cannot go on.

    Call it before the log is opened; waits for Redis. Raises `BadHistory`, `Unfit`.
    """
    with locked(path.resolve()):  # an error in the file is reported even while Redis is away
        pass
    patient_until = time.monotonic() + _PATIENCE
    while True:
        try:
            stream.start()
            _begin(stream, path, is_patient=time.monotonic() < patient_until)
        except Away as error:
            log_often(WARNING, "waits for redis", reason="start", error=str(error))
            time.sleep(_PAUSE)
        else:
            return


def _begin(stream: Stream, path: Path, *, is_patient: bool) -> None:
    try:
        checkpoint = stream.load_checkpoint() or _found(stream, path)
        if checkpoint is not None and not _goes_on(stream, path, checkpoint):
            position = install(path, checkpoint[1])
            log_event(INFO, "checkpoint installed", position=position)
        if checkpoint is not None and checkpoint[0] and not stream.newest():
            _make_stream(stream, path, is_patient=is_patient)
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    except (BadCheckpoint, OSError) as error:
        raise BadHistory(f"{path} cannot go on in the cluster: {error}") from error


def _make_stream(stream: Stream, path: Path, *, is_patient: bool) -> None:
    """Make the stream anew that was deleted, behind all that this server has. Raises `Away`.

    Another server may have more: at first it is waited for.
    """
    with read_only(path) as db:
        position = stored_position(db)
        entries = entries_in(db, 0)
    if not entries and is_patient:
        raise Away("the stream was deleted, and this server has none of its entries")
    if not entries:
        log_event(WARNING, "stream made anew", position=position)
        entries = [(position + 1, encode(Entry(FORMAT, bytes(8), 0, [])))]  # no run has it: it has no effect
    stream.refill(entries)


def _found(stream: Stream, path: Path) -> tuple[int, bytes] | None:
    """Found the room; return the checkpoint of who has founded it first, if somebody else has."""
    history = SqliteHistory(path)  # creates the file
    try:
        if history.last == 0 and stream.newest():  # the room is there, its checkpoint was lost
            raise Away("there is no checkpoint")
        history.settle(to_settle(history.path))
        history.commit()
    finally:
        history.close()
    _, data = make(path)
    if stream.found(data):
        log_event(INFO, "room founded")
        return None
    return stream.load_checkpoint()


def _goes_on(stream: Stream, path: Path, checkpoint: tuple[int, bytes]) -> bool:
    """Return whether the log has the effect of entries that are all in the stream, or may be added again.

    Raises `BadHistory` if it is the log of another room.
    """
    if not path.exists() or not path.stat().st_size:
        return False
    with read_only(path) as db:
        position = stored_position(db)
        (has_messages,) = db.execute("SELECT EXISTS (SELECT 1 FROM messages)").fetchone()
    if position < FIRST_POSITION:
        founded = checkpoint[0] == 0 and make(path)[1] == checkpoint[1]
        if has_messages and not founded:
            raise BadHistory(
                f"{path} is the log of a room of its own, and the cluster has another one: "
                "move the file away, or name another one with --history"
            )
        return founded
    try:
        stream.read(position, 0.0)
    except Gap:
        return stream.newest() < position
    return True
