import pytest

from chat_protocol import messages as m
from chat_protocol.commands import Help, Who
from chat_protocol.errors import BadMessage
from tcp_server.room.commands import HelpText, MemberList
from tests.tcp_server.hall import Hall

# --- coming in -----------------------------------------------------------------------


def test_whoever_comes_is_told_to_the_others_only() -> None:
    hall = Hall()
    welcome = hall.join("a", "Анна")
    assert (welcome.name, welcome.last, welcome.members) == ("Анна", 0, ["Анна"])
    assert welcome.limits == m.Limits(name=32, text=4000, line=65536, history=500)
    hall.introduce("b", "Борис")
    assert hall.summary("a") == ["joined Борис"]
    assert hall.heard("b") == []
    assert hall.join("c", " Вера ").members == ["Анна", "Борис", "Вера"]
    assert hall.summary("b") == ["joined Вера"]


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
def test_names_that_are_refused_leave_everything_as_it_was(name: str, code: str) -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.take(hall.room.join("b", m.Join(name)))
    hall.introduce("c", name)
    assert hall.summary("b") == hall.summary("c") == [f"error {code}"]
    assert hall.heard("a") == []
    assert set(hall.audience) == {"a"}
    assert hall.join("b", "Борис").members == ["Анна", "Борис"]


def test_one_connection_joins_once() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.do("a", m.Join("Борис"))
    assert hall.summary("a") == ["error already_joined"]
    hall.do("a", Who())
    assert hall.heard("a") == [MemberList(["Анна"])]


def test_whoever_has_not_joined_cannot_do_anything() -> None:
    hall = Hall()
    assert hall.room.handle("a", [m.Say("a"), m.Ping(), m.Leave()]) == []
    assert hall.room.leave("a", hold_name=False) == []


# --- several connections of one person -----------------------------------------------


def test_several_connections_are_one_member() -> None:
    hall = Hall()
    session = hall.join("desk", "Анна").session
    hall.introduce("b", "Борис")
    hall.heard("desk")
    welcome = hall.join("phone", "Somebody Else", session=session)
    assert (welcome.name, welcome.session) == ("Анна", session)
    assert welcome.members == ["Анна", "Борис"]
    hall.do("phone", m.Say("раз", "r"))
    assert hall.summary("phone") == ["ack r #1"]
    assert hall.summary("desk") == ["#1 Анна: раз"]
    hall.leave("desk", hold_name=False)
    hall.wait(100)
    assert hall.summary("b") == ["#1 Анна: раз"]
    hall.leave("phone", hold_name=False)
    assert hall.summary("b") == ["left Анна"]


def test_the_seventeenth_connection_replaces_the_first() -> None:
    hall = Hall()
    session = hall.join("c0", "Анна").session
    for number in range(1, 17):
        hall.join(f"c{number}", "Анна", session=session)
    assert hall.summary("c0") == ["bye replaced"]
    assert set(hall.audience) == {f"c{number}" for number in range(1, 17)}
    hall.join("c17", "Анна", session=session)
    assert hall.summary("c1") == ["bye replaced"]
    assert hall.room.handle("c1", [m.Ping()]) == []


# --- going ---------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["json", "text"])
def test_leaving_for_good_is_told_at_once(dialect: str) -> None:
    hall = Hall()
    hall.introduce("b", "Борис")
    hall.join("a", "Анна") if dialect == "json" else hall.introduce("a", "Анна")
    hall.heard("b")
    hall.do("a", m.Leave(), m.Say("too late"))
    assert hall.summary("a") == ["bye left"]
    assert hall.summary("b") == ["left Анна"]
    assert hall.join("c", "Анна").members == ["Борис", "Анна"]


def test_text_clients_are_gone_when_they_are_lost() -> None:
    hall = Hall()
    hall.introduce("a", "Анна")
    hall.introduce("b", "Борис")
    hall.leave("a")
    hall.leave("a")
    assert hall.summary("b") == ["left Анна"]


def test_a_lost_json_client_keeps_its_name_for_the_grace_time() -> None:
    hall = Hall(grace=20.0)
    session = hall.join("a", "Анна").session
    hall.introduce("b", "Борис")
    hall.leave("a")
    hall.take(hall.room.join("c", m.Join("Анна")))
    assert hall.summary("c") == ["error name_taken"]
    hall.wait(19.9)
    assert hall.join("a2", "Анна", session=session).members == ["Анна", "Борис"]
    hall.wait(100)
    assert hall.heard("b") == []
    hall.leave("a2")
    hall.wait(19.9)
    assert hall.heard("b") == []
    hall.wait(0.1)
    assert hall.summary("b") == ["left Анна"]
    hall.wait(100)
    assert hall.heard("b") == []
    assert hall.join("c", "Анна").session != session


def test_without_grace_a_lost_json_client_is_gone() -> None:
    hall = Hall(grace=0.0)
    hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    hall.leave("a")
    assert hall.summary("b") == ["left Анна"]


def test_whoever_is_cut_for_lagging_is_missed_with_the_reason() -> None:
    hall = Hall(grace=20.0)
    hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    hall.introduce("c", "Вера")
    hall.heard("a"), hall.heard("b")
    hall.leave("b", bye="slow", reason="slow")
    assert hall.summary("b") == ["bye slow"]
    assert hall.summary("a") == ["left Борис slow"]
    hall.leave("a", bye="slow", reason="slow")
    hall.heard("c")
    hall.wait(20)
    assert hall.summary("c") == ["left Анна slow"]


def test_bytes_that_are_no_text_end_a_json_connection() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.do("a", BadMessage("bad_utf8", "not UTF-8"), m.Ping())
    assert hall.summary("a") == ["bye bad_utf8"]
    assert not hall.audience


def test_when_the_server_stops_nobody_is_told_of_the_others() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    hall.heard("a")
    hall.room.clear()
    hall.leave("b")
    hall.wait(100)
    assert hall.heard("a") == []


# --- asking --------------------------------------------------------------------------


def test_questions_are_answered_to_the_asker_alone() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    hall.heard("a")
    hall.do("b", m.Ping(), Who(), Help(), BadMessage("unknown_command", "no such command"))
    pong, who, help_text, error = hall.heard("b")
    assert pong == m.Pong()
    assert who == MemberList(["Анна", "Борис"])
    assert help_text == HelpText()
    assert error == m.Error("unknown_command", "no such command")
    assert hall.heard("a") == []


def test_what_is_wrong_is_told_with_the_ref_and_the_rest_is_done() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.do("a", BadMessage("bad_field", "text is missing", "r"), m.Say("да", "s"))
    assert hall.summary("a") == ["error bad_field r", "ack s #1"]


def test_typing_is_told_once_a_second_for_each_member() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.introduce("b", "Борис")
    hall.heard("a")
    hall.do("a", m.Typing(), m.Typing())
    hall.do("b", m.Typing())
    hall.wait(0.9)
    hall.do("a", m.Typing())
    assert hall.summary("b") == ["typing Анна"]
    assert hall.summary("a") == ["typing Борис"]
    hall.wait(0.1)
    hall.do("a", m.Typing())
    assert hall.summary("b") == ["typing Анна"]


def test_a_search_is_passed_on() -> None:
    hall = Hall()
    hall.join("a", "Анна")
    hall.do("a", m.Search("more"), m.Search("else"))
    assert hall.heard("a") == [m.Found([], more=True), m.Found([], more=False)]
