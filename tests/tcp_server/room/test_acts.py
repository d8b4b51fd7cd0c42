"""Acts on messages, through the room: edit, delete, react; replies, actions and mentions."""

from typing import Any

import pytest
from msgspec.structs import replace

from chat_protocol import messages as m
from chat_protocol.codec import encode
from chat_protocol.contract import SYSTEM_NAME
from tcp_server.log.history import Unavailable
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.room.commands import LocalEvent, Request
from tests.tcp_server.room_harness import SECRET, RoomHarness, moderated_room

HEART = "❤️"


@pytest.fixture
def room() -> RoomHarness:
    """Анна ("a") is a moderator; Боб ("b") and Вера ("c", in a text dialect) have said 1 and 2."""
    harness = moderated_room()
    harness.handle("b", m.Say("hello", "1"))
    harness.handle("c", m.Say("hi"))
    start = harness.history.last - 2
    assert start >= 0
    for connection in "abc":
        harness.received(connection)
    return harness


def changed(harness: RoomHarness, connection: str) -> list[m.Changed]:
    return [event for event in harness.received(connection) if isinstance(event, m.Changed)]


def error(harness: RoomHarness, connection: str, request: Any) -> tuple[str, str | None]:
    """Handle a request that must be refused, without effect; return its code and ref."""
    before, last = harness.history.before(1000, 1000), harness.history.last
    harness.handle(connection, request)
    (refused,) = harness.received(connection)
    assert isinstance(refused, m.Error)
    assert harness.history.before(1000, 1000) == before
    assert harness.history.last == last
    for other in "abc":
        assert harness.received(other) == []
    return refused.code, refused.ref


def test_an_edit_is_seen_by_all_and_acknowledged(room: RoomHarness) -> None:
    room.handle("b", m.Edit(id=1, text="good morning", ref="2"))
    own, ack = room.received("b")
    assert isinstance(own, m.Changed)
    assert (own.id, own.by, own.act, own.message.id, own.message.text) == (
        3,
        "Боб",
        "edit",
        1,
        "good morning",
    )
    assert own.message.edited == own.at
    assert own.mine == []
    assert ack == m.Ack("2", 3, own.at)
    assert room.received("a") == room.received("c") == [m.Changed(3, own.at, "Боб", "edit", own.message)]
    room.handle("a", m.Say("next", "1"))
    assert [event.id for event in room.received("b") if isinstance(event, m.Message)] == [4]


def test_one_in_a_text_dialect_edits_and_deletes_what_the_same_connection_has_said(room: RoomHarness) -> None:
    room.handle("c", m.Edit(id=2, text="hey"), m.Delete(id=2))
    assert [one.act for one in changed(room, "c")] == ["edit", "delete"]
    room.handle("c", m.Say("more"))
    room.leave("c", hold_name=False)
    room.join_as_text("c", "Вера")
    room.handle("c", m.Delete(id=5))
    assert isinstance(refused := room.received("c")[-1], m.Error)
    assert refused.code == "not_yours"


def test_a_deleted_message_has_nothing_left(room: RoomHarness) -> None:
    room.handle("b", m.React(id=1, emoji=HEART, ref="2"), m.Edit(id=1, text="@Анна", ref="3"))
    room.handle("b", m.Delete(id=1, ref="4"))
    message = room.history.before(2, 1)[0]
    assert message == m.Message(1, message.at, "Боб", "", deleted=True)
    assert changed(room, "a")[-1].message == message


def test_reactions_are_counted_with_the_first_three_names(room: RoomHarness) -> None:
    for number in range(4):
        room.join(f"x{number}", f"Имя {number}")
        room.handle(f"x{number}", m.React(id=1, emoji="👍", ref="1"))
    room.handle("b", m.React(id=1, emoji=HEART, ref="2"))
    names = ("Имя 0", "Имя 1", "Имя 2")
    expected = [m.Reaction("👍", 4, names), m.Reaction(HEART, 1, ("Боб",))]
    assert _reactions(changed(room, "a")[-1].message) == expected
    own = changed(room, "b")[-1]
    assert (_reactions(own.message), own.mine) == (expected, [HEART])
    room.received("x1")
    room.handle("x1", m.React(id=1, emoji="👍", on=False, ref="2"))
    assert _reactions(changed(room, "a")[-1].message)[0] == m.Reaction("👍", 3, ("Имя 0", "Имя 2", "Имя 3"))
    assert changed(room, "x1")[-1].mine == []


def _reactions(message: m.Message) -> list[m.Reaction]:
    return [m.Reaction(one.emoji, one.count, tuple(one.names)) for one in message.reactions]


