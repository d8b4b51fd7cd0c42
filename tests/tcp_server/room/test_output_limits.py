"""The limits of live messages, and what is refused."""

from collections import Counter

import pytest

from chat_protocol import messages as m
from chat_protocol.live import MAX_OUTPUT
from tests.tcp_server.live_room import BOB, body, events, live_room, output
from tests.tcp_server.room_harness import RoomHarness


@pytest.fixture
def room() -> RoomHarness:
    return live_room()


def test_what_is_refused(room: RoomHarness) -> None:
    assert output(room, "a\n", 0, "a").code == "not_yours"
    assert output(room, "a", 0).code == "bad_field"
    assert output(room, "я" * (MAX_OUTPUT // 2) + "\n", 0).code == "too_long"
    room.received("a"), room.received("b")
    room.handle("a", m.End(id=BOB, ref="e"), m.BodyRequest(id=2, ref="2"), m.BodyRequest(id=99, ref="3"))
    assert room.summary("a") == ["error not_yours e", "error not_found 2", "error not_found 3"]
    room.handle(
        "b", m.Edit(id=BOB, text="x", ref="4"), m.Output(id=2, offset=0, ref="5"), m.End(id=2, ref="6")
    )
    assert room.summary("b") == ["error is_live 4", "error not_found 5", "error not_yours 6"]
    room.handle("b", m.End(id=BOB), m.End(id=BOB, ref="7"), m.Output(id=BOB, offset=0, ref="8"))
    assert room.summary("b")[-2:] == ["error has_ended 7", "error has_ended 8"]


def test_at_most_five_are_open(room: RoomHarness) -> None:
    room.received("b")
    room.handle("b", *[m.Start(f"{number}", "make") for number in range(5)])
    assert room.summary("b")[-1] == "error too_many_open 4"
    room.handle("b", m.End(id=BOB))
    room.handle("b", m.Start("again", "make"))
    assert room.summary("b")[-1] == f"ack again #{room.history.last}"


def test_output_of_one_person_has_a_bound_an_hour(room: RoomHarness) -> None:
    line, end = "x" * (MAX_OUTPUT - 1) + "\n", 0
    for _ in range(1024):
        end = output(room, line, end).end
    refused = output(room, line, end)
    assert refused.code == "too_much"
    assert 0 < refused.retry_after < 10
    room.advance(refused.retry_after)
    assert output(room, line, end).end == end + MAX_OUTPUT


def test_the_muted_send_no_output_but_may_end_it(room: RoomHarness) -> None:
    room.moderate("a", "mute", "Боб", seconds=60)
    assert output(room, "a\n", 0).code == "muted"
    room.handle("b", m.Start("s", "make"))
    assert room.summary("b") == ["error muted s"]
    room.handle("b", m.End(id=BOB, ref="end"))
    assert room.summary("b")[-1] == "ack end #4"


def test_bodies_over_the_limit_are_gone_the_oldest_first() -> None:
    room = RoomHarness(keep_blocks=3000)
    room.join("a", "Анна")
    for number in range(4):
        room.handle("a", m.Start(f"{number}", "make"))
        room.handle(
            "a", m.Output(id=2 * number + 1, offset=0, text="x" * 999 + "\n"), m.End(id=2 * number + 1)
        )
    room.advance(1)
    welcome = room.join("b", "Борис")
    assert [one.live and one.live.gone for one in welcome.messages] == [True, False, False, False]
    answer = body(room)
    assert (answer.text, answer.left_out, answer.end, answer.more) == ("", (0, 1000), 1000, False)


def test_previews_have_a_bound_for_all(room: RoomHarness) -> None:
    for number in range(40):
        room.join(str(number), f"Имя {number}")
        room.handle(str(number), m.Start("s", "make"))
    room.received("a")
    for second in range(3):
        for number in range(40):
            room.handle(str(number), m.Output(id=3 + number, offset=second * 901, text="x" * 900 + "\n"))
        room.advance(1)
    size = sum(len(one.text) for one in events(room, "a", m.Preview))
    assert 32 * 1024 < size < 5 * 32 * 1024


def test_where_there_are_more_previews_than_the_bound_each_has_its_turn() -> None:
    room = RoomHarness()
    room.join("a", "Анна")
    for number in range(60):
        room.join(str(number), f"Имя {number}")
        room.handle(str(number), m.Start("s", "make"))
    room.received("a")
    for step in range(20):  # of half a second, always in the same order
        for number in range(60):
            room.handle(str(number), m.Output(id=1 + number, offset=step * 1001, text="x" * 1000 + "\n"))
        room.advance(0.5)
    shown = Counter(one.id for one in events(room, "a", m.Preview))
    assert len(shown) == 60
    assert max(shown.values()) - min(shown.values()) <= 1, shown
