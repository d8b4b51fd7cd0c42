"""What stands behind the names of slash commands, parsed, and what those become. Pure.

Commands that go to the server as they are have their classes in `messages`.
"""

import re
from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from chat_protocol.contract import MAX_EMOJI, MAX_QUERY, MAX_SANCTION_SECONDS
from chat_protocol.messages import (
    Act,
    Authenticate,
    Away,
    Bans,
    Delete,
    Edit,
    HistoryRequest,
    Leave,
    Link,
    Moderate,
    React,
    Say,
    Search,
    Whois,
)

Language = Literal["ru", "en"]
"""A language in which the server can write its own lines."""

PAGE_SIZE: Final = 20
"""Messages that `/history` without a number and `/search` ask for."""


class Who(Struct, frozen=True):
    """`/who`: list the members, or those whose names begin with `prefix`."""

    prefix: str = ""


class Help(Struct, frozen=True):
    """`/help`: explain the commands."""


class UseCode(Struct, frozen=True):
    """`/code`, in lines before the name: come in with a one-time code."""

    code: str


class Show(Struct, frozen=True):
    """`/show`: show the message with this number."""

    id: int


class ShowTopic(Struct, frozen=True):
    """`/topic` without a text: show the topic."""


class OnLast(Struct, frozen=True):
    """`/reply`, `/edit`, `/react` or `/unreact` without a number: an act on the last message.

    That is the last one of oneself for an edit, else the last one of somebody else. Who knows it, the room
    for lines and each other client for itself, does `on` its number.
    """

    act: Say | Edit | React
    """With no number, or 0."""

    @property
    def is_own(self) -> bool:
        """Whether the last message of oneself is meant."""
        return isinstance(self.act, Edit)

    def on(self, id_: int) -> Say | Edit | React:
        """Return the act on this message."""
        return replace(self.act, reply=id_) if isinstance(self.act, Say) else replace(self.act, id=id_)


class ChangeOutput(Struct, frozen=True):
    """`/encoding` and `/lang`, in lines: what is empty does not change."""

    charset: str = ""
    """The encoding of the client's terminal, a codec of Python."""
    language: Language | Literal[""] = ""
    """The language of the server's own lines."""
    doubles_iac: bool = False
    """Whether the client speaks Telnet, which doubles 0xFF in text."""


ActCommand = Say | Edit | Delete | React | OnLast
"""An act on a message, or `/me`."""

ParsedCommand = (
    Who
    | Help
    | Show
    | ShowTopic
    | HistoryRequest
    | Search
    | Link
    | Away
    | Leave
    | Authenticate
    | Moderate
    | Whois
    | Bans
    | ActCommand
)
LinesCommand = ParsedCommand | ChangeOutput | UseCode