def test_the_same_reaction_twice_changes_nothing_but_is_acknowledged(room: RoomHarness) -> None:
    room.handle("b", m.React(id=1, emoji="👍", ref="2"), m.React(id=1, emoji="👍", ref="3"))
    acks = [event for event in room.received("b") if isinstance(event, m.Ack)]
    assert [(ack.ref, ack.id) for ack in acks] == [("2", 3), ("3", 4)]
    assert len(changed(room, "a")) == 1


def test_a_repeated_act_has_the_same_ack_and_no_second_effect(room: RoomHarness) -> None:
    room.handle("b", m.React(id=1, emoji="👍", ref="2"))
    first = room.received("b")[-1]
    room.handle("b", m.React(id=1, emoji="👍", on=False, ref="3"))
    room.received("a"), room.received("b")
    room.handle("b", m.React(id=1, emoji="👍", ref="2"))
    assert room.received("b") == [first]
    assert room.received("a") == []


def test_the_other_connections_of_a_person_learn_their_own_marks(room: RoomHarness) -> None:
    room.join("b2", "Боб", session=SECRET)
    room.handle("b", m.React(id=1, emoji="👍", ref="2"))
    assert [one.mine for one in changed(room, "b2")] == [None, ["👍"]]


def test_what_acts_of_one_kind_make_of_a_message_in_one_batch_is_sent_once(room: RoomHarness) -> None:
    outcomes = []
    for number in range(5):
        room.join(f"x{number}", f"Имя {number}")
        outcomes += room.room.handle(f"x{number}", [m.React(id=1, emoji="👍", ref="1")])
    outcomes += room.room.handle("b", [m.Edit(id=1, text="hey", ref="2"), m.React(id=2, emoji="👍", ref="3")])
    room.received("a")
    room.deliver(outcomes)
    told = changed(room, "a")
    assert [(one.id, one.act, one.message.id) for one in told] == [
        (7, "react", 1),
        (8, "edit", 1),
        (9, "react", 2),
    ]
    assert told[0].message.reactions[0].count == 5


@pytest.mark.parametrize("act", [m.Edit(id=1, text="x", ref="9"), m.Delete(id=1, ref="9")])
def test_only_ones_own_messages_are_edited_and_deleted(room: RoomHarness, act: Any) -> None:
    room.join("d", "Дима")
    for connection in "abc":
        room.received(connection)
    assert error(room, "d", act) == ("not_yours", "9")


@pytest.mark.parametrize(
    "act", [m.Edit(id=77, text="x", ref="9"), m.Delete(id=77, ref="9"), m.React(id=0, emoji="👍", ref="9")]
)
def test_an_act_on_no_message_is_refused(room: RoomHarness, act: Any) -> None:
    assert error(room, "b", act) == ("not_found", "9")


@pytest.mark.parametrize(
    "act",
    [
        m.Edit(id=1, text="x", ref="9"),
        m.Delete(id=1, ref="9"),
        m.React(id=1, emoji="👍", ref="9"),
        m.Say("x", "9", reply=1),
    ],
)
def test_an_act_on_a_deleted_message_is_refused(room: RoomHarness, act: Any) -> None:
    room.handle("b", m.Delete(id=1, ref="8"))
    for connection in "abc":
        room.received(connection)
    assert error(room, "b", act) == ("is_deleted", "9")


def test_an_act_on_a_notice_is_refused_but_an_announcement_can_be_answered(room: RoomHarness) -> None:
    room.moderate("a", "mute", "Вера")
    room.moderate("a", "announce", text="at noon")
    for connection in "abc":
        room.received(connection)
    assert error(room, "b", m.React(id=3, emoji="👍", ref="9")) == ("is_notice", "9")
    assert error(room, "b", m.Say("what?", "9", reply=3)) == ("is_notice", "9")
    room.handle("b", m.React(id=4, emoji="👍", ref="9"), m.Say("good", "10", reply=4))
    assert len(changed(room, "a")) == 1
    assert _quote(room) == m.Quote(4, SYSTEM_NAME, "at noon")


def test_an_edit_too_late_is_refused() -> None:
    room = moderated_room(edit_time=60.0)
    room.handle("b", m.Say("hello", "1"))
    room.advance(59)
    room.handle("b", m.Edit(id=1, text="hey", ref="2"))
    room.advance(2)
    for connection in "abc":
        room.received(connection)
    assert error(room, "b", m.Edit(id=1, text="ho", ref="3")) == ("too_late", "3")
    room.handle("b", m.Delete(id=1, ref="4"))
    assert changed(room, "b")[-1].act == "delete"


@pytest.mark.parametrize(("text", "code"), [("", "blank"), (" \u3164", "blank"), ("x" * 4001, "too_long")])
def test_the_text_of_an_edit_is_checked_like_a_new_one(room: RoomHarness, text: str, code: str) -> None:
    assert error(room, "b", m.Edit(id=1, text=text, ref="9")) == (code, "9")


