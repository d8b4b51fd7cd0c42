"""What clients are told of the members of a crowd."""

from typing import Any

import pytest

from chat_protocol import messages as m
from tcp_server.dialects.output import JSON, LINES, PLAIN
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.room.commands import LocalEvent, OnlyInText
from tests.tcp_server.room_harness import SECRET, RoomHarness

INTERVAL = 5.0
GRACE = 20.0


def room_of(people: int, crowd: int = 10, **settings: Any) -> RoomHarness:
    """Return a room with people at the connections "0", "1", …, all in json."""
    harness = RoomHarness(crowd=crowd, **settings)
    for number in range(people):
        harness.join(str(number), f"имя {number:03}")
    for number in range(people):
        harness.received(str(number))
    return harness


def told(harness: RoomHarness, connection: str) -> list[m.Event | LocalEvent]:
    """Return what a client in json was sent since the last call."""
    return [event for event in harness.received(connection) if not isinstance(event, OnlyInText)]


def test_a_room_becomes_a_crowd_and_all_are_told_once() -> None:
    harness = room_of(9)
    assert told(harness, "0") == []
    welcome = harness.join("9", "имя 009")
    assert (welcome.count, len(welcome.members)) == (10, 10)
    names = [f"имя {number:03}" for number in range(10)]
    assert told(harness, "0") == told(harness, "8") == [m.Crowd(True, 10, names)]
    assert harness.join("10", "имя 010").count == 11
    harness.leave("1", hold_name=False)
    harness.handle("2", m.Typing())
    assert told(harness, "0") == []


def test_text_dialects_are_told_who_comes_and_goes_as_ever() -> None:
    harness = room_of(9)
    harness.join_as_text("text", "Вера")
    for number in (9, 10):
        harness.join(str(number), f"имя {number:03}")
    harness.leave("1", hold_name=False)
    events = harness.received("text")
    lines = "имя 009 присоединился к чату!\nимя 010 присоединился к чату!\nимя 001 покинул чат.\n"
    assert LINES.encode(events).decode() == PLAIN.encode(events).decode() == lines
    assert JSON.encode(events) == b""
    assert b'"crowd"' in JSON.encode(harness.received("0"))


def test_the_number_is_told_when_it_has_changed_but_not_too_often() -> None:
    harness = room_of(10)
    harness.advance(INTERVAL)
    assert told(harness, "0") == []
    harness.join("10", "имя 010")
    harness.join("11", "имя 011")
    harness.advance(0.5)
    assert told(harness, "0") == told(harness, "11") == [m.MemberCount(12)]
    harness.leave("11", hold_name=False)
    harness.advance(INTERVAL - 0.5)
    assert told(harness, "0") == []
    harness.advance(0.5)
    assert told(harness, "0") == [m.MemberCount(11)]


def test_a_newcomer_is_told_the_number_also_if_the_others_know_it() -> None:
    harness = room_of(10)
    for connection in ("8", "9"):
        harness.leave(connection, hold_name=False)
    assert harness.join("10", "имя 010").count == 9
    harness.join("11", "имя 011")
    harness.advance(INTERVAL)
    assert told(harness, "10") == [m.MemberCount(10)]


def test_a_crowd_ends_below_four_fifths_and_all_are_told_who_is_left() -> None:
    harness = room_of(10)
    for number in (9, 8):
        harness.leave(str(number), hold_name=False)
    harness.advance(0.5)
    assert not any(isinstance(event, m.Crowd) for event in told(harness, "0"))
    harness.leave("7", hold_name=False)
    assert told(harness, "0") == []
    harness.advance(0.5)
    names = [f"имя {number:03}" for number in range(7)]
    assert told(harness, "0") == [m.Crowd(False, 7, names)]
    assert harness.join("x", "имя 007").count is None
    assert [type(event) for event in told(harness, "0")] == [m.Joined]
    harness.handle("1", m.Typing())
    assert told(harness, "0") == [m.Typing("имя 001")]


