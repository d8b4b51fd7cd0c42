"""What a typed line means: a text, a command, or a mistake with its explanation."""

import pytest

from chat_client.events import Request
from chat_client.outbox import Outgoing
from chat_protocol.commands import PAGE_SIZE, Help, OnLast, ParsedCommand, Show, Who
from chat_protocol.messages import (
    Authenticate,
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
from cli_client.commands import InvalidCommand, format_command, format_outgoing, parse_line


@pytest.mark.parametrize(
    ("line", "text"),
    [("привет", "привет"), (" /who", " /who"), ("//who", "/who"), ("///", "//"), ("5/2", "5/2")],
)
def test_texts(line: str, text: str) -> None:
    assert parse_line(line) == text


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/who", Who()),
        ("/WHO ", Who()),
        ("/ who", Who()),
        ("/quit", Leave()),
        ("/help me", Help()),
        ("/history", HistoryRequest(limit=PAGE_SIZE)),
        ("/history 7", HistoryRequest(limit=7)),
        ("/show 1043", Show(1043)),
        ("/show  #1043", Show(1043)),
        ("/search  два слова ", Search("два слова")),
        ("/moderator", Authenticate("")),
        ("/moderator secret", Authenticate("")),
        ("/kick Иван Петров: причина", Moderate("kick", "Иван Петров", text="причина")),
        ("/delete 7", Delete(id=7)),
        ("/delete 7: спам", Moderate("delete", id=7, text="спам")),
        ("/reply да", OnLast(Say("да"))),
        ("/reply #7 да", Say("да", reply=7)),
        ("/me машет", Say("машет", kind="action")),
        ("/whois Боря", Whois("Боря")),
        ("/bans", Bans()),
        ("/link", Link()),
    ],
)
def test_commands(line: str, command: ParsedCommand) -> None:
    assert parse_line(line) == command


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("/", "usage_unknown_command"),
        ("/whoo", "usage_unknown_command"),
        ("/history many", "usage_history"),
        ("/history 0", "usage_history"),
        ("/history -5", "usage_history"),
        ("/show", "usage_show"),
        ("/search ", "usage_search"),
        ("/kick", "usage_kick"),
        ("/mute Боря 0m", "usage_bad_time"),
        ("/ban Боря 10z: спам", "usage_bad_time"),
        ("/delete всё", "usage_delete"),
        ("/bans now", "usage_bans"),
        ("/show ٣", "usage_show"),
        ("/show 99999999999999999999", "usage_show"),
    ],
)
def test_a_mistake_is_explained_and_not_said(line: str, hint: str) -> None:
    parsed = parse_line(line)
    assert isinstance(parsed, InvalidCommand)
    assert parsed.hint == hint


def test_a_wrong_time_and_an_unknown_word_are_quoted() -> None:
    assert parse_line("/ban Боря 10z: спам") == InvalidCommand("usage_bad_time", "10z")
    assert parse_line("/frob nicate") == InvalidCommand("usage_unknown_command", "/frob")


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        (Moderate("ban", "Боря", seconds=60, text="спам"), "/ban Боря"),
        (Moderate("delete", id=7), "/delete #7"),
        (Moderate("announce", text="Обед"), "/announce"),
        (Whois("Боря"), "/whois Боря"),
        (Bans(), "/bans"),
        (Search("два слова"), "/search два слова"),
        (HistoryRequest(limit=20), "/history"),
        (Show(7), "/show #7"),
        (Edit(id=7, text="иначе"), "/edit #7"),
        (Delete(id=7), "/delete #7"),
        (React(id=7, emoji="👍"), "/react #7 👍"),
        (React(id=7, emoji="👍", on=False), "/unreact #7 👍"),
    ],
)
def test_a_command_is_written_without_reason_and_text(command: Request, typed: str) -> None:
    assert format_command(command) == typed


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        (Say("раз\nдва"), "раз\nдва"),
        (Say("да", reply=7), "/reply #7 да"),
        (Say("машет", kind="action"), "/me машет"),
        (Edit(id=7, text="иначе"), "/edit #7 иначе"),
        (Delete(id=7), "/delete #7"),
    ],
)
def test_what_is_not_sent_yet_is_written_as_it_was_typed(command: Outgoing, typed: str) -> None:
    assert format_outgoing(command) == typed
