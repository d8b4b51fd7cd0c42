"""Coming in, without sockets: the room's password, and names that are taken."""

from chat_protocol import messages as m
from tcp_server.log.history import MemoryHistory
from tcp_server.room.commands import TextJoin
from tcp_server.room.passwords import session_digest
from tests.tcp_server.room_harness import OTHER, SECRET, RoomHarness


def test_without_the_password_nothing_is_told_of_who_is_here() -> None:
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
    assert harness.try_join("c", TextJoin("Борис", "сезам")) == []
    assert harness.join("a2", "", session=session).name == "Анна"  # the secret is proof enough
    assert harness.try_join("d", m.Join("Дина", session=OTHER)) == ["error password_required"]


def test_a_free_name_is_offered_for_one_that_is_taken() -> None:
    harness = RoomHarness()
    harness.join("a", "Анна")
    harness.deliver(harness.room.join("b", m.Join("анна")))
    (error,) = harness.received("b")
    assert isinstance(error, m.Error)
    assert error.code == "name_taken"
    assert error.suggestion is not None
    assert harness.join("b", error.suggestion).name == error.suggestion


def test_nothing_is_offered_to_who_only_looks_like_somebody() -> None:
    harness = RoomHarness()
    harness.join("a", "alice")
    harness.deliver(harness.room.join("b", m.Join("аlice")))  # with a Cyrillic а
    (error,) = harness.received("b")
    assert isinstance(error, m.Error)
    assert (error.code, error.suggestion) == ("name_taken", None)


class Rebooted(MemoryHistory):
    """A log in which Анна was here when the server ended."""

    def present(self) -> list[tuple[bytes, str]]:
        return [(session_digest(SECRET), "Анна")]


def test_after_a_restart_the_password_is_asked_of_those_who_were_here_too() -> None:
    after = RoomHarness(Rebooted(100), password="сезам")
    assert after.try_join("a", m.Join("Анна", session=SECRET)) == ["error password_required"]
    assert after.try_join("a", m.Join("Анна", session=SECRET, password="нет")) == ["error password_wrong"]
    assert after.try_join("b", m.Join("Анна", session=OTHER, password="сезам")) == ["error name_taken"]
    assert after.join("a", "", session=SECRET, password="сезам").members == ["Анна"]
    after.leave("a")
    assert after.join("a2", "", session=SECRET).members == ["Анна"]  # once is enough


def test_connections_of_one_session_are_one_member() -> None:
    harness = RoomHarness()
    session = harness.join("a", "Анна").session
    harness.join("a2", "", session=session)
    harness.join_as_text("b", "Борис")
    assert harness.room.member_of("a") is harness.room.member_of("a2") is not None
    assert harness.room.member_of("b") not in (None, harness.room.member_of("a"))
    assert harness.room.member_of("nobody") is None
