import pytest

from chat_protocol import messages as m
from chat_protocol.commands import Help, Show, Who
from chat_protocol.errors import BadMessage
from tcp_server.room import crowd
from tcp_server.room.commands import Greeting, HelpText, MemberList, TextJoin
from tests.tcp_server.room_harness import RoomHarness, moderated_room

# --- joining -------------------------------------------------------------------------


def test_joined_is_sent_to_the_others_only() -> None:
    harness = RoomHarness()
    welcome = harness.join("a", "Анна")
    assert (welcome.name, welcome.last, welcome.members) == ("Анна", 0, ["Анна"])
    assert welcome.limits == m.Limits(name=32, text=4000, line=65536, history=500, edit=3600)
    harness.join_as_text("b", "Борис")
    assert harness.summary("a") == ["joined Борис"]
    assert harness.received("b") == []
    assert harness.join("c", " Вера ").members == ["Анна", "Борис", "Вера"]
    assert harness.summary("b") == ["joined Вера"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "name_empty"),
        ("  ", "name_empty"),
        ("я" * 33, "name_too_long"),
        ("a\nb", "name_invalid"),
        ("a:b", "name_invalid"),
        ("анна", "name_taken"),
        ("Aнна", "name_taken"),
        ("Сервер", "name_reserved"),
    ],
)
def test_a_refused_name_changes_nothing(name: str, code: str) -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.deliver(harness.room.join("b", m.Join(name)))
    harness.deliver(harness.room.join("c", TextJoin(name)))
    assert harness.summary("b") == harness.summary("c") == [f"error {code}"]
    assert harness.received("a") == []
    assert set(harness.audience) == {"a"}
    assert harness.join("b", "Борис").members == ["Анна", "Борис"]


def test_a_connection_joins_once() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.handle("a", m.Join("Борис"))
    assert harness.summary("a") == ["error already_joined"]
    harness.handle("a", Who())
    assert harness.received("a") == [MemberList(["Анна"], 1)]


def test_a_connection_that_has_not_joined_is_ignored() -> None:
    harness = RoomHarness()
    assert harness.room.handle("a", [m.Say("a"), m.Ping(), m.Leave()]) == []
    assert harness.room.leave("a", hold_name=False) == []


def test_a_text_client_is_greeted_with_who_is_here() -> None:
    harness = RoomHarness()
    for number in range(12):
        name = f"Анна {number}"
        others = [f"Анна {other}" for other in range(min(number, 10))]
        harness.deliver(harness.room.join(name, TextJoin(name)))
        assert harness.received(name) == [Greeting(others, number)]


def test_a_list_of_names_is_bounded_in_number() -> None:
    harness = RoomHarness()
    for number in range(1002):
        harness.join_as_text(f"Анна {number}", f"Анна {number}")
    harness.handle("Анна 7", Who())
    (members,) = harness.received("Анна 7")[-1:]
    assert isinstance(members, MemberList)
    assert (len(members.names), members.total) == (1000, 1002)


def test_a_list_of_names_is_bounded_in_bytes() -> None:
    harness = RoomHarness(max_name=4000)
    for number in range(20):
        harness.join_as_text(f"a{number}", f"{'ы' * 3000} {number}")
    harness.deliver(harness.room.join("b", TextJoin("Борис")))
    harness.handle("b", Who())
    greeting, members = harness.received("b")
    assert greeting == Greeting([], 20)
    assert isinstance(members, MemberList)
    assert (len(members.names), members.total) == (10, 21)


def test_a_welcome_that_has_not_all_members_says_how_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = RoomHarness()
    assert harness.join("a", "Анна").count is None
    monkeypatch.setattr(crowd, "_MAX_WELCOME_BYTES", 24)
    assert harness.join("b", "Борис").members == ["Анна", "Борис"]
    welcome = harness.join("c", "Вера")
    assert (welcome.members, welcome.count) == (["Анна", "Борис"], 3)


# --- several connections of one person -----------------------------------------------


def test_connections_with_one_session_are_one_member() -> None:
    harness = RoomHarness()
    session = harness.join("desk", "Анна").session
    harness.join_as_text("b", "Борис")
    harness.received("desk")
    welcome = harness.join("phone", "Somebody Else", session=session)
    assert (welcome.name, welcome.session) == ("Анна", session)
    assert welcome.members == ["Анна", "Борис"]
    harness.handle("phone", m.Say("раз", "r"))
    assert harness.summary("phone") == ["ack r #1"]
    assert harness.summary("desk") == ["#1 Анна: раз"]
    harness.leave("desk", hold_name=False)
    harness.advance(100)
    assert harness.summary("b") == ["#1 Анна: раз"]
    harness.leave("phone", hold_name=False)
    assert harness.summary("b") == ["left Анна"]


def test_the_seventeenth_connection_replaces_the_first() -> None:
    harness = RoomHarness()
    session = harness.join("c0", "Анна").session
    for number in range(1, 17):
        harness.join(f"c{number}", "Анна", session=session)
    assert harness.summary("c0") == ["bye replaced"]
    assert set(harness.audience) == {f"c{number}" for number in range(1, 17)}
    harness.join("c17", "Анна", session=session)
    assert harness.summary("c1") == ["bye replaced"]
    assert harness.room.handle("c1", [m.Ping()]) == []