def test_the_welcome_of_a_crowd_is_short_and_has_oneself() -> None:
    harness = RoomHarness(crowd=10, max_name=32)
    for number in range(300):
        harness.join(str(number), f"{number:03}" + "\U00010400" * 20)
    welcome = harness.join("x", "Яна", history=0)
    assert welcome.count == 301
    assert len(welcome.members) == 100
    assert welcome.members[-1] == "Яна"
    assert [name[:3] for name in welcome.members[:99]] == [f"{number:03}" for number in range(99)]
    assert len(JSON.encode([welcome])) < 64 * 1024
    assert harness.join("y", "!", history=0).members[0] == "!"
    quiet = harness.join("q", "quiet one", quiet=True)
    assert (quiet.count, "quiet one" in quiet.members) == (302, False)


def test_one_who_resumes_in_a_crowd_is_counted_once() -> None:
    harness = room_of(10)
    harness.join("a", "Анна", session=SECRET)
    harness.advance(INTERVAL)
    assert told(harness, "0") == [m.MemberCount(11)]
    harness.leave("a")
    welcome = harness.join("b", "Анна", session=SECRET)
    assert (welcome.count, "Анна" in welcome.members) == (11, True)
    harness.advance(INTERVAL)
    assert told(harness, "0") == []
    harness.leave("b")
    harness.advance(GRACE)
    assert told(harness, "0") == [m.MemberCount(10)]


def test_a_crowd_is_one_still_after_a_restart() -> None:
    history = MemoryHistory(100)
    harness = RoomHarness(history, crowd=10)
    for number in range(12):
        harness.join(str(number), f"имя {number:03}", session=f"{SECRET} {number}")
    harness = RoomHarness(history, crowd=10)
    assert harness.join("0", "имя 000", session=f"{SECRET} 0").count == 12
    harness.advance(GRACE)
    assert told(harness, "0") == [m.Crowd(False, 1, ["имя 000"])]


def test_without_the_setting_there_is_no_crowd() -> None:
    harness = room_of(30, crowd=0)
    harness.join("x", "x")
    assert [type(event) for event in told(harness, "0")] == [m.Joined]


def test_moderators_act_on_those_who_are_in_no_list() -> None:
    harness = room_of(120, moderator_password="страж")
    harness.join_as_moderator("mod", "Страж")
    harness.join("z", "Ящик")
    told(harness, "0")
    harness.handle("mod", m.Whois("ящик"))
    assert any(isinstance(event, m.Whois) and event.name == "Ящик" for event in told(harness, "mod"))
    harness.moderate("mod", "kick", "ящик")
    assert m.Bye("kicked") in told(harness, "z")
    (notice,) = told(harness, "0")
    assert isinstance(notice, m.Message)


@pytest.mark.parametrize("people", [3, 120])
def test_people_come_in_pages(people: int) -> None:
    harness = room_of(people)
    found: list[str] = []
    more = True
    while more:
        harness.handle("0", m.People(after=found[-1] if found else "", ref="r"))
        (page,) = told(harness, "0")
        assert isinstance(page, m.People)
        assert (page.ref, page.count) == ("r", people)
        assert len(page.members) <= 100
        found += page.members
        more = page.more
    assert found == [f"имя {number:03}" for number in range(people)]


@pytest.mark.parametrize(
    ("request_", "members", "more"),
    [
        (m.People("ИМЯ  00", limit=2), ["имя 000", "имя 001"], True),
        (m.People("имя 00", "имя 007", 100_000), ["имя 008", "имя 009"], False),
        (m.People("никто"), [], False),
        (m.People(limit=0), [], True),
        (m.People("\x1b[31m\u202e\0имя 011\n"), ["имя 011"], False),
        (m.People("\U00010400" * 256, "\ufdfa" * 256), [], False),
    ],
)
def test_odd_questions_about_people_have_an_answer(
    request_: m.People, members: list[str], more: bool
) -> None:
    harness = room_of(12)
    harness.handle("0", request_)
    (page,) = told(harness, "0")
    assert isinstance(page, m.People)
    assert (page.members, page.count, page.more) == (members, 12, more)
    assert [person.name for person in page.people] == members
    assert all(person.at for person in page.people)
