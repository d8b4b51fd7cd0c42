"""`oneroom-server export`: prints the whole log. Works beside a running server."""

import errno
import html
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from chat_protocol.codec import encode
from chat_protocol.messages import Message
from chat_protocol.standard_streams import ArgumentParser
from tcp_server.config import DEFAULT_HISTORY
from tcp_server.dialects.phrases import local_time, name_and_text
from tcp_server.log.sqlite_history import COLUMNS, as_message
from tcp_server.texts.russian import RUSSIAN

_HTML_HEAD = """<!DOCTYPE html>
<html lang="ru">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Oneroom</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem; }
  p { margin: .25rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
  time, a { color: #767676; font-size: .8em; text-decoration: none; }
</style>
"""


_PAGE = 1000
"""Messages read in one transaction. While one is open, deleted text stays in SQLite's write-ahead log."""


def export(arguments: Sequence[str]) -> int:
    """Write the whole log to standard output. Returns the exit status."""
    parser = ArgumentParser(prog="oneroom-server export", description="Write what was said to stdout.")
    parser.add_argument("--format", choices=_FORMATS, default="text", help="default: text")
    parser.add_argument("--history", metavar="FILE", default=DEFAULT_HISTORY, help="default: %(default)s")
    options = parser.parse_args(arguments)
    if not options.history:
        parser.error("this user has no home directory with a history: give --history FILE")
    why = ""
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")  # noqa: TRY301
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        for part in _FORMATS[options.format](_read(Path(options.history).expanduser())):
            sys.stdout.write(part)
        sys.stdout.flush()
    except sqlite3.Error as error:
        why = f"cannot read {options.history}: {error}"
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        sys.stdout = None  # or the flush at the end of the program would fail too
    except OSError as error:
        why = f"cannot write to standard output: {error.strerror}"
        sys.stdout = None
    if why:
        print(f"oneroom-server: {why}", file=sys.stderr)
    return int(bool(why))


def _read(path: Path) -> Iterator[Message]:
    """Yield all messages, in transactions that end before any of them is written out."""
    log = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        (version,) = log.execute("PRAGMA user_version").fetchone()
        columns = COLUMNS if version > 1 else "id, at, name, text, NULL, 0"  # not migrated yet
        page = f"SELECT {columns} FROM messages WHERE id > ? ORDER BY id LIMIT {_PAGE}"  # noqa: S608
        last = 0
        while rows := log.execute(page, (last,)).fetchall():
            yield from map(as_message, rows)
            last = rows[-1][0]
    finally:
        log.close()


def _as_jsonl(messages: Iterable[Message]) -> Iterator[str]:
    for message in messages:
        yield encode(message).decode()


def _as_text(messages: Iterable[Message]) -> Iterator[str]:
    for message in messages:
        name, text = name_and_text(message, RUSSIAN)
        text = text.replace("\n", "\n    ")
        yield f"#{message.id} {local_time(message.at):%Y-%m-%d %H:%M} {name}: {text}\n"


def _as_html(messages: Iterable[Message]) -> Iterator[str]:
    yield _HTML_HEAD
    for message in messages:
        name, text, at = map(html.escape, (*name_and_text(message, RUSSIAN), message.at))
        shown = f"{local_time(message.at):%Y-%m-%d %H:%M}"
        yield (
            f'<p id="{message.id}"><a href="#{message.id}">#{message.id}</a> '
            f'<time datetime="{at}">{shown}</time> <b>{name}</b>: {text}</p>\n'
        )


_FORMATS: dict[str, Callable[[Iterable[Message]], Iterator[str]]] = {
    "text": _as_text,
    "jsonl": _as_jsonl,
    "html": _as_html,
}
