"""The members: connected ones, and disconnected ones during their grace period.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic

from tcp_server.room.outcome import C
from tcp_server.room.visit import Visit

_MAX_ABSENT = 1000
"""Maximum number of disconnected members whose names are held: names must not use up memory."""

_MAX_CHAR_BYTES = 4
_SEPARATOR_BYTES = 3
"""Most bytes of a code point in UTF-8, and bytes between two names."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Member(Generic[C]):
    """One person: a name, and the connections that share it, oldest first.

    `quiet` are those that speak for it without making it a member. If it has no others, and had none
    in its grace period, it is not `announced`: the room does not know of it, but its name is taken.
    """

    name: str
    keys: tuple[str, ...]  # under which the name is unique
    session: bytes | None = None  # digest of the secret; None in text dialects
    connections: dict[C, None] = field(default_factory=dict)
    quiet: dict[C, None] = field(default_factory=dict)
    announced: bool = True
    typed_at: float = -1e9
    moderator: bool = False
    absent_from: str = ""  # while disconnected: the key of its last address for limits
    admitted: bool = True  # whether the session can be resumed without the room's password


def first_names(names: Sequence[str], max_bytes: int) -> Sequence[str]:
    """Return as many of the first names as a list in JSON of at most so many bytes has."""
    if sum(map(len, names)) * _MAX_CHAR_BYTES + len(names) * _SEPARATOR_BYTES <= max_bytes:
        return names
    for count, name in enumerate(names):
        max_bytes -= len(name.encode()) + _SEPARATOR_BYTES
        if max_bytes < 0:
            return names[:count]
    return names


Departure = tuple[Member[C], str | None]
"""A member without a connection, and the reason for leaving, if there is one."""


class Members(Generic[C]):
    """All members, found by connection, name or session."""

    def __init__(self) -> None:
        self._all: dict[Member[C], None] = {}  # in the order in which they joined
        self._by_key: dict[str, Member[C]] = {}
        self._by_session: dict[bytes, Member[C]] = {}
        self._by_connection: dict[C, Member[C]] = {}
        self.visits: dict[C, Visit] = {}  # of the quiet connections, oldest first
        # Those without a connection: when the grace period ends, soonest first, and the reason.
        self._absent: dict[Member[C], tuple[float, str | None]] = {}
        self._absent_from: Counter[str] = Counter()  # how many of them, by address

    def __iter__(self) -> Iterator[Member[C]]:
        return iter(self._all)

    def by_connection(self, connection: C) -> Member[C] | None:
        """Return the member with that connection."""
        return self._by_connection.get(connection)

    def by_name(self, keys: Iterable[str]) -> Member[C] | None:
        """Return the member whose name has one of these keys."""
        return next((self._by_key[key] for key in keys if key in self._by_key), None)

    def by_session(self, session: bytes | None) -> Member[C] | None:
        """Return the member with that session digest."""
        return None if session is None else self._by_session.get(session)

    @property
    def keys(self) -> Container[str]:
        """The keys of all names that are taken."""
        return self._by_key

    def names(self) -> list[str]:
        """Return the names of those announced, in the order in which they joined."""
        return [member.name for member in self._all if member.announced]

    def add(self, member: Member[C]) -> None:
        """Add a member, whose name and session must not be in use."""
        self._all[member] = None
        self._by_key.update(dict.fromkeys(member.keys, member))
        if member.session is not None:
            self._by_session[member.session] = member

    def remove(self, member: Member[C]) -> None:
        """Remove a member whose connections are all quiet; while there are any, its name stays taken."""
        self._end_absence(member)
        if member.quiet:
            member.announced = member.moderator = False
            return
        del self._all[member]
        for key in member.keys:
            del self._by_key[key]
        if member.session is not None:
            del self._by_session[member.session]

    def attach(self, connection: C, member: Member[C]) -> None:
        """Add a connection to a member."""
        self._end_absence(member)
        member.connections[connection] = None
        self._by_connection[connection] = member

    def attach_quiet(self, connection: C, member: Member[C], visit: Visit) -> None:
        """Add a quiet connection to a member."""
        member.quiet[connection] = None
        self._by_connection[connection] = member
        self.visits[connection] = visit

    def announce(self, member: Member[C]) -> None:
        """Make a member of one that has only quiet connections."""
        member.announced = True
        del self._all[member]
        self._all[member] = None

    def detach(self, connection: C) -> Member[C] | None:
        """Remove a connection from its member, and return that."""
        member = self._by_connection.pop(connection, None)
        if member is not None:
            quiet = self.visits.pop(connection, None) is not None
            del (member.quiet if quiet else member.connections)[connection]
        return member

    def hold_name(
        self, member: Member[C], until: float, reason: str | None, address: str = ""
    ) -> list[Departure[C]]:
        """Keep a disconnected member until that time; return the members to remove instead.

        `address` is the key of its last address for limits. If there are too many, that is the one who
        joined last of the address with the most of them: so a crowd cannot replace anybody else.
        """
        self._absent[member] = until, reason
        member.absent_from = address
        self._absent_from[address] += 1
        if len(self._absent) <= _MAX_ABSENT:
            return []
        most = max(self._absent_from.values())
        last = next(
            other
            for other in reversed(self._all)
            if other in self._absent and self._absent_from[other.absent_from] == most
        )
        return [(last, self._absent[last][1])]

    def _end_absence(self, member: Member[C]) -> None:
        if self._absent.pop(member, None) is not None:
            self._absent_from[member.absent_from] -= 1
            if not self._absent_from[member.absent_from]:
                del self._absent_from[member.absent_from]

    def overdue(self, now: float) -> list[Departure[C]]:
        """Return those whose grace period is over."""
        return [(member, reason) for member, (until, reason) in self._absent.items() if until <= now]

    def clear(self) -> None:
        """Remove all members."""
        self._all.clear()
        self._by_key.clear()
        self._by_session.clear()
        self._by_connection.clear()
        self.visits.clear()
        self._absent.clear()
        self._absent_from.clear()