def test_an_edit_in_a_text_dialect_is_checked_too(room: RoomHarness) -> None:
    assert error(room, "c", m.Edit(id=2, text="x" * 4001)) == ("too_long", None)


def test_the_text_of_an_edit_is_cleaned(room: RoomHarness) -> None:
    room.handle("b", m.Edit(id=1, text="a\x1b[31mb", ref="2"))
    assert changed(room, "a")[-1].message.text == "ab"


def test_a_message_has_reactions_with_at_most_20_emojis(room: RoomHarness) -> None:
    emojis = [chr(0x1F600 + number) for number in range(20)]
    for number, emoji in enumerate(emojis):
        room.handle("b", m.React(id=1, emoji=emoji, ref=f"2{number:02}"))
    for connection in "abc":
        room.received(connection)
    assert error(room, "a", m.React(id=1, emoji="👍", ref="9")) == ("too_many_emojis", "9")
    room.handle("a", m.React(id=1, emoji=emojis[0], ref="10"))
    assert changed(room, "b")[-1].message.reactions[0].count == 2


def test_who_is_muted_may_only_delete(room: RoomHarness) -> None:
    room.moderate("a", "mute", "Боб", seconds=60)
    for connection in "abc":
        room.received(connection)
    assert error(room, "b", m.React(id=1, emoji="👍", ref="9")) == ("muted", "9")
    assert error(room, "b", m.Edit(id=1, text="x", ref="9")) == ("muted", "9")
    assert error(room, "b", m.Say("@Анна", "9")) == ("muted", "9")
    room.handle("b", m.Delete(id=1, ref="10"))
    assert changed(room, "a")[-1].act == "delete"


@pytest.mark.parametrize(
    "request_", [m.Delete(id=1, ref="9"), m.Moderate("delete", id=1, text="spam", ref="9")]
)
def test_a_moderator_deletes_a_message_of_somebody_else_with_a_notice(
    room: RoomHarness, request_: Any
) -> None:
    room.handle("a", request_)
    notice, ack, own = room.received("a")
    assert isinstance(notice, m.Message)
    assert isinstance(own, m.Changed)
    assert notice.notice is not None
    assert (notice.notice.act, notice.notice.id, notice.id) == ("delete", 1, 3)
    assert ack == m.Ack("9", 3, notice.at)
    assert (own.id, own.act, own.message.deleted) == (4, "delete", True)
    assert room.received("b") == [notice, own]


def test_a_reply_quotes_the_message_as_it_is(room: RoomHarness) -> None:
    room.handle("c", m.Say("why?", reply=1))
    (message,) = room.received("b")
    assert isinstance(message, m.Message)
    assert message.reply == m.Quote(1, "Боб", "hello")
    room.handle("b", m.Edit(id=1, text="good\nmorning", ref="2"))
    assert _quote(room) == m.Quote(1, "Боб", "good morning")
    room.handle("b", m.Edit(id=1, text="word " * 100, ref="3"))
    assert len(_quote(room).excerpt) == 100
    for ref, text, quoted in [
        ("4", "look:\n```python\nprint(1)\n```\nyes", "look: print(1) yes"),
        ("5", "```a``` b", "```a``` b"),
        ("6", "```\n```", "``` ```"),
    ]:
        room.handle("b", m.Edit(id=1, text=text, ref=ref))
        assert _quote(room) == m.Quote(1, "Боб", quoted)
    room.handle("b", m.Delete(id=1, ref="7"))
    assert _quote(room) == m.Quote(1, "Боб", "")


def _quote(room: RoomHarness) -> m.Quote:
    """Return the quote of the newest message with one, as a newcomer is sent it."""
    room.handle("a", m.HistoryRequest())
    page = room.received("a")[-1]
    assert isinstance(page, m.HistoryPage)
    return [message.reply for message in page.messages if message.reply][-1]


def test_a_reply_to_a_message_that_is_forgotten_has_only_its_number(room: RoomHarness) -> None:
    room.handle("c", m.Say("why?", reply=1))
    room.history.forget(2)
    assert _quote(room) == m.Quote(1)


def test_an_action_and_mentions_are_part_of_the_message(room: RoomHarness) -> None:
    room.handle("b", m.Say("waves to @вера", "2", kind="action"))
    (message,) = room.received("a")
    assert isinstance(message, m.Message)
    assert (message.kind, message.mentions) == ("action", ["Вера"])
    room.handle("b", m.Edit(id=3, text="waves to @Анна and @all", ref="3"))
    assert changed(room, "a")[-1].message.mentions == ["Анна"]
    room.handle("a", m.Say("@all", "1"))
    assert [event.mentions for event in room.received("a") if isinstance(event, m.Ack)] == [["all"]]
    assert room.history.before(100, 1)[0].mentions == ["all"]


