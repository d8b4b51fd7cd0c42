"""`oneroom-server backup` and `restore`: copies of the log and of the moderators' record."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from tcp_server.config import Config
from tcp_server.log.backup_mark import note_backup
from tcp_server.log.folders import sync_names
from tcp_server.log.log_file import copy_whole, ends, read_only, sync
from tcp_server.log.message_ids import count as count_messages
from tcp_server.log.restoring import restore as restore_log
from tcp_server.maintenance.command import Failed, command_parser, existing, run, write
from tcp_server.room.moderation.audit_log import audit_beside, audit_path


def backup(arguments: Sequence[str]) -> int:
    """Copy the log, as it is at one moment; a server may run. Returns the exit status."""
    parser = command_parser("backup", "Copy the messages, and the moderators' record; a server may run.")
    parser.add_argument("copy", metavar="DEST", type=Path, help="the new file; the record goes beside it")
    parser.add_argument("--replace", action="store_true", help="replace DEST if it exists")
    options = parser.parse_args(arguments)
    return run(options, lambda config: _backup(config, options))


def restore(arguments: Sequence[str]) -> int:
    """Put a copy in the place of the log; no server may run. Returns the exit status."""
    parser = command_parser("restore", "Put a copy in the place of the messages. Stop the server first.")
    parser.add_argument("copy", metavar="SRC", type=Path, help="a file from backup, or any other log")
    parser.add_argument(
        "--salvage",
        action="store_true",
        help="take what can be read of a damaged SRC; it may be the log itself",
    )
    options = parser.parse_args(arguments)
    return run(options, lambda config: _restore(config, options))


def _backup(config: Config, options: argparse.Namespace) -> None:
    history, copy = existing(Path(config.history)), options.copy
    if copy.exists():
        if copy.samefile(history):
            raise Failed(f"{copy} is the log itself")
        if not copy.is_file():
            raise Failed(f"{copy} is no regular file: give another name")
    for file in (copy, audit_beside(copy)):
        if file.exists() and not options.replace:
            raise Failed(f"{file} exists already: give another name, or --replace")
    with read_only(history) as db:
        copy_whole(db, copy)
    _copy_file(audit_path(config), audit_beside(copy))
    note_backup(history)
    write([f"{copy}: {_described(copy)}\n"])


def _restore(config: Config, options: argparse.Namespace) -> None:
    copy = existing(options.copy).resolve()  # the record is beside the file, not beside a link to it
    history, audit = Path(config.history), audit_path(config)
    old = restore_log(copy, history, salvage=options.salvage)
    if audit and audit_beside(copy).exists() and not options.salvage:
        if old and audit.exists():
            audit.rename(audit_beside(old))
        _copy_file(audit_beside(copy), audit)
    write([f"{history}: {_described(history)}\n", *[f"what was there before is in {old}\n"] * bool(old)])


def _copy_file(source: Path | None, copy: Path) -> None:
    """Copy a file, if it exists; the copy is complete or is not there. Raises `OSError`."""
    if source is None or not source.exists():
        return
    unfinished = copy.with_name(copy.name + ".unfinished")
    unfinished.touch(0o600)
    shutil.copyfile(source, unfinished)
    sync(unfinished)
    unfinished.replace(copy)
    sync_names(copy.parent)


def _described(path: Path) -> str:
    with read_only(path) as db:
        first, last = ends(db)
        count = count_messages(db, range(first, last + 1))
    size = f"{path.stat().st_size / 1e6:,.1f} MB"
    return f"{count:,} messages, #{first} to #{last}, {size}" if count else f"no messages, {size}"
