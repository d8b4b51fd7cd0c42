"""`oneroom-server check` and `compact`: whether the log is whole, and how large its file has to be."""

from collections.abc import Sequence
from pathlib import Path

from tcp_server.config import Config
from tcp_server.log.integrity import examine
from tcp_server.log.log_file import LogFile, read_only
from tcp_server.log.missing import missing_ids
from tcp_server.maintenance.command import command_parser, existing, not_here, recovery, run, write


def check(arguments: Sequence[str]) -> int:
    """Say whether the log is whole, and its digest; a server may run. Returns the exit status."""
    parser = command_parser("check", "Read all messages and say whether they are whole; a server may run.")
    return run(parser.parse_args(arguments), _check)


def compact(arguments: Sequence[str]) -> int:
    """Make the file as small as it can be; no server may run. Returns the exit status."""
    parser = command_parser("compact", "Make the file as small as it can be. Stop the server first.")
    return run(parser.parse_args(arguments), _compact)


def _check(config: Config) -> bool:
    """Return whether anything is wrong."""
    path = existing(Path(config.history))
    with read_only(path) as db:
        report = examine(db)
        missing = missing_ids(db)
    count = report.messages
    lines = [
        f"{path}: schema {report.version}, epoch {report.epoch or 'unreadable'}",
        f"{count:,} messages, #{report.first} to #{report.last}" if count else "no messages",
        *[f"{report.bodies:,} outputs of commands, {report.body_bytes / 1e6:,.1f} MB"] * bool(report.bodies),
        *[not_here(missing)] * bool(missing),
        f"digest {report.digest}",
        *report.faults,
        f"damaged: {recovery(config.history)}" if report.faults else "whole",
    ]
    write(f"{line}\n" for line in lines)
    return bool(report.faults)


def _compact(config: Config) -> None:
    path = existing(Path(config.history))
    before = path.stat().st_size
    file = LogFile(path)
    try:
        file.db.execute("VACUUM")
        file.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        file.close()
    write([f"{path}: {path.stat().st_size / 1e6:,.1f} MB, before {before / 1e6:,.1f} MB\n"])
