"""What the client writes without a terminal: on stdout for the next program, on stderr for people."""

import os
import select
import sys
from contextlib import suppress
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from chat_protocol.codec import encode
from chat_protocol.contract import HAS_JOINED, HAS_LEFT, SAYS
from chat_protocol.messages import Changed, Joined, Left, Message, Reaction
from chat_protocol.text import clean, one_line

_STDOUT: Final = 1


Shown = Message | Changed | Joined | Left
"""What the filter writes."""


def as_lines(event: Shown) -> str:
    """Return an event as in the lines dialect: a line for each line of a message; of changes only edits."""
    match event:
        case Joined(name):
            return f"{one_line(name)}{HAS_JOINED}\n"
        case Left(name):
            return f"{one_line(name)}{HAS_LEFT}\n"
        case Changed(act="edit", message=message):
            return _says(message, f"✎ #{message.id} {_as_action(message)}")
        case Changed():
            return ""
    return _says(event, _with_signs(event))


def _says(message: Message, text: str) -> str:
    name = one_line(message.name)
    return "".join(f"{name}{SAYS}{line}\n" for line in text.split("\n"))


def _with_signs(message: Message) -> str:
    """Return the cleaned text of a message behind the quote of what it answers."""
    text = _as_action(message)
    if (quote := message.reply) is None:
        return text
    excerpt = f"«{one_line(quote.excerpt)}»" if quote.excerpt else ""
    return " ".join(filter(None, (f"↪ #{quote.id}", one_line(quote.name), excerpt, text)))


def _as_action(message: Message) -> str:
    text = clean(message.text)
    return f"* {text}" if message.kind == "action" else text


def as_json(event: Shown) -> str:
    """Return an event as one line of JSON, as the room sends it."""
    match event:
        case Message():
            event = _cleaned(event)
        case Changed(by=by, message=message):
            event = replace(event, by=one_line(by), message=_cleaned(message))
        case _:
            event = replace(event, name=one_line(event.name))
    return encode(event).decode()


def _cleaned(message: Message) -> Message:
    quote = message.reply
    return replace(
        message,
        name=one_line(message.name),
        text=clean(message.text),
        reply=quote and replace(quote, name=one_line(quote.name), excerpt=one_line(quote.excerpt)),
        mentions=tuple(map(one_line, message.mentions)),
        reactions=tuple(
            replace(one, emoji=one_line(one.emoji), names=tuple(map(one_line, one.names)))
            for one in message.reactions
        ),
    )


def as_entry(message: Message) -> str:
    """Return a message with its number and its time here; further lines are indented.

    A pen stands before an edited text, reactions stand in a line below.
    """
    try:
        at = f" {datetime.fromisoformat(message.at).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):  # not from our server
        at = ""
    text = f"✎ {_with_signs(message)}" if message.edited else _with_signs(message)
    if message.reactions:
        text += "\n" + " · ".join(map(_reaction, message.reactions))
    text = text.replace("\n", "\n    ")
    return f"#{message.id}{at} {one_line(message.name)}{SAYS}{text}\n"


def _reaction(reaction: Reaction) -> str:
    names = ", ".join(map(one_line, reaction.names))
    more = " …" if reaction.count > len(reaction.names) else ""
    return f"{one_line(reaction.emoji)} {reaction.count}: {names}{more}"


def write(text: str) -> None:
    """Write all of a text to stdout, and wait for its reader. Raises `OSError`."""
    # Not sys.stdout: what it could not write it would try again at the end.
    data = text.encode("utf-8", "replace")
    while data:
        try:
            data = data[os.write(_STDOUT, data) :]
        except BlockingIOError:  # another program has made the pipe non-blocking
            select.select([], [_STDOUT], [])


def print_error(text: str) -> None:
    """Print a line to stderr, if it can be written. Any thread."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(f"oneroom: {text}", file=sys.stderr, flush=True)
