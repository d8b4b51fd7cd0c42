"""Live messages: the output of a command as a message that grows."""

from typing import Any

import pytest

from chat_protocol import messages as m
from chat_protocol.commands import Show
from chat_protocol.live import MAX_BODY, MAX_TAIL_LINES
from tcp_server.log import body as body_module
from tcp_server.log.body import Body
from tcp_server.room.commands import LiveShown
from tcp_server.room.growing import Growing
from tests.tcp_server.live_room import BOB, GRACE, body, events, live, live_room, output, whole_body
from tests.tcp_server.room_harness import SECRET, RoomHarness, moderated_room


@pytest.fixture
def room() -> RoomHarness:
    return live_room()


def test_a_start_and_an_end_are_told_to_all(room: RoomHarness) -> None:
    started = events(room, "a", m.Message)[0]
    assert (started.id, started.name, started.text, started.kind) == (BOB, "Боб", "make test", "live")
    assert started.live == m.Live("open")
    output(room, "один\nдва\n", 0)
    room.advance(12)
    room.received("b"), room.received("a")
    room.handle("b", m.End(id=BOB, code=2, ref="end"))
    changed, ack = events(room, "b", m.Changed, m.Ack)
    assert (ack.ref, ack.id, changed.id, changed.act, changed.mine) == ("end", 3, 3, "end", [])
    assert changed.message.live == m.Live("failed", 12.0, 2, 16, 2, "один\nдва\n")
    (others,) = events(room, "a", m.Changed)
    assert others.message == changed.message
    assert others.mine is None
    room.handle("b", m.End(id=BOB, code=2, ref="end"))  # the ack was lost
    assert room.summary("b") == ["ack end #3"]
    assert live(room) == changed.message.live
    assert whole_body(room) == "один\nдва\n"


def test_the_state_is_that_of_the_code(room: RoomHarness) -> None:
    room.handle("b", m.End(id=BOB, ref="end"))
    assert live(room) == m.Live("done", 0.0)


def test_a_repeated_start_has_the_same_ack(room: RoomHarness) -> None:
    assert room.summary("b")[0] == "ack start #1"
    room.handle("b", m.Start("start", "make test"))
    assert room.summary("b") == ["ack start #1"]
    assert room.history.last == 2


@pytest.mark.parametrize(
    ("title", "code"), [(" \x1b[31m", "blank"), ("x" * 201, "too_long"), ("\u2800", "blank")]
)
def test_titles_that_are_refused(room: RoomHarness, title: str, code: str) -> None:
    room.received("b")
    room.handle("b", m.Start("s", title))
    assert room.summary("b") == [f"error {code} s"]


def test_output_is_cleaned_and_counted(room: RoomHarness) -> None:
    assert output(room, "\x1b[31mкрасный\x1b[2J\a\n", 0).end == 20
    assert output(room, "ещё\n", 20, ref="o") == m.Received(id=BOB, end=27, ref="o")
    assert output(room, "ещё\nи\n", 20).end == 30  # some of it was there
    assert output(room, "", 0).end == 30
    assert whole_body(room) == "\x1b[31mкрасный\nещё\nи\n"


def test_behind_the_end_something_is_left_out(room: RoomHarness) -> None:
    output(room, "a\n", 0)
    assert output(room, "b\n", 100).end == 102
    room.advance(3)
    answer = body(room)
    assert (answer.text, answer.left_out, answer.end) == ("a\n", (2, 100), 102)
    assert answer.more
    assert whole_body(room) == "a\nb\n"


def test_the_first_and_the_last_lines_are_kept(room: RoomHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "MAX_KEPT", 100_000)
    lines = [f"{number}\n" for number in range(60_000)]
    sent = 0
    for first in range(0, len(lines), 2500):
        text = "".join(lines[first : first + 2500])
        sent = output(room, text, sent).end
    room.handle("b", m.End(id=BOB, code=0))
    text, whole = whole_body(room), "".join(lines)
    answer = body(room)
    assert answer.end == sent == len(whole)
    start, stop = answer.left_out
    assert text == whole[:start] + whole[stop:]
    assert 2 * 100_000 - 20 < len(text) <= 2 * 100_000
    assert live(room).lines == 60_000


def test_an_offset_may_be_within_a_character(room: RoomHarness) -> None:
    output(room, "да\n", 0)
    for _ in range(2):
        answer = body(room, 1)
        assert (answer.start, answer.text, answer.end) == (2, "а\n", 5)
        room.advance(3)  # now the log has it


def test_what_another_server_has_taken_may_end_within_a_character() -> None:
    growing, kept = Growing(), Body()
    growing.add(0, "да\n".encode(), 0.0)
    kept.add(0, b"x\n\n")
    growing.follow(kept)
    assert growing.take() == [(3, "\n")]


