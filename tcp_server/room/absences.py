"""The grace periods that this server watches: when each ends, and whose name is given up for another's.

Not part of the room's state: it proposes to remove a member. Not thread-safe: the caller holds the
sequencer's room lock.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from tcp_server.room.members import Member

_MAX_ABSENT = 1000
"""Maximum number of disconnected members whose names are held: names must not use up memory."""


class _Absence(NamedTuple):
    since: int  # a position; the member has returned if its own is another
    ends_at: float  # monotonic seconds
    address: str


class Absences:
    """Members without a seat."""

    def __init__(self, grace: float, clock: Callable[[], float]) -> None:
        """`grace` is in seconds; `clock` returns monotonic ones."""
        self._grace = grace
        self._clock = clock
        self._absences: dict[Member, _Absence] = {}

    def watch(self, member: Member, address: str = "") -> Member | None:
        """Watch a member that has become absent; return the one to remove instead, if there are too many.

        `address` is the key of its last address for limits. The one to remove is the member who
        joined last of the address with the most of them: a crowd cannot replace anybody else.
        """
        known = self._absences.get(member)
        if member.absent_since is None:
            return None
        if known is not None and known.since == member.absent_since:  # it was only a quiet visit that ended
            return None
        self._absences[member] = _Absence(member.absent_since, self._clock() + self._grace, address)
        if len(self._absences) > _MAX_ABSENT:
            self._forget_returned()
        if len(self._absences) <= _MAX_ABSENT:
            return None
        count = Counter(absence.address for absence in self._absences.values())
        most = max(count.values())
        return max(
            (member for member, absence in self._absences.items() if count[absence.address] == most),
            key=lambda member: member.number,
        )

    def overdue(self) -> list[Member]:
        """Return those whose grace period is over."""
        self._forget_returned()
        now = self._clock()
        return [member for member, absence in self._absences.items() if absence.ends_at <= now]

    def _forget_returned(self) -> None:
        self._absences = {
            member: absence
            for member, absence in self._absences.items()
            if member.absent_since == absence.since
        }
