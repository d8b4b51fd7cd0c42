"""The commands that do one thing and end: `oneroom say`, `history`, `search`, `who` and `get`."""

import logging
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from typing import Final

import msgspec

from chat_client.client import Client
from chat_client.errors import ConversationEnded, Refused
from chat_protocol.messages import Message
from chat_protocol.text import clean, is_blank, one_line, split
from cli_client.get import BodyReader
from cli_client.live_text import for_terminal, has_colours
from cli_client.output import as_entry, as_json, print_error, write
from cli_client.translations import Translations

_TIMEOUT: Final = 10.0  # seconds
_PAGE: Final = 500  # messages that a room gives at once
_NOTHING_FOUND: Final = 3


class OneShot:
    """One command. `run` returns the exit code, as in its `--help`."""

    def __init__(self, command: str, options: Namespace, texts: Translations) -> None:
        self._options = options
        self._texts = texts
        self._deadline = time.monotonic() + (options.timeout or _TIMEOUT)
        self._do: Callable[[Client], int] = getattr(self, command)

    def run(self, client: Client) -> int:
        """Run the command with a client that has begun to join."""
        logging.getLogger("chat_client").addHandler(logging.NullHandler())  # it is said below
        try:
            with client:
                return self._run(client)
        except Refused as error:
            print_error(self._texts.error(error.code, error.detail, error.seconds))
        except ConversationEnded as error:
            return self._ended(error, client)
        except BrokenPipeError:  # the reader has what it wanted (`| head`)
            return 0
        except OSError as error:
            self._say("pipe_unwritable", reason=error.strerror)
        except KeyboardInterrupt:
            pass
        return 1

    def _run(self, client: Client) -> int:
        try:
            client.wait_until_joined(self._seconds_left())
            return self._do(client)
        except TimeoutError:
            print_error(self._texts.lost(client.status().reason or "timeout", client.address))
            return 1

    def say(self, client: Client) -> int:
        """Say the text, which may come from stdin."""
        try:
            text = clean(" ".join(self._options.text) or _stdin())
        except UnicodeDecodeError as error:
            self._say("pipe_undecodable", number=error.object[: error.start].count(b"\n") + 1)
            return 1
        if is_blank(text):
            self._say("error_blank")
            return 1
        reply = self._options.reply
        for piece in split(text, client.max_text):
            if reply is None:
                said = client.say(piece, self._seconds_left())
            else:  # the rest follows it
                said, reply = client.reply(reply, piece, self._seconds_left()), None
            if self._options.json:
                write(as_json(said))
        return 0

    def history(self, client: Client) -> int:
        """Print the newest messages."""
        messages: list[Message] = []
        before = self._options.before
        while (wanted := self._options.limit - len(messages)) > 0:
            page = client.history(min(wanted, _PAGE), before, self._seconds_left())
            if not page:
                break
            messages[:0], before = page, page[0].id
        self._print(messages)
        return 0

    def search(self, client: Client) -> int:
        """Print what is found."""
        options = self._options
        found = client.search(" ".join(options.words), options.limit, timeout=self._seconds_left())
        self._print(found)
        return 0 if found else _NOTHING_FOUND

    def who(self, client: Client) -> int:
        """Print who is in the room."""
        members, count = client.members, client.count
        for name in map(one_line, members):
            write(_line_of_json({"name": name}) if self._options.json else f"{name}\n")
        if count > len(members):
            if self._options.json:
                write(_line_of_json({"count": count}))
            else:
                self._say("who_count", count=count, shown=len(members))
        return 0

    def get(self, client: Client) -> int:
        """Print the output in a live message."""
        reader = BodyReader(client, self._options.number, self._seconds_left)
        message = reader.find()
        if message is None or message.live is None:
            self._say("no_live_message", number=self._options.number)
            return _NOTHING_FOUND
        if message.live.gone:
            self._say("body_gone", number=self._options.number)
            return _NOTHING_FOUND
        colours = has_colours(self._options.color)
        is_followed = self._options.follow and message.live.state == "open"
        for text in reader.follow() if is_followed else reader.read():
            write(for_terminal(text, colours=colours))
        return 0

    def _print(self, messages: list[Message]) -> None:
        form = as_json if self._options.json else as_entry
        write("".join(form(message) for message in messages if not message.deleted))

    def _ended(self, error: ConversationEnded, client: Client) -> int:
        if error.reason.startswith("password_"):
            self._say(f"pipe_{error.reason}")
            return 2
        if f"error_{error.reason}" in self._texts:
            print_error(self._texts.error(error.reason, ""))
            return 2
        print_error(self._texts.ended(error.reason, error.seconds, client.address))
        return 1

    def _say(self, key: str, **values: object) -> None:
        print_error(self._texts(key, **values))

    def _seconds_left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())


def _line_of_json(value: dict[str, object]) -> str:
    return msgspec.json.encode(value).decode() + "\n"


def _stdin() -> str:
    """Return all of stdin. Raises `UnicodeDecodeError`."""
    return "" if sys.stdin is None else sys.stdin.buffer.read().decode("utf-8-sig").strip("\n")
