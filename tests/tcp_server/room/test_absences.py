import pytest

from tcp_server.log.history import MemoryHistory
from tcp_server.room.absences import Absences
from tcp_server.room.members import Member, Members
from tests.tcp_server.room_harness import RoomHarness

GRACE = 20.0


class Watched:
    """Absences with a clock, and members that leave at once."""

    def __init__(self) -> None:
        self.now = 0.0
        self.members = Members()
        self.absences = Absences(GRACE, lambda: self.now)

    def leave(self, name: str, address: str = "") -> tuple[Member, Member | None]:
        """Add a member without a seat; return it, and the one to remove instead."""
        member = self.members.add(name, (name,))
        member.absent_since = member.number
        return member, self.absences.watch(member, address)


def test_a_grace_period_ends() -> None:
    watched = Watched()
    anna, _ = watched.leave("Анна")
    watched.now = 10.0
    boris, _ = watched.leave("Борис")
    watched.now = 19.9
    assert watched.absences.overdue() == []
    watched.now = 20.0
    assert watched.absences.overdue() == [anna]
    watched.now = 30.0
    assert watched.absences.overdue() == [anna, boris]


def test_a_restart_keeps_no_more_names_than_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tcp_server.room.absences._MAX_ABSENT", 2)
    history = MemoryHistory(10)
    before = RoomHarness(history)
    for name in ("Анна", "Борис", "Вера"):
        before.join(name, name)
    assert RoomHarness(history).join("d", "Дима").members == ["Анна", "Борис", "Дима"]


def test_who_returns_ends_the_grace_period() -> None:
    watched = Watched()
    anna, _ = watched.leave("Анна")
    anna.absent_since = None
    watched.now = 100.0
    assert watched.absences.overdue() == []
    anna.absent_since = 7
    watched.absences.watch(anna)
    assert watched.absences.overdue() == []
    watched.now = 120.0
    assert watched.absences.overdue() == [anna]


def test_a_visit_that_ends_does_not_prolong_a_grace_period() -> None:
    watched = Watched()
    anna, _ = watched.leave("Анна")
    watched.now = 19.0
    assert watched.absences.watch(anna) is None
    watched.now = 20.0
    assert watched.absences.overdue() == [anna]


def test_who_has_a_seat_is_not_watched() -> None:
    watched = Watched()
    anna = watched.members.add("Анна", ("анна",))
    assert watched.absences.watch(anna) is None
    watched.now = 100.0
    assert watched.absences.overdue() == []


def test_the_number_of_held_names_is_limited() -> None:
    watched = Watched()
    first = watched.members.add("first", ("first",))
    crowd = [watched.leave(f"a{number}") for number in range(1000)]
    assert {surplus for _, surplus in crowd} == {None}
    last, surplus = watched.leave("last")
    assert surplus is last  # she joined last
    last.absent_since = None
    first.absent_since = 1
    assert watched.absences.watch(first) is crowd[-1][0]  # and none of the earlier ones


def test_a_crowd_at_one_address_loses_its_own_names_first() -> None:
    watched = Watched()
    crowd = [watched.leave(f"a{number}", "203.0.113.7")[0] for number in range(999)]
    assert watched.leave("b", "192.0.2.1")[1] is None
    for number in (998, 997):
        _, surplus = watched.leave(f"c{number}", "192.0.2.2")
        assert surplus is crowd[number]
        surplus.absent_since = None
    crowd[0].absent_since = None  # somebody is back, and is not counted
    assert watched.leave("d", "192.0.2.3")[1] is None
