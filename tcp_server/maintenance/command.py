"""What the commands that look after the log have in common."""

import argparse
import errno
import shlex
import sqlite3
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from chat_protocol.settings import BadConfig
from chat_protocol.standard_streams import ArgumentParser
from tcp_server.config import Config, load
from tcp_server.log.log_file import BadHistory
from tcp_server.log.sqlite_errors import describe


class Failed(Exception):
    """A command cannot do its work; the text says why."""


def command_parser(name: str, description: str) -> argparse.ArgumentParser:
    """Return the parser of a command's line, which can name another log than the server's."""
    parser = ArgumentParser(prog=f"oneroom-server {name}", description=description)
    parser.add_argument("--history", metavar="FILE", help="the log (default: the one of the server)")
    return parser


def run(options: argparse.Namespace, work: Callable[[Config], object], *, on_disk: bool = True) -> int:
    """Call `work` with the server's settings, for the log that was named; say what prevents it.

    `on_disk`: there must be a file of messages.
    Returns the exit status: 1 if something is wrong, or if `work` returns what is true; 2 for wrong settings.
    """
    try:
        config = _settings(options.history, on_disk=on_disk)
        try:
            return int(bool(work(config)))
        except sqlite3.Error as error:
            is_damaged = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CORRUPT
            advice = f"; {recovery(config.history)}" if is_damaged else ""
            why = describe(error, Path(config.history))
            raise Failed(f"cannot read {config.history}: {why}{advice}") from error
    except (BadConfig, BadHistory, Failed) as error:
        text = str(error)
        status = 2 if isinstance(error, BadConfig) else 1
    except OSError as error:
        text, status = f"{error.filename}: {error.strerror}", 1
    print(f"oneroom-server: {text}", file=sys.stderr)
    return status


def _settings(history: str | None, *, on_disk: bool) -> Config:
    """Raises `BadConfig`, `Failed`."""
    config = load(["--history", history]).replace(audit="") if history else load([])
    if on_disk and config.history in ("memory", "off"):
        raise Failed(f"history is {config.history}, there are no messages on disk: give --history FILE")
    return config


def existing(path: Path) -> Path:
    """Return the path. Raises `Failed` if there is no file."""
    if not path.is_file():
        raise Failed(f"cannot read {path}: there is no such file")
    return path


def recovery(history: str) -> str:
    """Return what to do with a damaged log."""
    return (
        "`oneroom-server restore BACKUP` goes back to a copy; "
        f"`oneroom-server restore --salvage {shlex.quote(history)}` keeps what can be read"
    )


def not_here(missing: range) -> str:
    """Return what to say of messages that a server of a cluster has not fetched yet."""
    return f"#{missing.start} to #{missing.stop - 1} are not here yet: other servers of the cluster have them"


def write(parts: Iterable[str]) -> None:
    """Write text to standard output, in UTF-8. Raises `Failed`; a closed pipe is no error."""
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")  # noqa: TRY301
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        for part in parts:
            sys.stdout.write(part)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        sys.stdout = None  # or the flush at the end of the program would fail too
    except OSError as error:
        sys.stdout = None
        raise Failed(f"cannot write to standard output: {error.strerror}") from error