class UsageError(ValueError):
    """A line that is not a correct command.

    `text` is the time with `bad_time`, the command's name with `misuse`, else the word as typed.
    Only the lines dialect has `bad_number`.
    """

    def __init__(
        self, code: Literal["unknown_command", "misuse", "bad_time", "bad_number"], text: str
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


# A reason follows a colon and white space. Names have no colon; of an IPv6 address only a final "::" may
# be followed by white space.
_REASON = re.compile(r"(?<!:):(?:\s+|$)")
UNITS: Final = {"s": 1, "с": 1, "m": 60, "м": 60, "h": 3600, "ч": 3600, "d": 86400, "д": 86400}
"""Seconds of the units of time."""

_TIME = re.compile(f"([0-9]{{1,9}})([{''.join(UNITS)}])")
_LIKE_A_TIME = re.compile(r"[0-9][\w.,]*[^\W\d][\w.,]*")
_NUMBER = re.compile(r"#?([0-9]{1,15})")


def parse_moderate(act: Act, argument: str) -> Moderate | None:
    """Parse TARGET [time][: reason]. Raises `UsageError`."""
    target, reason = _split_reason(argument)
    seconds = None
    name, _, last = target.rpartition(" ")
    if act in ("ban", "mute") and name and _LIKE_A_TIME.fullmatch(last):
        target, seconds = name.rstrip(), _seconds(last)
        if seconds is None:
            raise UsageError("bad_time", last)
    return Moderate(act, target, seconds=seconds, text=reason) if target else None


def _seconds(time: str) -> int | None:
    found = _TIME.fullmatch(time.lower())
    seconds = int(found[1]) * UNITS[found[2]] if found else 0
    return seconds if 1 <= seconds <= MAX_SANCTION_SECONDS else None


def parse_delete(argument: str) -> Delete | Moderate | None:
    """Parse #id[: reason]; only moderators give a reason."""
    number, reason = _split_reason(argument)
    id_ = _number(number)
    if not id_:
        return None
    return Moderate("delete", id=id_, text=reason) if reason else Delete(id=id_)


_NUMBER_AND_TEXT = re.compile(r"(?:#([0-9]{1,15})(?:\s+|$))?(.*)", re.DOTALL)


def parse_act_on_message(argument: str, act: Callable[[str], Say | Edit]) -> Say | Edit | OnLast | None:
    """Parse [#id] text."""
    found = _NUMBER_AND_TEXT.fullmatch(argument)
    assert found is not None  # it matches everything
    number, text = found.groups()
    if not text or (number and not int(number)):
        return None
    parsed = act(text)
    if not number:
        return OnLast(parsed)
    id_ = int(number)
    return replace(parsed, reply=id_) if isinstance(parsed, Say) else replace(parsed, id=id_)


def parse_react(argument: str, *, on: bool) -> React | OnLast | None:
    """Parse [#id] emoji; whether that is an emoji is for the server to say."""
    match argument.split():
        case [emoji] if _number(emoji) is None:
            return OnLast(React(id=0, emoji=emoji[:MAX_EMOJI], on=on))
        case [number, emoji] if id_ := _number(number):
            return React(id=id_, emoji=emoji[:MAX_EMOJI], on=on)
    return None


def _split_reason(argument: str) -> tuple[str, str]:
    target, *reason = _REASON.split(argument, maxsplit=1)
    return target.strip(), "".join(reason).strip()


def _number(text: str) -> int | None:
    found = _NUMBER.fullmatch(text)
    return int(found[1]) if found else None


def parse_history(argument: str) -> HistoryRequest | None:
    """Parse [n]."""
    limit = _number(argument) if argument else PAGE_SIZE
    return None if limit is None else HistoryRequest(limit=limit)


def parse_topic(argument: str) -> Moderate | ShowTopic:
    """Parse [text]; `-` clears the topic."""
    return Moderate("topic", text="" if argument == "-" else argument) if argument else ShowTopic()


def parse_back(argument: str) -> Away | None:
    """Parse nothing."""
    return None if argument else Away(on=False)


def parse_show(argument: str) -> Show | None:
    """Parse #id."""
    id_ = _number(argument)
    return Show(id_) if id_ else None


def parse_search(words: str) -> Search:
    """Parse words, of which there must be one."""
    return Search(" ".join(words.split())[:MAX_QUERY])


def parse_encoding(name: str) -> ChangeOutput | None:
    """Parse the name of an encoding."""
    charset = _CHARSETS.get(name.lower())
    return ChangeOutput(charset) if charset else None


def parse_lang(name: str) -> ChangeOutput | None:
    """Parse the name of a language."""
    language = _LANGUAGES.get(name.lower())
    return ChangeOutput(language=language) if language else None


_LANGUAGES: dict[str, Language] = {"ru": "ru", "en": "en"}
_CHARSETS = {
    name: charset
    for charset, names in {
        "utf-8": ("utf-8", "utf8"),
        "cp1251": ("cp1251", "windows-1251", "1251"),
        "cp866": ("cp866", "866"),
    }.items()
    for name in names
}


def required(make: Callable[[str], LinesCommand]) -> Callable[[str], LinesCommand | None]:
    """Return a parser that makes a command of any argument but an empty one."""
    return lambda argument: make(argument) if argument else None