# --- leaving -------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["json", "text"])
def test_leaving_sends_left_at_once(dialect: str) -> None:
    harness = RoomHarness()
    harness.join_as_text("b", "Борис")
    harness.join("a", "Анна") if dialect == "json" else harness.join_as_text("a", "Анна")
    harness.received("b")
    harness.handle("a", m.Leave(), m.Say("too late"))
    assert harness.summary("a") == ["bye left"]
    assert harness.summary("b") == ["left Анна"]
    assert harness.join("c", "Анна").members == ["Борис", "Анна"]


def test_a_disconnected_text_client_leaves_at_once() -> None:
    harness = RoomHarness()
    harness.join_as_text("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.leave("a")
    harness.leave("a")
    assert harness.summary("b") == ["left Анна"]


def test_a_disconnected_json_client_keeps_its_name_for_the_grace_period() -> None:
    harness = RoomHarness(grace=20.0)
    session = harness.join("a", "Анна").session
    harness.join_as_text("b", "Борис")
    harness.leave("a")
    harness.deliver(harness.room.join("c", m.Join("Анна")))
    assert harness.summary("c") == ["error name_taken"]
    harness.advance(19.9)
    assert harness.join("a2", "Анна", session=session).members == ["Анна", "Борис"]
    harness.advance(100)
    assert harness.received("b") == []
    harness.leave("a2")
    harness.advance(19.9)
    assert harness.received("b") == []
    harness.advance(0.1)
    assert harness.summary("b") == ["left Анна"]
    harness.advance(100)
    assert harness.received("b") == []
    assert harness.join("c", "Анна").session != session


def test_without_grace_a_disconnected_json_client_leaves_at_once() -> None:
    harness = RoomHarness(grace=0.0)
    harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.leave("a")
    assert harness.summary("b") == ["left Анна"]


def test_left_carries_the_reason_slow() -> None:
    harness = RoomHarness(grace=20.0)
    harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.join_as_text("c", "Вера")
    harness.received("a"), harness.received("b")
    harness.leave("b", bye="slow", reason="slow")
    assert harness.summary("b") == ["bye slow"]
    assert harness.summary("a") == ["left Борис slow"]
    harness.leave("a", bye="slow", reason="slow")
    harness.received("c")
    harness.advance(20)
    assert harness.summary("c") == ["left Анна slow"]


def test_invalid_utf8_ends_a_json_connection() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.handle("a", BadMessage("bad_utf8", "not UTF-8"), m.Ping())
    assert harness.summary("a") == ["bye bad_utf8"]
    assert not harness.audience


def test_clear_sends_no_left_events() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.received("a")
    harness.room.clear()
    harness.leave("b")
    harness.advance(100)
    assert harness.received("a") == []


# --- requests ------------------------------------------------------------------------


def test_answers_are_sent_to_the_asker_only() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.received("a")
    harness.handle("b", m.Ping(), Who(), Help(), BadMessage("unknown_command", "no such command"))
    pong, who, help_text, error = harness.received("b")
    assert pong == m.Pong()
    assert who == MemberList(["Анна", "Борис"], 2)
    assert help_text == HelpText()
    assert error == m.Error("unknown_command", "no such command")
    assert harness.received("a") == []


def test_a_message_is_shown_by_its_number() -> None:
    harness = moderated_room()
    harness.handle("c", m.Say("раз\nдва"), m.Say("три"))
    harness.moderate("a", "delete", id=2)
    harness.received("c")
    harness.handle("c", *map(Show, (1, 2, 4, 10**15 - 1)))
    shown, deleted, *absent = harness.received("c")
    assert isinstance(shown, m.HistoryPage)
    assert isinstance(deleted, m.HistoryPage)
    assert [(message.id, message.text) for message in shown.messages] == [(1, "раз\nдва")]
    assert [(message.id, message.deleted) for message in deleted.messages] == [(2, True)]
    assert absent == [m.Error("no_message", "4"), m.Error("no_message", "999999999999999")]


def test_an_invalid_command_is_answered_with_its_ref_and_the_rest_is_carried_out() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.handle("a", BadMessage("bad_field", "text is missing", "r"), m.Say("да", "s"))
    assert harness.summary("a") == ["error bad_field r", "ack s #1"]


def test_typing_is_passed_on_once_a_second_for_each_member() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.join_as_text("b", "Борис")
    harness.received("a")
    harness.handle("a", m.Typing(), m.Typing())
    harness.handle("b", m.Typing())
    harness.advance(0.9)
    harness.handle("a", m.Typing())
    assert harness.summary("b") == ["typing Анна"]
    assert harness.summary("a") == ["typing Борис"]
    harness.advance(0.1)
    harness.handle("a", m.Typing())
    assert harness.summary("b") == ["typing Анна"]


def test_a_search_is_passed_on() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.handle("a", m.Search("more"), m.Search("else"))
    assert harness.received("a") == [m.Found([], more=True), m.Found([], more=False)]
