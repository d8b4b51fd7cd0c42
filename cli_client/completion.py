"""Completes what is being typed with Tab: commands, names, numbers of messages, emojis."""

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple

from chat_client.chat import Chat
from chat_client.events import Status
from chat_protocol.commands import COMMANDS
from chat_protocol.contract import MAX_PART_OF_NAME
from chat_protocol.messages import Event, Message, People
from chat_protocol.text import one_line
from cli_client.command_help import is_useful
from cli_client.ignored import Ignored
from cli_client.own_commands import OWN_COMMANDS

_LOOKED_THROUGH: Final = 200  # newest messages, for their numbers and the names of who said them
_MAX_OFFERED: Final = 50

_COMMAND: Final = re.compile(r"/\w*")
_NAME_ARGUMENT: Final = re.compile(r"/(\w+)\s+(.*)", re.DOTALL)
_CALL: Final = re.compile(r"(?:^|(?<=[\s(]))@([^@\n]*)$")
_NUMBER: Final = re.compile(r"(?:^|(?<=\s))#([0-9]*)$")
_EMOJI: Final = re.compile(r"(?:^|(?<=[\s+-])):([\w+-]{2,})$")


class _Offer(NamedTuple):
    """What can stand from `start` on in the place of what stands there."""

    start: int
    candidates: Sequence[str]


class Completion:
    """Offers the first candidate, and asked again the next one. Owned by the main thread."""

    def __init__(self, chat: Chat, ignored: Ignored, on_answer: Callable[[], None]) -> None:
        """`on_answer` is called by any thread when the room has told names; `complete_again` knows them."""
        self._chat = chat
        self._ignored = ignored
        self._on_answer = on_answer
        self._asked = ""  # the beginning of a name that the room was asked about last
        self._answer: Future[Event] | None = None
        self._typed = ""  # what was to be completed
        self._completed = ""  # what was returned last
        self._offer = _Offer(0, ())
        self._index = 0

    def complete(self, text: str, step: int = 1) -> str | None:
        """Return `text`, which stands before the cursor, completed; None if nothing begins like that.

        `step` is 1 for the next candidate, -1 for the one before.
        """
        if text and text == self._completed:
            self._index = (self._index + step) % len(self._offer.candidates)
        else:
            self._typed, self._offer = text, self._find(text)
            self._index = 0 if step > 0 else len(self._offer.candidates) - 1
        if not self._offer.candidates:
            return None
        self._completed = text[: self._offer.start] + self._offer.candidates[self._index]
        return self._completed

    def complete_again(self, text: str) -> str | None:
        """Return `text` completed now that the room has told names; None if there is nothing new for it."""
        if text == self._typed:
            return self.complete(text)
        if text != self._completed or not self._offer.candidates:
            return None
        current, self._offer = self._offer.candidates[self._index], self._find(self._typed)
        self._index = self._offer.candidates.index(current)
        return text

    @property
    def candidates(self) -> Sequence[str]:
        """What was offered last, to be shown."""
        return self._offer.candidates

    def _find(self, text: str) -> _Offer:
        status = self._chat.status()
        if _COMMAND.fullmatch(text):
            return _beginning(0, text, _commands(status))
        if found := _EMOJI.search(text):
            return _Offer(found.start(), _emojis(found[1]))
        newest = self._chat.newest(_LOOKED_THROUGH)
        if found := _NUMBER.search(text):
            return _beginning(found.start(), found[0], _numbers(newest, text))
        if found := _CALL.search(text):
            names = self._names(found[1], status, newest)
            return _beginning(found.start(), found[0], (f"@{name} " for name in names))
        found = _NAME_ARGUMENT.fullmatch(text)
        if found and found[1] == "unignore":
            return _beginning(found.start(2), found[2], self._ignored.names)
        if found and _takes_name(found[1]):
            return _beginning(found.start(2), found[2], self._names(found[2], status, newest))
        return _Offer(0, ())

    def _names(self, typed: str, status: Status, newest: Sequence[Message]) -> list[str]:
        """Return names of others, who spoke last first; in a crowd also those that the room finds."""
        spoken = [message.name for message in reversed(newest) if not (message.notice or message.mine)]
        found = self._found(typed) if status.crowd and typed else ()
        names = [*spoken, *found, *sorted(status.members, key=str.casefold)]
        return [name for name in dict.fromkeys(map(one_line, names)) if name != status.name]

    def _found(self, typed: str) -> Sequence[str]:
        """Return the names that the room has told, of those that begin as typed; ask for them at first."""
        if typed != self._asked or self._answer is None:
            self._asked = typed
            self._answer = self._chat.ask(People(typed[:MAX_PART_OF_NAME], limit=_MAX_OFFERED))
            self._answer.add_done_callback(lambda _: self._on_answer())
        if not self._answer.done() or self._answer.exception():
            return ()
        answer = self._answer.result()
        return answer.members if isinstance(answer, People) else ()


def _beginning(start: int, typed: str, candidates: Iterable[str]) -> _Offer:
    """Return an offer of those that begin as typed, without regard to case."""
    key = typed.casefold()
    return _Offer(start, [name for name in candidates if name.casefold().startswith(key)][:_MAX_OFFERED])


def _commands(status: Status) -> list[str]:
    useful = [command for command in COMMANDS.values() if is_useful(command, status)]
    arguments = [(command.name, command.argument) for command in useful]
    arguments += [(command.name, command.argument) for command in OWN_COMMANDS.values()]
    return [f"/{name}{' ' if argument else ''}" for name, argument in arguments]


def _takes_name(command: str) -> bool:
    """Return whether a name stands behind a command."""
    if command in OWN_COMMANDS:
        return "NAME" in OWN_COMMANDS[command].argument
    return command in COMMANDS and COMMANDS[command].argument.startswith("NAME")


def _numbers(newest: Sequence[Message], text: str) -> list[str]:
    """Return the numbers of messages, the newest first; for an edit those of our own."""
    is_wanted: Callable[[Message], bool] = lambda message: not (message.notice or message.deleted)  # noqa: E731
    if text.startswith("/edit"):
        is_wanted = lambda message: message.mine and not message.deleted  # noqa: E731
    return [f"#{message.id} " for message in reversed(newest) if is_wanted(message)]


def _emojis(name: str) -> list[str]:
    """Return the emojis whose names begin like that, those with the shortest names first."""
    from chat_protocol.emoji import emojis_by_name  # noqa: PLC0415 - few need it, and it reads a file

    key = name.lower()
    found = sorted((known for known in emojis_by_name() if known.startswith(key)), key=len)
    return [*dict.fromkeys(emojis_by_name()[known] for known in found)][:_MAX_OFFERED]
