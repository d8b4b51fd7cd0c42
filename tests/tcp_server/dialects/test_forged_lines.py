"""No member can have a name with which a message looks like a line of the server itself."""

from collections.abc import Iterator
from itertools import takewhile
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol import messages as m
from chat_protocol.commands import ChangeOutput
from chat_protocol.contract import BANNED, FULL, HAS_JOINED, HAS_LEFT, PASSWORD_PROMPT, PROMPT, SAYS
from tcp_server.dialects.output import LINES, PLAIN, Output
from tcp_server.room.commands import (
    AwayNoted,
    Greeting,
    HelpText,
    LiveShown,
    LocalEvent,
    MemberList,
    NamePrompt,
    OnlyInText,
    OutputChanged,
    TopicShown,
)
from tcp_server.room.names import BadName, parse_name
from tcp_server.texts.languages import LANGUAGES
from tcp_server.texts.russian import RUSSIAN

AT = ("2026-11-22T05:43:03.120Z", "2031-08-09T17:28:54.000Z")
OUTPUTS: list[Output] = [PLAIN, *(LINES.changed(ChangeOutput(language=language)) for language in LANGUAGES)]
CODES = {
    *RUSSIAN.refusals,
    *RUSSIAN.errors,
    *RUSSIAN.errors_with_time,
    "password_required",
    "misuse",
    "another",
}
ABOUT_A_MEMBER = (m.Message, m.Joined, m.Left, OnlyInText)
WITHOUT_A_LINE = (
    *(m.Welcome, m.About, m.Ack, m.Link, m.Typing, m.Pong, m.Crowd, m.MemberCount, m.People, m.Person),
    *(m.Received, m.FollowedOutput, m.Preview, m.Body),
)


def events(variant: int) -> Iterator[m.Event | LocalEvent]:
    """Yield an event for each line that the server writes, with one of two values in each variable part."""
    word, number, at = "xy"[variant], (3, 74)[variant], AT[variant]
    for code in sorted(CODES):
        yield m.Error(code, word)
        yield m.Error(code, word, None, number)
    yield m.Error("name_taken", word, suggestion=word)
    for reason in [*RUSSIAN.bye_reasons, word]:
        yield m.Bye(reason)
    kept = [m.Message(number, at, word, word), m.Message(number, at, word, "", deleted=True)]
    yield from (
        m.HistoryPage(kept, False),
        m.Found(kept, False),
        m.HistoryPage([], False),
        m.Found([], False),
    )
    reaction = m.Reaction(word, number, [word])
    yield m.Changed(number, at, word, "react", m.Message(number, at, word, word, reactions=[reaction]))
    yield m.Changed(number, at, word, "react", m.Message(number, at, word, word))
    yield m.Changed(number, at, word, "delete", m.Message(number, at, word, "", deleted=True))
    for live in (m.Live("open"), m.Live("failed", 1.5, number, 9, 1, word), m.Live("lost", 1.5, gone=True)):
        yield LiveShown(m.Message(number, at, word, word, kind="live", live=live), word)
    bans = [m.BanEntry(word, at, None, word, word), m.BanEntry(word, at, at, word)]
    yield from (m.Bans(bans), m.Bans(), m.Whois(word, [word]), m.Whois(word, at=at))
    yield from (m.Role(moderator=True), m.Role(moderator=False), m.Throttled(number))
    yield from (
        Greeting([word], number),
        Greeting([], 0),
        Greeting([], 0, room=word),
        Greeting([], 0, topic=m.Topic(number, at, word, word)),
        TopicShown(m.Topic(number, at, word, word)),
        TopicShown(None),
        MemberList([word], number),
        MemberList([word], 1, {word: m.Person(word, None, True, True, word)}),
        AwayNoted(True),
        AwayNoted(False),
        HelpText(moderator=True),
        NamePrompt(),
    )
    yield from (OutputChanged(word), OutputChanged())


def lines(variant: int) -> Iterator[str]:
    for event in events(variant):
        for output in OUTPUTS:
            shown = output.encode([event]).decode().splitlines()
            yield from (line for line in shown if not line.startswith(" "))  # as no name does
    yield from (text.decode().strip("\n") for text in (PROMPT, PASSWORD_PROMPT, FULL, BANNED))


def common_beginning(one: str, other: str) -> str:
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


BEGINNINGS = sorted(set(map(common_beginning, lines(0), lines(1))))
"""Each line up to its first variable part."""


def is_name(name: str) -> bool:
    try:
        parse_name(name, 64)
    except BadName:
        return False
    return True


def begins_alike(name: str, beginning: str) -> bool:
    said = name + SAYS
    return said.startswith(beginning) or beginning.startswith(said)


def test_every_kind_of_event_is_there() -> None:
    types = {type(event) for event in events(0)}
    assert types == {*get_args(m.Event), *get_args(LocalEvent)} - {*ABOUT_A_MEMBER, *WITHOUT_A_LINE}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_no_name_makes_a_message_begin_like_a_line_of_the_server(beginning: str) -> None:
    assert beginning
    for name in (
        beginning[:end] + more for end in range(len(beginning) + 1) for more in ("", " x", "x", "2")
    ):
        assert not (begins_alike(name, beginning) and is_name(name)), name


@given(st.sampled_from(BEGINNINGS), st.integers(1, 40), st.text(max_size=10))
def test_nor_does_any_other_name(beginning: str, end: int, more: str) -> None:
    try:
        name = parse_name(beginning[:end] + more, 64).shown
    except BadName:
        return
    assert not any(begins_alike(name, other) for other in BEGINNINGS)


@pytest.mark.parametrize(
    "name",
    [
        "Enter the password",
        "Еntеr thе pаsswоrd",
        "Введите пароль",
        "введите  ПАРОЛЬ",
        "Bвeдитe пapoль",
        "Вы отключены",
        "Bы oтключeны 2",
    ],
)
def test_spellings_that_look_like_a_line_are_reserved(name: str) -> None:
    assert not is_name(name)


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_message_equals_a_line_that_begins_with_a_name(name: str, text: str) -> None:
    for event in (HAS_JOINED, HAS_LEFT):
        assert SAYS not in event
        if is_name(name):
            assert f"{name}{SAYS}{text}" != f"{name}{event}"
            assert ":" not in parse_name(name, 64).shown
