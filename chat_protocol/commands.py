"""The slash commands of the terminal client, the page and the lines dialect, in one table. Pure.

The page has a parser of its own, static/js/model/commands.js, which goes by the column `argument`.

A NAME may contain spaces. A time is a number and a unit, `10m`: s, m, h, d or с, м, ч, д. A last
word of a number and letters is never part of a name: `/ban Eve 10z` is an error.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from chat_protocol.contract import MAX_QUERY, MAX_SANCTION_SECONDS
from chat_protocol.messages import Act, Authenticate, Bans, HistoryRequest, Leave, Moderate, Search, Whois

Language = Literal["ru", "en"]
"""A language in which the server can write its own lines."""

PAGE_SIZE: Final = 20
"""Messages that `/history` without a number and `/search` ask for."""


class Who(Struct, frozen=True):
    """`/who`: list the members."""


class Help(Struct, frozen=True):
    """`/help`: explain the commands."""


class Show(Struct, frozen=True):
    """`/show`: show the message with this number."""

    id: int


class ChangeOutput(Struct, frozen=True):
    """`/encoding` and `/lang`, in lines: what is empty does not change."""

    charset: str = ""
    """The encoding of the client's terminal, a codec of Python."""
    language: Language | Literal[""] = ""
    """The language of the server's own lines."""
    doubles_iac: bool = False
    """Whether the client speaks Telnet, which doubles 0xFF in text."""


ParsedCommand = Who | Help | Show | HistoryRequest | Search | Leave | Authenticate | Moderate | Whois | Bans
LinesCommand = ParsedCommand | ChangeOutput


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


class SlashCommand(NamedTuple):
    """One row of the table.

    `argument` is its usage, as shown to people; `parse` returns None if it is missing or wrong.
    `lines` is a regular expression for the lines dialect; `terminal` says whether the terminal and the page
    have it.
    """

    name: str
    argument: str
    parse: Callable[[str], LinesCommand | None]
    moderators_only: bool = False
    lines: str = ".*"
    terminal: bool = True


def parse_command(line: str, *, lines: bool = False) -> LinesCommand:
    """Parse a line that begins with a slash; if `lines`, as the lines dialect. Raises `UsageError`."""
    word, *rest = line.split(maxsplit=1)
    command = COMMANDS.get(word[1:].lower())
    if command is None or not (lines or command.terminal):
        raise UsageError("unknown_command", word)
    if lines:
        typed = " ".join(line.split())
        if not re.fullmatch(command.lines, typed):
            is_number_wrong = re.fullmatch(r"/history \S+", typed)
            raise UsageError("bad_number" if is_number_wrong else "unknown_command", word)
    parsed = command.parse("".join(rest).rstrip())
    if parsed is None:
        raise UsageError("misuse", command.name)
    return parsed


# A reason follows a colon and white space. Names have no colon; of an IPv6 address only a final "::" may
# be followed by white space.
_REASON = re.compile(r"(?<!:):(?:\s+|$)")
_UNITS = {"s": 1, "с": 1, "m": 60, "м": 60, "h": 3600, "ч": 3600, "d": 86400, "д": 86400}
_TIME = re.compile(f"([0-9]{{1,9}})([{''.join(_UNITS)}])")
_LIKE_A_TIME = re.compile(r"[0-9][\w.,]*[^\W\d][\w.,]*")
_NUMBER = re.compile(r"#?([0-9]{1,15})")


def _moderate(act: Act, argument: str) -> Moderate | None:
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
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    return seconds if 1 <= seconds <= MAX_SANCTION_SECONDS else None


def _delete(argument: str) -> Moderate | None:
    number, reason = _split_reason(argument)
    id_ = _number(number)
    return Moderate("delete", id=id_, text=reason) if id_ else None


def _split_reason(argument: str) -> tuple[str, str]:
    target, *reason = _REASON.split(argument, maxsplit=1)
    return target.strip(), "".join(reason).strip()


def _number(text: str) -> int | None:
    found = _NUMBER.fullmatch(text)
    return int(found[1]) if found else None


def _history(argument: str) -> HistoryRequest | None:
    limit = _number(argument) if argument else PAGE_SIZE
    return None if limit is None else HistoryRequest(limit=limit)


def _show(argument: str) -> Show | None:
    id_ = _number(argument)
    return Show(id_) if id_ else None


def _search(words: str) -> Search:
    return Search(" ".join(words.split())[:MAX_QUERY])


def _encoding(name: str) -> ChangeOutput | None:
    charset = _CHARSETS.get(name.lower())
    return ChangeOutput(charset) if charset else None


def _lang(name: str) -> ChangeOutput | None:
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


def _required(make: Callable[[str], ParsedCommand]) -> Callable[[str], ParsedCommand | None]:
    """Return a parser that makes a command of any argument but an empty one."""
    return lambda argument: make(argument) if argument else None


COMMANDS: Final = {
    command.name: command
    for command in (
        SlashCommand("who", "", lambda _: Who(), lines="/who"),
        SlashCommand("history", "[n]", _history, lines="/history( [0-9]{1,5})?"),
        SlashCommand("show", "#id", _show),
        SlashCommand("search", "words", _required(_search), lines="/search .+"),
        SlashCommand("help", "", lambda _: Help(), lines="/help"),
        SlashCommand("quit", "", lambda _: Leave(), lines="/quit"),
        SlashCommand("lang", "en", _lang, terminal=False),
        SlashCommand("encoding", "cp1251", _encoding, terminal=False),
        SlashCommand("moderator", "PASSWORD", _required(Authenticate)),
        SlashCommand("kick", "NAME[: reason]", partial(_moderate, "kick"), True),
        SlashCommand("ban", "NAME [time][: reason]", partial(_moderate, "ban"), True),
        SlashCommand("unban", "NAME[: reason]", partial(_moderate, "unban"), True),
        SlashCommand("mute", "NAME [time][: reason]", partial(_moderate, "mute"), True),
        SlashCommand("unmute", "NAME[: reason]", partial(_moderate, "unmute"), True),
        SlashCommand("delete", "#id[: reason]", _delete, True),
        SlashCommand("announce", "text", _required(lambda text: Moderate("announce", text=text)), True),
        SlashCommand("whois", "NAME", _required(Whois), True),
        SlashCommand("bans", "", lambda argument: None if argument else Bans(), True),
    )
}
"""The commands by name. For `ban` and `unban` an address or a network (CIDR) may stand for the NAME."""


def describe_table() -> dict[str, object]:
    """Return the table and the limits of its arguments as the page needs them, for JSON."""
    return {
        "commands": [
            {
                "name": command.name,
                "argument": command.argument,
                "moderatorsOnly": command.moderators_only,
                "onPage": command.terminal,
            }
            for command in COMMANDS.values()
        ],
        "units": _UNITS,
        "maxSeconds": MAX_SANCTION_SECONDS,
        "maxQuery": MAX_QUERY,
        "pageSize": PAGE_SIZE,
    }