def test_a_tail_is_replaced(room: RoomHarness) -> None:
    output(room, "a\n", 0, tail="1 %")
    output(room, "", 2, tail="2 %\x1b[K")
    answer = body(room, follow=True)
    assert (answer.text, answer.tail) == ("a\n", "2 %")
    room.now += 1
    output(room, "", 2, tail="\n".join(map(str, range(80))))
    (sent,) = events(room, "a", m.FollowedOutput)
    assert sent.tail.split("\n") == [*map(str, range(80))][-MAX_TAIL_LINES:]
    output(room, "b\n", 2, tail="")
    room.advance(1)
    (sent,) = events(room, "a", m.FollowedOutput)
    assert (sent.offset, sent.text, sent.tail) == (2, "b\n", "")


def test_who_follows_is_sent_all_in_order(room: RoomHarness) -> None:
    text, end = body(room, follow=True).text, 0
    sent = ""
    for number in range(50):
        line = f"{number} " + "x" * 3000 + "\n"
        sent += line
        end = output(room, line, end).end
        room.now += 0.1
        for one in events(room, "a", m.FollowedOutput):
            assert one.offset == len(text)
            text += one.text
    room.handle("b", m.End(id=BOB, code=0))
    for _ in range(3):
        room.advance(0.5)
        text += "".join(one.text for one in events(room, "a", m.FollowedOutput))
    assert text == sent
    assert not room.room._requests.outputs._followers.followed


def test_a_slow_reader_is_sent_nothing_until_it_has_read(room: RoomHarness) -> None:
    busy = {"a"}
    followers: Any = room.room._requests.outputs._followers
    followers._is_busy = busy.__contains__
    body(room, follow=True)
    output(room, "a\n", 0)
    room.advance(1)
    output(room, "b\n", 2)
    room.advance(1)
    assert events(room, "a", m.FollowedOutput) == []
    busy.clear()
    room.advance(1)
    assert events(room, "a", m.FollowedOutput) == [m.FollowedOutput(BOB, 0, "a\nb\n")]


def test_following_ends(room: RoomHarness) -> None:
    body(room, follow=True)
    output(room, "a\n", 0)
    body(room, follow=False)
    room.advance(1)
    assert events(room, "a", m.FollowedOutput) == []
    body(room, follow=True)
    room.leave("a")
    output(room, "b\n", 2)
    room.advance(1)
    assert events(room, "a", m.FollowedOutput) == []


def test_previews_are_the_last_lines_once_a_second(room: RoomHarness) -> None:
    room.received("a")
    end = 0
    for number in range(200):
        end = output(room, f"{number} \x1b[32m{'я' * 100}\n", end, tail="50 %").end
        room.now += 0.01
    previews = events(room, "a", m.Preview)
    assert 2 <= len(previews) <= 3
    room.advance(1)
    (preview,) = events(room, "a", m.Preview)
    assert preview.lines == 201
    assert preview.text.endswith("я\n50 %")
    assert 700 < len(preview.text.encode()) <= 1024
    room.advance(1)
    assert events(room, "a", m.Preview) == []


def test_who_joins_is_sent_the_last_lines_of_what_runs(room: RoomHarness) -> None:
    room.join("early", "Ранний")
    assert room.received("early") == []  # there are none yet
    output(room, "a\nb\n", 0, tail="50 %")  # just now: not in the log
    now = m.Preview(BOB, 3, "a\nb\n50 %")
    room.join("new", "Новый")
    assert room.received("new") == [now]
    session = room.join("page", "Вера 2").session
    room.leave("page")
    output(room, "c\n", 4, tail="")
    room.now += 0.1  # too soon for a preview
    room.join("again", "", session=session, since=m.Position(room.history.epoch, room.history.last))
    assert room.received("again") == [m.Preview(BOB, 3, "a\nb\nc\n")]
    room.join("quiet", "cron", quiet=True)
    assert room.received("quiet") == []
    room.handle("b", m.End(id=BOB, code=0))
    room.join("late", "Поздний")
    assert room.received("late") == []


def test_a_crowd_has_no_previews() -> None:
    room = RoomHarness(crowd=2)
    room.join("a", "Анна"), room.join("b", "Боб")
    room.handle("b", m.Start("s", "make"))
    body(room, follow=True)
    output(room, "a\n", 0)
    room.advance(1)
    assert events(room, "a", m.Preview, m.FollowedOutput) == [m.FollowedOutput(BOB, 0, "a\n")]
    room.join("new", "Новый")
    assert events(room, "new", m.Preview) == []


