"""The grace periods that this server watches: when each ends, and whose name is given up for another's.

Not part of the room's state: it proposes to remove a member. Not thread-safe: the caller holds the
sequencer's room lock.
"""

from collections import defaultdict
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from tcp_server.room.members import Member

_MAX_ABSENT = 1000
"""Most disconnected members whose names are held for longer than a moment: names must not use up memory."""


class _Absence(NamedTuple):
    since: int  # a position; the member has returned if its own is another
    ends_at: float  # monotonic seconds
    address: str


class Absences:
    """Members without a seat."""

    def __init__(self, grace: float, clock: Callable[[], float]) -> None:
        """`grace` is in seconds; `clock` returns monotonic ones."""
        self.grace = grace
        """Seconds; only to be set from elsewhere."""
        self._clock = clock
        self._absences: dict[Member, _Absence] = {}

    def watch(self, member: Member, address: str = "") -> None:
        """Watch a member, if it has become absent. `address` is the key of its last address for limits."""
        known = self._absences.get(member)
        if member.absent_since is None:
            return
        if known is not None and known.since == member.absent_since:  # it was only a quiet visit that ended
            return
        self._absences[member] = _Absence(member.absent_since, self._clock() + self.grace, address)

    def overdue(self) -> list[Member]:
        """Return whom to remove: those whose grace period is over, and those who are too many."""
        return [*self.ended(), *self.surplus()]

    def ended(self) -> list[Member]:
        """Return those whose grace period is over."""
        now = self._clock()
        self._absences = {
            member: absence
            for member, absence in self._absences.items()
            if member.absent_since == absence.since
        }
        return [member for member, absence in self._absences.items() if absence.ends_at <= now]

    def surplus(self) -> list[Member]:
        """Return those who are too many, of those whose grace period is not over.

        Each is the one who joined last of the address with the most of them: a crowd cannot replace
        anybody else.
        """
        now = self._clock()
        absent = [member for member, absence in self._absences.items() if absence.ends_at > now]
        count = len(absent) - _MAX_ABSENT
        if count <= 0:
            return []
        of_address: defaultdict[str, list[Member]] = defaultdict(list)
        for member in sorted(absent, key=lambda member: member.number):
            of_address[self._absences[member].address].append(member)
        crowds = [(-len(crowd), -crowd[-1].number, crowd) for crowd in of_address.values()]
        heapify(crowds)
        surplus = []
        for _ in range(count):
            *_, crowd = heappop(crowds)
            surplus.append(crowd.pop())
            if crowd:
                heappush(crowds, (-len(crowd), -crowd[-1].number, crowd))
        return surplus
