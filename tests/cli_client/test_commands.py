"""What a typed line means."""

import pytest

from chat_protocol.messages import Bans, Moderate, Search, Whois
from cli_client.commands import PAGE, Mistake, Order, Verb, read_line, write_order
from cli_client.wishes import Wish


@pytest.mark.parametrize(
    ("line", "text"),
    [("привет", "привет"), (" /who", " /who"), ("//who", "/who"), ("///", "//"), ("5/2", "5/2")],
)
def test_what_is_said(line: str, text: str) -> None:
    assert read_line(line) == text


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("/who", Order(Verb.WHO)),
        ("/WHO ", Order(Verb.WHO)),
        ("/quit", Order(Verb.QUIT)),
        ("/help me", Order(Verb.HELP)),
        ("/history", Order(Verb.HISTORY, PAGE)),
        ("/history 7", Order(Verb.HISTORY, 7)),
        ("/show 1043", Order(Verb.SHOW, 1043)),
        ("/show  #1043", Order(Verb.SHOW, 1043)),
        ("/search  два слова ", Order(Verb.SEARCH, words="два слова")),
        ("/moderator", Order(Verb.MODERATOR)),
        ("/moderator secret", Order(Verb.MODERATOR)),
        ("/kick Иван Петров: причина", Moderate("kick", "Иван Петров", text="причина")),
        ("/delete 7", Moderate("delete", id=7)),
        ("/whois Боря", Whois("Боря")),
        ("/bans", Bans()),
    ],
)
def test_commands(line: str, order: object) -> None:
    assert read_line(line) == order


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("/", "unknown_command"),
        ("/whoo", "unknown_command"),
        ("/history many", "number_wanted"),
        ("/history 0", "number_wanted"),
        ("/history -5", "number_wanted"),
        ("/show", "message_number_wanted"),
        ("/search ", "words_wanted"),
        ("/kick", "misuse_kick"),
        ("/mute Боря 0m", "bad_time"),
        ("/ban Боря 10z: спам", "bad_time"),
        ("/delete всё", "misuse_delete"),
        ("/bans now", "misuse_bans"),
        ("/show ٣", "message_number_wanted"),
        ("/show 99999999999999999999", "message_number_wanted"),
    ],
)
def test_mistakes_are_not_said(line: str, hint: str) -> None:
    meant = read_line(line)
    assert isinstance(meant, Mistake)
    assert meant.hint == hint


def test_a_slip_in_a_time_is_quoted() -> None:
    assert read_line("/ban Боря 10z: спам") == Mistake("bad_time", "10z")


@pytest.mark.parametrize(
    ("order", "typed"),
    [
        (Moderate("ban", "Боря", seconds=60, text="спам"), "/ban Боря"),
        (Moderate("delete", id=7), "/delete #7"),
        (Moderate("announce", text="Обед"), "/announce"),
        (Whois("Боря"), "/whois Боря"),
        (Bans(), "/bans"),
        (Search("два слова"), "/search два слова"),
    ],
)
def test_an_order_is_reminded_of_as_it_was_typed(order: Wish, typed: str) -> None:
    assert write_order(order) == typed
