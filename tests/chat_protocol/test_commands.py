"""The table of slash commands, and that every text which explains commands agrees with it."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.commands import (
    COMMANDS,
    PAGE_SIZE,
    ChangeOutput,
    Help,
    LinesCommand,
    ParsedCommand,
    Show,
    UsageError,
    Who,
    parse_command,
)
from chat_protocol.contract import MAX_SANCTION_SECONDS
from chat_protocol.messages import Authenticate, Bans, HistoryRequest, Leave, Moderate, Search, Whois
from cli_client.english import ENGLISH
from cli_client.russian import RUSSIAN
from tcp_server.texts.languages import LANGUAGES
from tcp_server.texts.texts import Texts
from tests.support.processes import ROOT

MODERATORS = {name for name, command in COMMANDS.items() if command.moderators_only}
EVERYBODY = COMMANDS.keys() - MODERATORS
IN_TERMINAL = {name for name, command in COMMANDS.items() if command.terminal}


@pytest.mark.parametrize("lines", [False, True], ids=["terminal", "lines"])
@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/who", Who()),
        ("/who ", Who()),
        ("/help", Help()),
        ("/quit", Leave()),
        ("/history", HistoryRequest(limit=PAGE_SIZE)),
        ("/history  7 ", HistoryRequest(limit=7)),
        ("/history 0", HistoryRequest(limit=0)),
        ("/history 99999", HistoryRequest(limit=99999)),
        ("/search Привет,  мир", Search("Привет, мир")),
        ("/search " + "я" * 1000, Search("я" * 256)),
        ("/show 1043", Show(1043)),
        ("/Show  #1043", Show(1043)),
        ("/moderator открой, это я", Authenticate("открой, это я")),
        ("/kick Боб", Moderate("kick", "Боб")),
        ("/KICK   Боб Марли :  спам: опять ", Moderate("kick", "Боб Марли", text="спам: опять")),
        ("/kick Боб 10m", Moderate("kick", "Боб 10m")),
        ("/kick Боб:", Moderate("kick", "Боб")),
        ("/ban Боб", Moderate("ban", "Боб")),
        ("/ban 5m", Moderate("ban", "5m")),
        ("/ban 5m 5m", Moderate("ban", "5m", seconds=300)),
        ("/ban Анна 2 1h", Moderate("ban", "Анна 2", seconds=3600)),
        ("/ban Анна 2", Moderate("ban", "Анна 2")),
        ("/ban Боб v2", Moderate("ban", "Боб v2")),
        ("/ban Боб Марли 2ч: спам", Moderate("ban", "Боб Марли", seconds=7200, text="спам")),
        ("/ban 203.0.113.7 30s", Moderate("ban", "203.0.113.7", seconds=30)),
        ("/ban 2001:db8::/32 1d: спам", Moderate("ban", "2001:db8::/32", seconds=86400, text="спам")),
        ("/ban 2001:db8::", Moderate("ban", "2001:db8::")),
        ("/ban 2001:db8:: 1Д", Moderate("ban", "2001:db8::", seconds=86400)),
        ("/ban 2001:db8:: : спам", Moderate("ban", "2001:db8::", text="спам")),
        ("/unban Боб 10m", Moderate("unban", "Боб 10m")),
        ("/mute Боб", Moderate("mute", "Боб")),
        ("/mute Боб 10м: тише", Moderate("mute", "Боб", seconds=600, text="тише")),
        ("/mute Боб 3660d", Moderate("mute", "Боб", seconds=MAX_SANCTION_SECONDS)),
        ("/unmute Боб", Moderate("unmute", "Боб")),
        ("/delete #1043", Moderate("delete", id=1043)),
        ("/delete 1043: адрес", Moderate("delete", id=1043, text="адрес")),
        ("/announce в 5:  перерыв 10m", Moderate("announce", text="в 5:  перерыв 10m")),
        ("/whois Боб Марли", Whois("Боб Марли")),
        ("/bans", Bans()),
    ],
)
def test_commands_of_both(line: str, command: ParsedCommand, lines: bool) -> None:
    assert parse_command(line, lines=lines) == command


@pytest.mark.parametrize(
    ("line", "command", "error_in_lines"),
    [
        ("/WHO", Who(), "unknown_command"),
        ("/who is here", Who(), "unknown_command"),
        ("/help me", Help(), "unknown_command"),
        ("/quit now", Leave(), "unknown_command"),
        ("/Search слон", Search("слон"), "unknown_command"),
        ("/history #7", HistoryRequest(limit=7), "bad_number"),
        ("/history 100000", HistoryRequest(limit=100000), "bad_number"),
        ("/HISTORY 7", HistoryRequest(limit=7), "unknown_command"),
    ],
)
def test_the_terminal_accepts_more_than_lines(line: str, command: ParsedCommand, error_in_lines: str) -> None:
    assert parse_command(line) == command
    with pytest.raises(UsageError) as caught:
        parse_command(line, lines=True)
    assert caught.value.code == error_in_lines


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/encoding cp1251", ChangeOutput("cp1251")),
        ("/encoding Windows-1251", ChangeOutput("cp1251")),
        ("/encoding 866", ChangeOutput("cp866")),
        ("/Encoding UTF8", ChangeOutput("utf-8")),
        ("/lang en", ChangeOutput(language="en")),
        ("/Lang  RU", ChangeOutput(language="ru")),
    ],
)
def test_commands_of_lines_alone(line: str, command: LinesCommand) -> None:
    assert parse_command(line, lines=True) == command
    with pytest.raises(UsageError):
        parse_command(line)


@pytest.mark.parametrize(
    ("line", "error_in_terminal", "error_in_lines"),
    [
        ("/history x", "misuse", "bad_number"),
        ("/history -1", "misuse", "bad_number"),
        ("/history ٣", "misuse", "bad_number"),
        ("/history 9999999999999999", "misuse", "bad_number"),
        ("/history 1 2", "misuse", "unknown_command"),
        ("/search", "misuse", "unknown_command"),
        *[(f"/show{number}", "misuse", "misuse") for number in ("", " 0", " ٣", " #", " 1 2", " x")],
        *[(line, "unknown_command", "unknown_command") for line in ("/", "/ who", "/frob", "/kicking Боб")],
        *[(f"/encoding{name}", "unknown_command", "misuse") for name in ("", " koi8-r", " os")],
        *[(f"/lang{name}", "unknown_command", "misuse") for name in ("", " de", " en us")],
        *[(f"/{name}", "misuse", "misuse") for name in sorted(MODERATORS - {"bans"} | {"moderator"})],
        ("/bans all", "misuse", "misuse"),
        ("/kick : спам", "misuse", "misuse"),
        ("/delete #0", "misuse", "misuse"),
        ("/delete #1 #2", "misuse", "misuse"),
        ("/delete -1", "misuse", "misuse"),
        ("/delete " + "9" * 16, "misuse", "misuse"),
        ("/delete ٣", "misuse", "misuse"),
    ],
)
def test_errors(line: str, error_in_terminal: str, error_in_lines: str) -> None:
    word = line.split(maxsplit=1)[0]
    for lines, code in ((False, error_in_terminal), (True, error_in_lines)):
        with pytest.raises(UsageError) as caught:
            parse_command(line, lines=lines)
        text = word[1:] if code == "misuse" else word
        assert (caught.value.code, caught.value.text) == (code, text)


@pytest.mark.parametrize(
    "time", ["0m", "3661d", "999999999d", "10z", "10мин", "1h30m", "1.5h", "1,5ч", "9999999999s"]
)
@pytest.mark.parametrize("line", ["/ban Боб {}", "/mute Боб Марли {}: тише", "/ban 10.0.0.1 {}"])
def test_a_wrong_time_is_not_part_of_the_name(line: str, time: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_command(line.format(time))
    assert (caught.value.code, caught.value.text) == ("bad_time", time)


@given(st.sampled_from(sorted(COMMANDS)), st.text(max_size=40), st.booleans())
def test_no_argument_breaks_the_parser(name: str, argument: str, lines: bool) -> None:
    with suppress(UsageError):
        parse_command(f"/{name} {argument}", lines=lines)


def explained(text: object) -> set[str]:
    """Return the names of the commands that a text mentions."""
    return set(re.findall(r"(?<!\S)/([a-z]+)", str(text)))


@pytest.mark.parametrize("texts", [RUSSIAN, ENGLISH], ids=["ru", "en"])
def test_the_terminals_help_explains_every_command(texts: dict[str, object]) -> None:
    assert explained(texts["help"]) | {"help", "moderator"} == EVERYBODY & IN_TERMINAL
    assert explained(texts["help_moderator"]) == {"moderator"}
    assert explained(texts["help_moderation"]) == MODERATORS
    with_argument = {name for name in IN_TERMINAL if COMMANDS[name].argument}
    explained_errors = {key.removeprefix("usage_") for key in texts if key.startswith("usage_")}
    assert explained_errors - {"unknown_command", "bad_time"} == (with_argument | {"bans"}) - {"moderator"}


@pytest.mark.parametrize("texts", LANGUAGES.values(), ids=LANGUAGES)
def test_the_help_of_lines_explains_every_command(texts: Texts) -> None:
    assert explained(texts.help) | {"help", "moderator"} == EVERYBODY
    assert explained(texts.moderators_help) == MODERATORS
    assert texts.usage.keys() == MODERATORS | {"moderator", "encoding", "lang", "show"}


def test_the_protocol_describes_every_command_of_lines() -> None:
    document = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"`/{name} {COMMANDS[name].argument}".rstrip() + "`" in document
