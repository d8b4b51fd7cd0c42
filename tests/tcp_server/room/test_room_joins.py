"""Joining without sockets: the room's password, and taken names."""

from chat_protocol import messages as m
from tcp_server.config import Reservation
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.room.commands import TextJoin
from tcp_server.room.passwords import session_digest
from tests.tcp_server.room_harness import OTHER, SECRET, RoomHarness


def test_without_the_password_answers_do_not_depend_on_the_members() -> None:
    harness = RoomHarness(password="сезам")
    session = harness.join("a", "Анна", password="сезам").session
    for name in ("Анна", "Борис", "", "a:b"):
        assert harness.try_join("b", m.Join(name)) == ["error password_required"]
        assert harness.try_join("b", m.Join(name, password="")) == ["error password_required"]
        assert harness.try_join("b", m.Join(name, password="сезон")) == ["error password_wrong"]
        assert harness.try_join("c", TextJoin(name)) == ["error password_required"]
        assert harness.try_join("c", TextJoin(name, "нет")) == [
            "error password_wrong",
            "error password_required",
        ]
    assert harness.try_join("b", m.Join("Анна", password="сезам")) == ["error name_taken"]
    assert harness.try_join("c", TextJoin("Борис", "сезам")) == ["greeting"]
    assert harness.join("a2", "", session=session).name == "Анна"  # a resumed session needs no password
    assert harness.try_join("d", m.Join("Дина", session=OTHER)) == ["error password_required"]


def test_a_free_name_is_suggested_for_a_taken_one() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.deliver(harness.room.join("b", m.Join("анна")))
    (error,) = harness.received("b")
    assert isinstance(error, m.Error)
    assert error.code == "name_taken"
    assert error.suggestion is not None
    assert harness.join("b", error.suggestion).name == error.suggestion


def test_what_is_suggested_is_neither_reserved_nor_banned_nor_held() -> None:
    harness = RoomHarness(
        reserve=[Reservation("ci 2", "a"), Reservation("CI 4", "b")], moderator_password="страж", hold_names=1
    )
    for connection, name in (("a", "ci"), ("b", "ci 3"), ("c", "ci 5")):
        harness.join(connection, name)
    harness.handle("a", m.Authenticate("страж"))
    harness.moderate("a", "ban", "ci 3")
    harness.handle("c", m.Say("я ещё вернусь", "1"))
    harness.leave("c", hold_name=False)
    harness.deliver(harness.room.join("d", m.Join("ci")))
    (error,) = harness.received("d")
    assert isinstance(error, m.Error)
    assert error.suggestion == "ci 6"
    assert harness.join("d", error.suggestion).name == "ci 6"


def test_nothing_is_suggested_for_a_look_alike() -> None:
    harness = RoomHarness()
    harness.join("a", "alice")
    harness.deliver(harness.room.join("b", m.Join("аlice")))  # with a Cyrillic а
    (error,) = harness.received("b")
    assert isinstance(error, m.Error)
    assert (error.code, error.suggestion) == ("name_taken", None)


class RestartedHistory(MemoryHistory):
    """A log in which Анна was in the room when a server of an older version ended."""

    def take_present(self) -> list[tuple[bytes, str]]:
        return [(session_digest(SECRET), "Анна")]


def test_after_a_restart_a_known_session_needs_the_password() -> None:
    harness = RoomHarness(RestartedHistory(100), password="сезам")
    assert harness.try_join("a", m.Join("Анна", session=SECRET)) == ["error password_required"]
    assert harness.try_join("a", m.Join("Анна", session=SECRET, password="нет")) == ["error password_wrong"]
    assert harness.try_join("b", m.Join("Анна", session=OTHER, password="сезам")) == ["error name_taken"]
    assert harness.join("a", "", session=SECRET, password="сезам").members == ["Анна"]
    harness.leave("a")
    assert harness.join("a2", "", session=SECRET).members == ["Анна"]  # needed once only


def test_connections_of_one_session_are_one_member() -> None:
    harness = RoomHarness()
    session = harness.join("a", "Анна").session
    harness.join("a2", "", session=session)
    harness.join_as_text("b", "Борис")
    assert harness.room.member_of("a") is harness.room.member_of("a2") is not None
    assert harness.room.member_of("b") not in (None, harness.room.member_of("a"))
    assert harness.room.member_of("nobody") is None
