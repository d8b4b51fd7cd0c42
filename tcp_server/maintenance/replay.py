"""`oneroom-server replay`: whether a recording, applied anew, ends in the same state as the log."""

import argparse
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import takewhile, zip_longest
from pathlib import Path

from chat_protocol.live import MAX_KEPT
from tcp_server.config import Config
from tcp_server.log.acts import TABLES
from tcp_server.log.acts import rows as act_rows
from tcp_server.log.bodies import read_body, stored_sizes
from tcp_server.log.integrity import examine
from tcp_server.log.log_file import copy_whole, read_only
from tcp_server.log.message_rows import Row, pages
from tcp_server.log.recording import BadRecording, read_beginning, read_entries
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.maintenance.command import Failed, command_parser, existing, run, write
from tcp_server.room.fold import Fold
from tcp_server.room.head import position_of
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
        with closing(SqliteHistory(copy)) as history:
            epoch, last, state = history.epoch, position_of(history), Fold(history).state()
        try:
            if read_beginning(recording, again).epoch != epoch:
                raise BadRecording("it is of another log")  # noqa: TRY301
            with closing(SqliteHistory(again)) as history:
                fold = Fold(history)
                count = _apply(recording, fold, last)
                again_state = fold.state()
        except (BadRecording, UnknownEntry) as error:
            raise Failed(f"cannot replay {recording}: {error}") from error
        if fold.moment.position != last:
            raise Failed(f"{recording} ends at position {fold.moment.position}, and {log} is at {last}")
        with read_only(copy) as one, read_only(again) as other:
            difference, digest = _difference(one, other), examine(other).digest
        if not difference and again_state != state:
            difference = "the messages are those of the log; the members or the bans are not"
    lines = [
        f"{count:,} entries, up to position {last}",
        f"digest {digest}",
        difference or "the same as the log",
    ]
    write(f"{line}\n" for line in lines)
    return bool(difference)


def _apply(recording: Path, fold: Fold, until: int) -> int:
    """Apply the entries up to a position; return how many there are.

    Raises `BadRecording`, `UnknownEntry`.
    """
    steps = takewhile(lambda step: step[0] <= until, read_entries(recording, fold.moment.position))
    count = 0
    for position, at, data in steps:
        count += 1
        entry = decode(data)
        if not any(isinstance(proposal, Retract) for proposal in entry.proposals):
            fold.commit()  # the entry before: it is not followed by one that takes it back
        fold.fold(position, at, entry)
    fold.commit()
    return count


def _difference(log: sqlite3.Connection, again: sqlite3.Connection) -> str:
    """Return in which message, or act on one, two logs differ; empty if they have the same ones."""
    for expected, found in zip_longest(_rows(log), _rows(again)):
        if expected != found:
            return f"different from the log, first in #{(expected or found)[0]}"
    for message in stored_sizes(log):  # it may have removed others
        if _lines(log, message) != _lines(again, message):
            return f"different from the log, first in the output of #{message}"
    return ""


def _lines(db: sqlite3.Connection, message: int) -> Sequence[object]:
    if message not in stored_sizes(db):
        return ()
    body = read_body(db, message)
    return body.end, body.lines, body.left_out, body.read(0, MAX_KEPT), body.last(MAX_KEPT)


def _rows(db: sqlite3.Connection) -> Iterator[Row]:
    yield from (row for page, _ in pages(db) for row in page)
    for table in TABLES:
        yield from act_rows(db, table)
