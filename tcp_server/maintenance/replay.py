"""`oneroom-server replay`: whether a recording, applied anew, ends in the same state as the log."""

import argparse
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from itertools import takewhile, zip_longest
from pathlib import Path

from tcp_server.config import Config
from tcp_server.log.integrity import examine, state_digest
from tcp_server.log.log_file import copy_whole, read_only
from tcp_server.log.message_rows import Row, pages
from tcp_server.log.recording import BadRecording, read_beginning, read_entries
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.maintenance.command import Failed, command_parser, existing, run, write
from tcp_server.room.fold import Fold, position_of
from tcp_server.room.proposals import Retract, UnknownEntry, decode


def replay(arguments: Sequence[str]) -> int:
    """Apply a recording anew and compare the result with the log. Returns the exit status."""
    parser = command_parser(
        "replay",
        "Apply a recording anew, and say whether that ends in the same messages and members as the log.",
    )
    parser.add_argument("recording", metavar="RECORDING", type=Path, help="a file that --record has made")
    options = parser.parse_args(arguments)
    return run(options, lambda config: _replay(config, options))


def _replay(config: Config, options: argparse.Namespace) -> bool:
    """Return whether they differ."""
    log, recording = existing(Path(config.history)), existing(options.recording)
    with tempfile.TemporaryDirectory() as folder:
        copy, again = Path(folder) / "copy", Path(folder) / "again"
        with read_only(log) as db:
            copy_whole(db, copy)  # a server may run
        with read_only(copy) as db:
            epoch, head = db.execute("SELECT epoch, head FROM log").fetchone()
        try:
            if read_beginning(recording, again).epoch != epoch:
                raise BadRecording("it is of another log")  # noqa: TRY301
            count, position = _apply(recording, again, position_of(head))
        except (BadRecording, UnknownEntry) as error:
            raise Failed(f"cannot replay {recording}: {error}") from error
        if position != position_of(head):
            raise Failed(f"{recording} ends at position {position}, and {log} is at {position_of(head)}")
        with read_only(copy) as one, read_only(again) as other:
            difference, digest = _difference(one, other), examine(other).digest
    lines = [
        f"{count:,} entries, up to position {position}",
        f"digest {digest}",
        difference or "the same as the log",
    ]
    write(f"{line}\n" for line in lines)
    return bool(difference)


def _apply(recording: Path, again: Path, until: int) -> tuple[int, int]:
    """Apply the entries up to a position to a log; return how many there are, and the last position.

    Raises `BadRecording`, `UnknownEntry`, `BadHistory`.
    """
    history = SqliteHistory(again)
    fold = Fold(history)
    steps = takewhile(lambda step: step[0] <= until, read_entries(recording, fold.position))
    count = 0
    for position, at, data in steps:
        count += 1
        entry = decode(data)
        if not any(isinstance(proposal, Retract) for proposal in entry.proposals):
            fold.commit()  # the entry before: it is not followed by one that takes it back
        fold.fold(position, at, entry)
    fold.commit()
    history.close()
    return count, fold.position


def _difference(log: sqlite3.Connection, again: sqlite3.Connection) -> str:
    """Return in what two logs differ, empty if they have the same messages, members, bans and position."""
    for expected, found in zip_longest(_rows(log), _rows(again)):
        if expected != found:
            return f"different from the log, first in #{(expected or found)[0]}"
    if state_digest(log) != state_digest(again):
        return "the messages are those of the log; the members, the bans or the position are not"
    return ""


def _rows(db: sqlite3.Connection) -> Iterator[Row]:
    return (row for page, _ in pages(db) for row in page)
