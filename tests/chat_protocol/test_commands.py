"""The table of slash commands, and that every text which explains commands agrees with it."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from chat_client.conversation import Conversation
from chat_protocol.commands import (
    COMMANDS,
    ChangeOutput,
    Help,
    LinesCommand,
    OnLast,
    Show,
    ShowTopic,
    UsageError,
    Who,
    describe_table,
    parse_command,
)
from chat_protocol.messages import (
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
from cli_client.command_help import describe_commands
from cli_client.own_commands import OWN_COMMANDS
from cli_client.translations import Translations
from tcp_server.texts.languages import LANGUAGES
from tcp_server.texts.texts import Texts
from tests.support.processes import ROOT

MODERATORS = {name for name, command in COMMANDS.items() if command.moderators_only}
EVERYBODY = COMMANDS.keys() - MODERATORS
IN_LINES = {name for name, command in COMMANDS.items() if command.lines}
IN_TERMINAL = {name for name, command in COMMANDS.items() if command.terminal}
KINDS: dict[str, type[LinesCommand] | tuple[type[LinesCommand], ...]] = {
    "who": Who,
    "history": HistoryRequest,
    "show": Show,
    "search": Search,
    "help": Help,
    "quit": Leave,
    "link": Link,
    "topic": (ShowTopic, Moderate),
    "away": Away,
    "back": Away,
    "reply": Say,
    "edit": Edit,
    "delete": (Delete, Moderate),
    "react": React,
    "unreact": React,
    "me": Say,
    "moderator": Authenticate,
    "whois": Whois,
    "bans": Bans,
}
"""What the commands become; the others become `Moderate`."""


NEVER_WRONG = {"moderator", "who", "topic", "away"}
"""Commands whose argument may be anything, or is asked for."""

CASES = json.loads((ROOT / "tests" / "chat_protocol" / "command_lines.json").read_text(encoding="utf-8"))
"""Lines and what they mean in the terminal, on the page (tests/page/commands.test.js) and in lines.

`command` has the arguments; `lines` is the error of the lines dialect where that differs.
"""

ARGUMENTS = {
    "query": "text",
    "password": "text",
    "limit": "count",
    "name": "target",
    "prefix": "target",
    "why": "text",
    "reply": "id",
}
"""What the cases call the fields that have names of their own."""


NOT_TYPED = ("act", "more", "kind", "on")
"""Fields that the name of the command decides."""


def arguments_of(command: LinesCommand) -> dict[str, object]:
    """Return the arguments of a command as in the cases."""
    if isinstance(command, OnLast):
        command = command.act
    fields = {name: value for name, value in asdict(command).items() if value not in (None, "", (), 0)}
    if isinstance(command, Search):
        del fields["limit"]  # the same for all
    return {ARGUMENTS.get(name, name): value for name, value in fields.items() if name not in NOT_TYPED}


@pytest.mark.parametrize("case", CASES["correct"], ids=lambda case: case["line"][:30])
def test_correct_lines(case: dict[str, Any]) -> None:
    line = case["line"]
    name = line.split()[0][1:].lower()
    command = parse_command(line)
    act = command.act if isinstance(command, OnLast) else command
    assert isinstance(act, KINDS.get(name, Moderate))
    assert getattr(act, "on", True) == (name not in {"unreact", "back"})
    assert getattr(act, "kind", None) == ("action" if name == "me" else None)
    assert getattr(act, "act", name) == name
    assert arguments_of(command) == case["command"]
    if error := case.get("lines"):
        with pytest.raises(UsageError) as caught:
            parse_command(line, lines=True)
        assert caught.value.code == error
    else:
        assert parse_command(line, lines=True) == command


@pytest.mark.parametrize("case", CASES["wrong"], ids=lambda case: case["line"][:30])
def test_wrong_lines(case: dict[str, Any]) -> None:
    word = case["line"].split()[0]
    for lines, code in ((False, case["error"]), (True, case.get("lines", case["error"]))):
        with pytest.raises(UsageError) as caught:
            parse_command(case["line"], lines=lines)
        typed = case.get("typed", word[1:] if code == "misuse" else word)
        assert (caught.value.code, caught.value.text) == (code, typed)


def test_the_cases_have_every_command_and_the_table_that_the_page_gets() -> None:
    assert CASES["table"] == describe_table()
    assert {case["line"].split()[0][1:].lower() for case in CASES["correct"]} == IN_TERMINAL


@pytest.mark.parametrize("line", ["/history 0"])
def test_no_messages_are_no_mistake(line: str) -> None:
    for lines in (False, True):
        assert parse_command(line, lines=lines) == HistoryRequest(limit=0)


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
    "line",
    ["/encoding", "/encoding koi8-r", "/encoding os", "/lang", "/lang de", "/lang en us"],
)
def test_errors_of_lines_alone(line: str) -> None:
    for lines, error in ((False, "unknown_command"), (True, "misuse")):
        with pytest.raises(UsageError) as caught:
            parse_command(line, lines=lines)
        assert caught.value.code == error


@given(st.sampled_from(sorted(COMMANDS)), st.text(max_size=40), st.booleans())
def test_no_argument_breaks_the_parser(name: str, argument: str, lines: bool) -> None:
    with suppress(UsageError):
        parse_command(f"/{name} {argument}", lines=lines)


def explained(text: object) -> set[str]:
    """Return the names of the commands with which lines of a text begin."""
    return set(re.findall(r"^/([a-z]+)", str(text), re.MULTILINE))


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_the_terminals_help_explains_every_command(lang: str) -> None:
    texts = Translations(lang)
    its_own = {*OWN_COMMANDS}  # neither the page nor lines have it
    status = Conversation(0, "").status()
    moderated = replace(status, moderated=True)
    moderator = replace(moderated, moderator=True)
    acts = {name for name in IN_TERMINAL if COMMANDS[name].needs}
    for_all = explained(describe_commands(texts, status))
    assert for_all == (EVERYBODY & IN_TERMINAL) - acts - {"moderator"} | its_own
    can = replace(status, can=frozenset(COMMANDS[name].needs for name in acts))
    assert explained(describe_commands(texts, can)) - for_all == acts
    assert explained(describe_commands(texts, moderated)) - for_all == {"moderator"}
    assert explained(describe_commands(texts, moderator)) - for_all == MODERATORS | {"delete"}
    with_argument = {name for name in IN_TERMINAL if COMMANDS[name].argument} - {
        "moderator",
        "who",
        "topic",
        "away",
    }
    assert all(f"usage_{name}" in texts for name in with_argument | {"bans"})


@pytest.mark.parametrize("texts", LANGUAGES.values(), ids=LANGUAGES)
def test_the_help_of_lines_explains_every_command(texts: Texts) -> None:
    assert explained(texts.help) | {"help", "moderator"} == EVERYBODY & IN_LINES
    assert explained(texts.moderators_help) == MODERATORS
    assert texts.usage.keys() == COMMANDS.keys()


def test_the_protocol_describes_every_command_of_lines() -> None:
    document = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    for name in IN_LINES:
        assert f"`/{name} {COMMANDS[name].argument}".rstrip() + "`" in document
