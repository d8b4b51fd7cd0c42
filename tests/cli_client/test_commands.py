"""What a typed line means."""

import pytest

from chat_protocol.messages import Bans, Moderate, Whois
from cli_client.commands import PAGE, Mistake, Order, Verb, read_line


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
        ("/mute Боря 0m", "misuse_mute"),
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
