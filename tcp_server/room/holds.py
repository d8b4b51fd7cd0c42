"""Names that are held for who has spoken under them, also while they are away.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from collections import defaultdict
from typing import Final

from tcp_server.room.members import Member
from tcp_server.room.persons import Persons

DAY: Final = 86_400.0
"""Seconds."""

_MAX_PER_ADDRESS = 5
"""Most names that are held for people of one address, of those who have spoken since the server started."""

_MAX_ADDRESSES = 10_000
"""Addresses from which on those whose people have no held name any more are forgotten."""


class Holds:
    """Decides when to propose that a name is held."""

    def __init__(self, persons: Persons, days: float) -> None:
        """`days` is for how long after they have last spoken."""
        self._persons = persons
        self._seconds = days * DAY
        self._by_address: defaultdict[str, set[bytes]] = defaultdict(set)
        self._tidy_from = _MAX_ADDRESSES

    def until(self, member: Member, address: str | None, now: float) -> float | None:
        """Return until when to hold the name of a member who speaks; None: there is nothing to propose.

        `address` is None if it has no limit. The time is proposed anew once a day.
        """
        person = member.session
        if person is None or not self._persons.can_return(person):
            return None
        held = self._persons.held(person, now)
        if held and held.name == member.name and held.held_until > now + self._seconds - DAY:
            return None
        if address is not None:
            names = self._by_address[address]
            names -= {one for one in names if not self._persons.held(one, now)}
            if person not in names and len(names) >= _MAX_PER_ADDRESS:
                return None
            names.add(person)
            if len(self._by_address) > self._tidy_from:
                self._tidy(now)
        return now + self._seconds

    def _tidy(self, now: float) -> None:
        """Forget the addresses that count nothing, and wait until there are twice as many again."""
        for address, names in [*self._by_address.items()]:
            if not any(self._persons.held(one, now) for one in names):
                del self._by_address[address]
        self._tidy_from = max(_MAX_ADDRESSES, 2 * len(self._by_address))
