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
from chat_protocol.messages import Joined, Left, Message
from chat_protocol.text import clean, one_line

_STDOUT: Final = 1


def as_lines(event: Message | Joined | Left) -> str:
    """Return an event as in the lines dialect: a line for each line of a message."""
    name = one_line(event.name)
    match event:
        case Joined():
            return f"{name}{HAS_JOINED}\n"
        case Left():
            return f"{name}{HAS_LEFT}\n"
    return "".join(f"{name}{SAYS}{line}\n" for line in clean(event.text).split("\n"))


def as_json(event: Message | Joined | Left) -> str:
    """Return an event as one line of JSON, as the room sends it."""
    event = replace(event, name=one_line(event.name))
    if isinstance(event, Message):
        event = replace(event, text=clean(event.text))
    return encode(event).decode()


def as_entry(message: Message) -> str:
    """Return a message with its number and its time here; further lines are indented."""
    try:
        at = f" {datetime.fromisoformat(message.at).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):  # not from our server
        at = ""
    text = clean(message.text).replace("\n", "\n    ")
    return f"#{message.id}{at} {one_line(message.name)}{SAYS}{text}\n"


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