@pytest.mark.parametrize("moderator", [False, True])
def test_deleting_it_ends_it(room: RoomHarness, moderator: bool) -> None:
    output(room, "секрет\n", 0)
    room.advance(3)
    room.handle("a" if moderator else "b", m.Delete(id=BOB))
    assert output(room, "a\n", 0).code == "is_deleted"
    assert body(room).code == "is_deleted"
    assert not room.room._fold.lives.open
    assert not room.history.bodies.bytes
    room.handle("b", m.End(id=BOB, ref="end"))
    assert room.summary("b") == ["error is_deleted end"]
    room.advance(60)
    assert events(room, "a", m.Changed)[1:] == []


def test_it_is_answered_and_reacted_to(room: RoomHarness) -> None:
    room.received("a")
    room.handle("a", m.React(id=BOB, emoji="👍", ref="r"), m.Say("ого", "2", reply=BOB))
    changed = next(event for event in room.received("b") if isinstance(event, m.Changed))
    assert changed.message.live == m.Live("open")
    room.handle("b", m.End(id=BOB))
    welcome = room.join("new", "Новый")
    assert welcome.messages[0].reactions
    assert welcome.messages[0].live
    assert welcome.messages[2].reply == m.Quote(BOB, "Боб", "make test")


def test_one_that_nobody_goes_on_with_is_lost(room: RoomHarness) -> None:
    output(room, "a\n", 0)
    room.leave("b")
    room.advance(1)
    room.join("b2", "Боб", session=SECRET)  # a page of the same person
    room.advance(GRACE - 2)
    room.received("a")
    assert events(room, "a", m.Changed) == []
    room.advance(3)
    (changed,) = events(room, "a", m.Changed)
    assert (changed.act, changed.by) == ("end", "Боб")
    assert changed.message.live == m.Live("lost", 22.0, None, 2, 1, "a\n")
    assert output(room, "", 0, "b2").code == "has_ended"


def test_a_lost_one_has_what_came_last() -> None:
    room = moderated_room(grace=0.5)
    room.handle("b", m.Start("start", "make"))
    room.handle("a", m.Say("что там?", "1"))
    output(room, "a\n", 0, tail="50 %")
    room.leave("b")
    while live(room).state == "open":
        room.advance(0.4)  # sooner than it is in the log otherwise
    assert live(room) == m.Live("lost", 1.2, None, 2, 1, "a\n")
    assert (whole_body(room), body(room).tail) == ("a\n", None)


def test_it_goes_on_over_another_connection(room: RoomHarness) -> None:
    output(room, "a\n", 0)
    room.leave("b")
    room.advance(GRACE / 2)
    room.join("b2", "Боб", session=SECRET)
    assert output(room, "", 0, "b2").end == 2
    room.advance(3 * GRACE)
    assert output(room, "b\n", 2, "b2").end == 4
    room.handle("b2", m.End(id=BOB, code=0))
    assert live(room).state == "done"
    assert whole_body(room) == "a\nb\n"


def test_a_quiet_connection_may_read_one_and_neither_start_nor_follow_one(room: RoomHarness) -> None:
    room.join("q", "cron", quiet=True)
    room.handle("q", m.Start("s", "make"), m.BodyRequest(id=BOB, ref="b", follow=True))
    assert room.summary("q") == ["error join_first s", "error join_first b"]
    room.handle("q", m.BodyRequest(id=BOB, ref="b"))
    (body,) = room.received("q")
    assert isinstance(body, m.Body)


def test_a_room_that_keeps_nothing_has_none() -> None:
    room = RoomHarness(history="off")
    assert "live" not in room.join("a", "Анна").can
    room.handle("a", m.Start("s", "make"))
    assert room.summary("a") == ["error unavailable s"]


def test_it_is_shown_whole_in_text(room: RoomHarness) -> None:
    output(room, "\x1b[31mодин\n", 0, tail="50 %")
    room.received("c")
    room.handle("c", Show(BOB))
    (shown,) = events(room, "c", LiveShown)
    assert shown.output == "один\n50 %"
    output(room, "x" * 1000 + "\n", 10_000)
    for number in range(30):
        output(room, "y" * 15_000 + "\n", 11_001 + number * 15_001)
    room.received("c")
    room.handle("c", Show(BOB))
    (shown,) = events(room, "c", LiveShown)
    assert shown.output.startswith("[…]\nyyy")
    assert len(shown.output) <= 256 * 1024 + 10


def test_a_large_body_comes_in_pieces(room: RoomHarness) -> None:
    for number in range(10):
        output(room, "y" * 15_000 + "\n", number * 15_001)
    answer = body(room)
    assert len(answer.text) <= MAX_BODY
    assert answer.more
    assert whole_body(room) == ("y" * 15_000 + "\n") * 10
