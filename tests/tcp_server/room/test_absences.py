import pytest

from tcp_server.log.memory_history import MemoryHistory
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

    def leave(self, name: str, address: str = "") -> Member:
        """Add a member without a seat, and return it."""
        member = self.members.add(name, (name,))
        member.absent_since = member.number
        self.absences.watch(member, address)
        return member


def test_a_grace_period_ends() -> None:
    watched = Watched()
    anna = watched.leave("Анна")
    watched.now = 10.0
    boris = watched.leave("Борис")
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
    anna = watched.leave("Анна")
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
    anna = watched.leave("Анна")
    watched.now = 19.0
    watched.absences.watch(anna)
    watched.now = 20.0
    assert watched.absences.overdue() == [anna]


def test_who_has_a_seat_is_not_watched() -> None:
    watched = Watched()
    anna = watched.members.add("Анна", ("анна",))
    watched.absences.watch(anna)
    watched.now = 100.0
    assert watched.absences.overdue() == []


def test_the_number_of_held_names_is_limited() -> None:
    watched = Watched()
    first = watched.members.add("first", ("first",))
    crowd = [watched.leave(f"a{number}") for number in range(1000)]
    assert watched.absences.overdue() == []
    last = watched.leave("last")
    assert watched.absences.overdue() == [last]  # she joined last
    last.absent_since = None
    first.absent_since = 1
    watched.absences.watch(first)
    assert watched.absences.overdue() == [crowd[-1]]  # and none of the earlier ones
    watched.now = GRACE
    assert watched.absences.overdue() == [*crowd, first]


def test_a_crowd_at_one_address_loses_its_own_names_first() -> None:
    watched = Watched()
    crowd = [watched.leave(f"a{number}", "203.0.113.7") for number in range(999)]
    for number in range(3):
        watched.leave(f"b{number}", f"192.0.2.{number}")
    assert watched.absences.overdue() == [crowd[998], crowd[997]]
    for member in crowd[:-1]:
        member.absent_since = None  # they are back, and are not counted
    assert watched.absences.overdue() == []
    more = [watched.leave(f"c{number}", f"198.51.100.{number}") for number in range(1000)]
    same = [watched.leave(name, "192.0.2.1") for name in "xy"]
    surplus = watched.absences.overdue()
    assert surplus[:3] == [*reversed(same), more[-1]]
    assert len(surplus) == 6
