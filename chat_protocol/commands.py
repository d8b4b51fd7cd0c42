"""The slash commands of the terminal client, the page and the lines dialect, in one table. Pure.

The page has a parser of its own, static/js/model/commands.js, which goes by the column `argument`.

A NAME may contain spaces. A time is a number and a unit, `10m`: s, m, h, d or с, м, ч, д. A last
word of a number and letters is never part of a name: `/ban Eve 10z` is an error. A number that may be left
out needs its `#` before a text, which may begin with a number itself.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from chat_protocol.command_arguments import (
    PAGE_SIZE,
    UNITS,
    ChangeOutput,
    Help,
    Language,
    LinesCommand,
    OnLast,
    ParsedCommand,
    Show,
    ShowTopic,
    UsageError,
    UseCode,
    Who,
    parse_act_on_message,
    parse_back,
    parse_delete,
    parse_encoding,
    parse_history,
    parse_lang,
    parse_moderate,
    parse_react,
    parse_search,
    parse_show,
    parse_topic,
    required,
)
from chat_protocol.contract import MAX_PART_OF_NAME, MAX_QUERY, MAX_SANCTION_SECONDS, MAX_WHY
from chat_protocol.messages import Authenticate, Away, Bans, Edit, Leave, Link, Moderate, Say, Whois

__all__ = [
    "COMMANDS",
    "PAGE_SIZE",
    "ChangeOutput",
    "Help",
    "Language",
    "LinesCommand",
    "OnLast",
    "ParsedCommand",
    "Show",
    "ShowTopic",
    "SlashCommand",
    "UsageError",
    "UseCode",
    "Who",
    "describe_table",
    "parse_command",
    "usage",
]


class SlashCommand(NamedTuple):
    """One row of the table.

    `argument` is its usage, as in the documents; `parse` returns None if it is missing or wrong. `russian`
    and `english` say what the command does. `lines` is a regular expression for the lines dialect, empty if
    that has no such command; `terminal` says whether the terminal and the page have it. `needs` is one of
    `Welcome.can`, if older servers do not know the command.
    """

    name: str
    argument: str
    parse: Callable[[str], LinesCommand | None]
    russian: str
    english: str
    moderators_only: bool = False
    lines: str = ".*"
    terminal: bool = True
    needs: str = ""

    def usage(self, language: Language) -> str:
        """Return how it is written, in the words of a language."""
        return usage(self.name, self.argument, language)

    def purpose(self, language: Language) -> str:
        """Return what it does."""
        return self.russian if language == "ru" else self.english


_ARGUMENT_WORDS: Final[dict[Language, dict[str, str]]] = {
    "ru": {
        "n": "число",
        "id": "номер",
        "text": "текст",
        "words": "слова",
        "NAME": "имя",
        "time": "время",
        "reason": "причина",
        "PASSWORD": "ПАРОЛЬ",
        "CODE": "КОД",
        "emoji": "👍",
    },
    "en": {"n": "number", "id": "number", "NAME": "name", "en": "ru", "emoji": ":+1:"},
}
"""What people read for the words of the column `argument`. The English ones are ASCII, for any terminal."""


def usage(name: str, argument: str, language: Language) -> str:
    """Return how a command with such an argument is written, in the words of a language."""
    words = _ARGUMENT_WORDS[language]
    argument = re.sub(r"\w+", lambda found: words.get(found[0], found[0]), argument)
    return f"/{name} {argument}".rstrip()


COMMANDS: Final = {
    command.name: command
    for command in (
        SlashCommand(
            "who",
            "[NAME]",
            lambda name: Who(" ".join(name.split())[:MAX_PART_OF_NAME]),
            "кто в чате; с началом имени — кого так зовут",
            "who is here; with the beginning of a name, who is called so",
            lines="/who( .+)?",
        ),
        SlashCommand(
            "history",
            "[n]",
            parse_history,
            "более ранние сообщения, с номерами",
            "earlier messages, with their numbers",
            lines="/history( [0-9]{1,5})?",
        ),
        SlashCommand("show", "#id", parse_show, "показать сообщение", "show a message"),
        SlashCommand(
            "search", "words", required(parse_search), "найти сообщения", "find messages", lines="/search .+"
        ),
        SlashCommand(
            "reply",
            "[#id] text",
            partial(parse_act_on_message, act=Say),
            "ответить на сообщение; без номера — на последнее чужое",
            "answer a message; without a number, the last one of somebody else",
            needs="reply",
        ),
        SlashCommand(
            "edit",
            "[#id] text",
            partial(parse_act_on_message, act=lambda text: Edit(id=0, text=text)),
            "исправить своё сообщение; без номера — последнее",
            "correct a message of yours; without a number, the last one",
            needs="edit",
        ),
        SlashCommand(
            "delete",
            "#id[: reason]",
            parse_delete,
            "удалить своё сообщение; модератор может любое",
            "delete a message of yours; a moderator may delete any",
            needs="delete",
        ),
        SlashCommand(
            "react",
            "[#id] emoji",
            partial(parse_react, on=True),
            "поставить реакцию; без номера — последнему чужому сообщению",
            "react to a message; without a number, to the last one of somebody else",
            needs="react",
        ),
        SlashCommand(
            "unreact",
            "[#id] emoji",
            partial(parse_react, on=False),
            "убрать свою реакцию",
            "take your reaction back",
            needs="react",
        ),
        SlashCommand(
            "me",
            "text",
            required(lambda text: Say(text, kind="action")),
            "сказать, что вы делаете: «/me машет рукой»",
            "say what you are doing: /me waves",
            needs="action",
        ),
        SlashCommand(
            "link",
            "",
            lambda _: Link(),
            "код, с которым другое устройство — тоже вы",
            "a code, with which one more device is you",
            lines="/link",
            needs="link",
        ),
        SlashCommand(
            "code",
            "CODE",
            required(UseCode),
            "вместо имени: войти с кодом, который дал /link на другом устройстве",
            "instead of a name: come in with a code that /link has given on another device",
            terminal=False,
        ),
        SlashCommand(
            "topic",
            "[text]",
            parse_topic,
            "тема; модератор может задать её, «-» убирает",
            "the topic; a moderator may set it, - clears it",
            needs="topic",
        ),
        SlashCommand(
            "away",
            "[text]",
            lambda why: Away(why=why[:MAX_WHY]),
            "вас нет на месте, и почему",
            "you are away, and why",
            needs="away",
        ),
        SlashCommand(
            "back", "", parse_back, "вы снова здесь", "you are here again", lines="/back", needs="away"
        ),
        SlashCommand("help", "", lambda _: Help(), "эти команды", "these commands", lines="/help"),
        SlashCommand("quit", "", lambda _: Leave(), "выйти", "leave", lines="/quit"),
        SlashCommand("lang", "en", parse_lang, "in English", "по-русски", terminal=False),
        SlashCommand(
            "encoding",
            "cp1251",
            parse_encoding,
            "кодировка вашего терминала: utf-8, cp1251, cp866",
            "the encoding of your terminal: utf-8, cp1251, cp866",
            terminal=False,
        ),
        SlashCommand(
            "moderator", "PASSWORD", required(Authenticate), "стать модератором", "become a moderator"
        ),
        SlashCommand(
            "kick",
            "NAME[: reason]",
            partial(parse_moderate, "kick"),
            "удалить из чата",
            "remove from the chat",
            True,
        ),
        SlashCommand(
            "ban",
            "NAME [time][: reason]",
            partial(parse_moderate, "ban"),
            "закрыть вход имени, адресу или сети; без времени — навсегда",
            "ban a name, an address or a network; without a time, for good",
            True,
        ),
        SlashCommand(
            "unban", "NAME[: reason]", partial(parse_moderate, "unban"), "открыть вход", "end a ban", True
        ),
        SlashCommand(
            "mute",
            "NAME [time][: reason]",
            partial(parse_moderate, "mute"),
            "запретить писать; без времени — на 10 минут",
            "forbid to write; without a time, for 10 minutes",
            True,
        ),
        SlashCommand(
            "unmute",
            "NAME[: reason]",
            partial(parse_moderate, "unmute"),
            "снова разрешить писать",
            "allow to write again",
            True,
        ),
        SlashCommand(
            "announce",
            "text",
            required(lambda text: Moderate("announce", text=text)),
            "объявить всем",
            "tell everybody",
            True,
        ),
        SlashCommand("whois", "NAME", required(Whois), "с каких адресов", "from which addresses", True),
        SlashCommand(
            "bans",
            "",
            lambda argument: None if argument else Bans(),
            "кому закрыт вход",
            "who is banned",
            True,
        ),
    )
}
"""The commands by name. For `ban` and `unban` an address or a network (CIDR) may stand for the NAME."""


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


def describe_table() -> dict[str, object]:
    """Return the table and the limits of its arguments as the page needs them, for JSON."""
    return {
        "commands": [
            {
                "name": command.name,
                "argument": command.argument,
                "moderatorsOnly": command.moderators_only,
                "onPage": command.terminal,
                "needs": command.needs,
            }
            for command in COMMANDS.values()
        ],
        "units": UNITS,
        "maxSeconds": MAX_SANCTION_SECONDS,
        "maxQuery": MAX_QUERY,
        "pageSize": PAGE_SIZE,
    }
