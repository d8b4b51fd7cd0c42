"""`oneroom-server export`: prints the whole log. Works beside a running server."""

import html
import sqlite3
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from chat_protocol.codec import encode
from chat_protocol.live import MAX_KEPT
from chat_protocol.messages import Body, Message, Reaction
from chat_protocol.sgr import without_colours
from tcp_server.dialects.phrases import local_time, name_and_text
from tcp_server.log.bodies import read_body, stored_sizes
from tcp_server.log.log_file import read_only
from tcp_server.log.message_rows import as_message, pages
from tcp_server.log.missing import missing_ids
from tcp_server.maintenance.command import command_parser, existing, not_here, run, write
from tcp_server.texts.russian import RUSSIAN

_OutputOf = Callable[[Message], Sequence[Body]]
_Form = Callable[[Iterable[Message], _OutputOf], Iterator[str]]

_HTML_HEAD = """<!DOCTYPE html>
<html lang="ru">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Oneroom</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem; }
  p, pre { margin: .25rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
  time, a { color: #767676; font-size: .8em; text-decoration: none; }
</style>
"""


def export(arguments: Sequence[str]) -> int:
    """Write the whole log to standard output. Returns the exit status."""
    parser = command_parser("export", "Write what was said to standard output.")
    parser.add_argument("--format", choices=_FORMATS, default="text", help="default: text")
    options = parser.parse_args(arguments)
    return run(options, lambda config: _write(Path(config.history), _FORMATS[options.format]))


def _write(path: Path, form: _Form) -> None:
    """Raises `sqlite3.Error`, `Failed`."""
    with read_only(existing(path)) as log:
        if missing := missing_ids(log):
            print(f"oneroom-server: {not_here(missing)}", file=sys.stderr)
        messages = (as_message(row[:-4]) for rows, _ in pages(log) for row in rows)
        write(form(messages, partial(_output, log, stored_sizes(log))))


def _output(log: sqlite3.Connection, bodies: Container[int], message: Message) -> Sequence[Body]:
    """Return the final lines of a live message that are kept: none, one part, or two."""
    if message.id not in bodies:
        return ()
    body = read_body(log, message.id)
    parts = []
    for offset in (0, *(body.left_out or ())[1:]):
        start, data = body.read(offset, MAX_KEPT)
        parts.append(
            Body(id=message.id, start=start, text=data.decode(), end=body.end, left_out=body.left_out)
        )
    return parts


def _as_jsonl(messages: Iterable[Message], output: _OutputOf) -> Iterator[str]:
    for message in messages:
        yield encode(message).decode()
        yield from (encode(part).decode() for part in output(message))


def _as_text(messages: Iterable[Message], output: _OutputOf) -> Iterator[str]:
    for message in messages:
        name, text = _name_and_text(message)
        text = text.replace("\n", "\n    ")
        yield f"#{message.id} {local_time(message.at):%Y-%m-%d %H:%M} {name}: {text}\n"
        yield from (f"    {line}\n" for line in _plain(output(message)))


def _as_html(messages: Iterable[Message], output: _OutputOf) -> Iterator[str]:
    yield _HTML_HEAD
    for message in messages:
        name, text, at = map(html.escape, (*_name_and_text(message), message.at))
        shown = f"{local_time(message.at):%Y-%m-%d %H:%M}"
        yield (
            f'<p id="{message.id}"><a href="#{message.id}">#{message.id}</a> '
            f'<time datetime="{at}">{shown}</time> <b>{name}</b>: {text}</p>\n'
        )
        if lines := "\n".join(_plain(output(message))):
            yield f"<pre>{html.escape(lines)}</pre>\n"


def _plain(output: Sequence[Body]) -> list[str]:
    """Return lines without colours, and `[…]` where some are left out."""
    return "[…]\n".join([without_colours(part.text) for part in output]).splitlines()


def _name_and_text(message: Message) -> tuple[str, str]:
    """Return the sender and the text of a message as they are shown, with what acts have made of it."""
    name, text = name_and_text(message, RUSSIAN)
    after = [f"(изменено {local_time(message.edited):%Y-%m-%d %H:%M})"] if message.edited else []
    after += [f"[{one.emoji} {one.count}: {_names(one)}]" for one in message.reactions]
    return name, " ".join([text, *after])


def _names(reaction: Reaction) -> str:
    return ", ".join([*reaction.names, *["…"] * (reaction.count > len(reaction.names))])


_FORMATS: dict[str, _Form] = {
    "text": _as_text,
    "jsonl": _as_jsonl,
    "html": _as_html,
}
