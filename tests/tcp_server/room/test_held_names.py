"""Names that are held for who has spoken under them."""

import pytest

from chat_protocol import messages as m
from tcp_server.room import holds
from tcp_server.room.members import Member
from tcp_server.room.persons import Persons
from tcp_server.room.room import Room
from tests.tcp_server.room.test_links import link
from tests.tcp_server.room_harness import RoomHarness, spoken


def test_a_name_is_held_for_who_has_spoken_under_it() -> None:
    room = RoomHarness(hold_names=2.0)
    secret = spoken(room, "a", "Анна")
    room.join("b", "Боб")
    room.leave("b", hold_name=False)
    assert room.try_join("c", m.Join("анна"))[0].startswith("error name_taken")
    room.join("c", "Боб")
    assert room.join("a", "Анна", session=secret).name == "Анна"
    room.leave("a", hold_name=False)
    room.advance(2 * 86_400 + 1)
    room.join("d", "Анна")


def test_a_held_name_is_given_up_by_leaving_for_good_or_speaking_under_another() -> None:
    room = RoomHarness(hold_names=2.0)
    secret = spoken(room, "a", "Анна")
    room.join("a", "Ева", session=secret)
    room.handle("a", m.Say("hello", "2"))
    room.join("b", "Анна")
    assert room.try_join("c", m.Join("Ева"))[0].startswith("error name_taken")
    room.handle("a", m.Leave(forget=True))
    room.join("c", "Ева")


def test_no_name_is_held_for_what_was_refused() -> None:
    room = RoomHarness(hold_names=2.0, moderator_password="страж")
    room.join_as_moderator("m", "Модест")
    for refused in ("hello", " ", "x" * 5000):
        room.join("a", "Анна")
        if refused == "hello":
            room.moderate("m", "mute", "Анна", seconds=60)
        room.handle("a", m.Say(refused, "1"))
        room.leave("a", hold_name=False)
        room.received("a")
        room.join("b", "Анна")
        room.leave("b", hold_name=False)


def test_five_names_are_held_for_one_address() -> None:
    room = RoomHarness(hold_names=2.0)
    for number in range(6):
        room.addresses[f"a{number}"] = "192.0.2.1"
        spoken(room, f"a{number}", f"Имя {number}")
    assert room.try_join("b", m.Join("Имя 4"))[0].startswith("error name_taken")
    room.join("b", "Имя 5")


def test_a_name_given_up_makes_room_for_another_of_its_address() -> None:
    room = RoomHarness(hold_names=2.0)
    for number in range(6):
        room.addresses["a"] = "192.0.2.1"
        room.join("a", f"Имя {number}")
        room.handle("a", m.Say("hello", "1"))
        room.handle("a", m.Leave(forget=number < 3))
        room.received("a")
    for number in range(3, 6):
        assert room.try_join("b", m.Join(f"Имя {number}"))[0].startswith("error name_taken")


def test_the_counts_of_addresses_without_held_names_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "_MAX_ADDRESSES", 3)
    persons = Persons()
    counts = holds.Holds(persons, days=1.0)
    for number in range(50):
        member = Member(f"Имя {number}", (f"имя {number}",), bytes([number]))
        until = counts.until(member, f"192.0.2.{number}", number)
        assert until == 86_400 + number
        if number == 0:
            persons.hold(bytes([number]), member.name, member.keys, until, number)
    assert len(counts._by_address) <= 4
    assert "192.0.2.0" in counts._by_address


def test_the_name_of_who_came_later_stays_held_whatever_the_former_holder_does() -> None:
    room = RoomHarness(hold_names=2.0)
    former = spoken(room, "a", "Анна")
    room.advance(2 * 86_400 + 1)
    spoken(room, "b", "Анна")
    room.join("a", "Ева", session=former)
    link(room)
    assert room.try_join("c", m.Join("Анна"))[0].startswith("error name_taken")
    room.now += 1
    again = RoomHarness(room.history, hold_names=2.0)
    again.now = room.now
    assert again.try_join("c", m.Join("Анна"))[0].startswith("error name_taken")


def test_no_held_name_is_suggested() -> None:
    room = RoomHarness(hold_names=2.0)
    spoken(room, "a", "Анна 2")
    room.join("a", "Анна")
    room.deliver(room.room.join("b", m.Join("Анна")))
    (error,) = room.received("b")
    assert isinstance(error, m.Error)
    assert error.suggestion == "Анна 3"


def test_without_the_setting_no_name_is_held() -> None:
    room = RoomHarness()
    spoken(room, "a", "Анна")
    room.join("b", "Анна")


@pytest.mark.parametrize(("days", "free_after"), [(0.0, 0), (1.0, 86_400), (3.0, 2 * 86_400)])
def test_a_start_with_a_shorter_setting_frees_names_sooner(days: float, free_after: int) -> None:
    first = RoomHarness(hold_names=2.0)
    spoken(first, "a", "Анна")
    room = RoomHarness(first.history, hold_names=days)
    if free_after:
        room.advance(free_after - 60)
        assert room.try_join("b", m.Join("Анна"))[0].startswith("error name_taken")
        room.advance(120)
    room.join("b", "Анна")


@pytest.mark.parametrize("is_renamed", [False, True])
def test_a_ban_of_a_held_name_is_one_of_its_person(is_renamed: bool) -> None:
    room = RoomHarness(hold_names=2.0, moderator_password="страж")
    room.join_as_moderator("m", "Модест")
    secret = spoken(room, "a", "Анна")
    if is_renamed:
        room.join("a", "Ева", session=secret)
    room.moderate("m", "ban", "анна")
    notices = [one for one in room.received("m") if isinstance(one, m.Message) and one.notice]
    assert [one.notice and one.notice.target for one in notices] == ["Анна"]
    assert room.summary("a")[1:] == (["error banned", "bye banned"] if is_renamed else [])
    assert room.try_join("b", m.Join("Глеб", session=secret)) == ["error banned", "bye banned"]
    room.moderate("m", "unban", "Анна")
    assert room.join("a", "Анна", session=secret).name == "Анна"


@pytest.mark.parametrize("dialect", ["text", "json"])
def test_persons_are_there_after_a_restart(dialect: str) -> None:
    first = RoomHarness(hold_names=2.0)
    secret = spoken(first, "a", "Анна")
    room = RoomHarness(first.history, hold_names=2.0)
    if dialect == "json":
        assert room.join("b", "Анна", session=secret).name == "Анна"
    else:
        assert isinstance(room.room, Room)
        assert room.try_join("b", m.Join("Анна"))[0].startswith("error name_taken")