def test_a_text_that_calls_nobody_has_no_mentions(room: RoomHarness) -> None:
    room.handle("b", m.Say("mail to b@example.org", "2"), m.Edit(id=1, text="@nobody", ref="3"))
    sent = [*room.received("a"), *room.received("b")]
    assert len(sent) == 5
    assert not any(b"mentions" in encode(event) for event in sent if not isinstance(event, LocalEvent))


def test_a_newcomer_knows_what_is_their_own(room: RoomHarness) -> None:
    room.handle("b", m.React(id=2, emoji="👍", ref="2"))
    room.handle("c", m.React(id=2, emoji="👍"))
    welcome = room.join("b2", "Боб", session=SECRET)
    assert [message.mine for message in welcome.messages] == [True, False]
    assert [one.mine for one in welcome.messages[1].reactions] == [True]
    always = ("action", "mention", "link", "topic", "away")
    assert welcome.can == ("reply", "edit", "delete", "react", *always, "live")
    welcome = room.join("d", "Дима")
    assert not any(message.mine for message in welcome.messages)


def test_who_comes_back_learns_what_has_changed_meanwhile(room: RoomHarness) -> None:
    since = m.Position(room.history.epoch, 2)
    room.handle("b", m.React(id=2, emoji="👍", ref="2"), m.Edit(id=1, text="hey", ref="3"))
    room.handle("b", m.Say("new", "4"), m.Edit(id=5, text="newer", ref="5"))
    welcome = room.join("d", "Дима", since=since)
    assert [(one.id, one.text) for one in welcome.changed] == [(2, "hi"), (1, "hey")]
    assert [(one.id, one.text) for one in welcome.messages] == [(5, "newer")]
    assert (welcome.missed, welcome.last, welcome.stale) == (0, 6, False)
    again = room.join("e", "Ева", since=m.Position(room.history.epoch, 3))
    assert [one.id for one in again.changed] == [1]


def test_who_missed_too_many_changes_begins_anew(room: RoomHarness) -> None:
    for number in range(201):
        room.handle("b", m.Say("text", f"s{number:03}"))
    since = m.Position(room.history.epoch, room.history.last)
    for number in range(201):
        room.handle("b", m.React(id=3 + number, emoji="👍", ref=f"t{number:03}"))
    welcome = room.join("d", "Дима", since=since)
    assert (welcome.stale, welcome.changed, welcome.missed) == (True, (), 0)
    assert len(welcome.messages) == 50


def test_without_kept_messages_nothing_can_be_done_to_them() -> None:
    room = RoomHarness(MemoryHistory(0), history="off")
    assert room.join("a", "Анна").can == ("action", "mention", "link", "topic", "away")
    room.handle("a", m.Say("x", "1"), m.React(id=1, emoji="👍", ref="2"))
    assert isinstance(refused := room.received("a")[-1], m.Error)
    assert refused.code == "not_found"


def test_an_act_that_cannot_be_stored_is_answered_with_an_error(room: RoomHarness) -> None:
    def fail() -> None:
        raise Unavailable("the disk is full")

    commit, room.history.commit = room.history.commit, fail  # type: ignore[method-assign]
    room.handle("b", m.React(id=1, emoji="👍", ref="2"))
    room.handle("c", m.React(id=1, emoji="👍"))
    room.history.commit = commit  # type: ignore[method-assign]
    (refused,) = [event for event in room.received("b") if isinstance(event, m.Error)]
    assert (refused.code, refused.ref) == ("unavailable", "2")
    assert [type(event) for event in room.received("c")] == [m.Error]
    assert room.received("a") == []
    room.handle("b", m.React(id=1, emoji=HEART, ref="3"))
    assert [one.emoji for one in changed(room, "a")[-1].message.reactions] == [HEART]


def test_no_page_or_welcome_has_an_act_that_could_not_be_stored(room: RoomHarness) -> None:
    def fail() -> None:
        raise Unavailable("the disk is full")

    before = room.history.before(100, 100)
    since = m.Position(room.history.epoch, room.history.last)
    acts: list[Request] = [
        m.Edit(id=1, text="new", ref="2"),
        m.React(id=2, emoji="👍", ref="3"),
        m.Delete(id=1, ref="4"),
        m.HistoryRequest(),
    ]
    outcomes = room.room.handle("b", acts)
    outcomes += room.room.join("d", m.Join("Дана", since=since))
    outcomes += room.room.join("e", m.Join("Ева"))
    room.history.commit = fail  # type: ignore[method-assign]
    room.deliver(outcomes)
    (page,) = [event for event in room.received("b") if isinstance(event, m.HistoryPage)]
    returned, new = room.received("d")[0], room.received("e")[0]
    assert isinstance(returned, m.Welcome)
    assert isinstance(new, m.Welcome)
    assert page.messages == [replace(before[0], mine=True), before[1]]
    assert [*returned.changed] == [*reversed(before)]
    assert new.messages == before
