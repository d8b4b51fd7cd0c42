"""Completes what is being typed with Tab: commands, names, numbers of messages, emojis."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from chat_client.chat import Chat
from chat_client.events import Status
from chat_protocol.commands import COMMANDS
from chat_protocol.messages import Message
from chat_protocol.text import one_line
from cli_client.command_help import is_useful

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

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
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
            self._offer = self._find(text)
            self._index = 0 if step > 0 else len(self._offer.candidates) - 1
        if not self._offer.candidates:
            return None
        self._completed = text[: self._offer.start] + self._offer.candidates[self._index]
        return self._completed

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
            return _beginning(found.start(), found[0], (f"@{name} " for name in _names(status, newest)))
        found = _NAME_ARGUMENT.fullmatch(text)
        if found and found[1] in COMMANDS and COMMANDS[found[1]].argument.startswith("NAME"):
            return _beginning(found.start(2), found[2], _names(status, newest))
        return _Offer(0, ())


def _beginning(start: int, typed: str, candidates: Iterable[str]) -> _Offer:
    """Return an offer of those that begin as typed, without regard to case."""
    key = typed.casefold()
    return _Offer(start, [name for name in candidates if name.casefold().startswith(key)][:_MAX_OFFERED])


def _commands(status: Status) -> list[str]:
    useful = [command for command in COMMANDS.values() if is_useful(command, status)]
    return [f"/{command.name}{' ' if command.argument else ''}" for command in useful] + ["/forget"]


def _names(status: Status, newest: Sequence[Message]) -> list[str]:
    """Return names of others, who spoke last first."""
    spoken = [message.name for message in reversed(newest) if not (message.notice or message.mine)]
    names = dict.fromkeys(map(one_line, [*spoken, *sorted(status.members, key=str.casefold)]))
    return [name for name in names if name != status.name]


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
