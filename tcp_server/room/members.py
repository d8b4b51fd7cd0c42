"""Who is here: people, the connections each of them has, and those who may be back soon.

Not thread-safe: owned by whoever holds the sequencer, like the room it belongs to.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic

from tcp_server.room.outcome import Connection

_MAX_ABSENT = 1000
"""The names of no more lost members than these are kept: names are no free storage."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Member(Generic[Connection]):
    """One person: a name, and the connections that share it, oldest first."""

    shown: str
    keys: tuple[str, ...]  # under which the name is unique
    session: bytes | None = None  # digest of the secret; text dialects have none
    connections: dict[Connection, None] = field(default_factory=dict)
    typed_at: float = -1e9
    moderator: bool = False
    admitted: bool = True  # whether the session opens the door without the room's password


Departure = tuple[Member[Connection], str | None]
"""Somebody without a connection, and why they went."""


class Members(Generic[Connection]):
    """All members, by whatever they are asked for. Decides nothing."""

    def __init__(self) -> None:
        self._all: dict[Member[Connection], None] = {}  # in the order in which they came
        self._by_key: dict[str, Member[Connection]] = {}
        self._by_session: dict[bytes, Member[Connection]] = {}
        self._by_connection: dict[Connection, Member[Connection]] = {}
        # When the grace of those without a connection ends, soonest first, and why they went.
        self._absent: dict[Member[Connection], tuple[float, str | None]] = {}

    def __iter__(self) -> Iterator[Member[Connection]]:
        return iter(self._all)

    def by_connection(self, connection: Connection) -> Member[Connection] | None:
        """Return whose connection that is."""
        return self._by_connection.get(connection)

    def by_name(self, keys: Iterable[str]) -> Member[Connection] | None:
        """Return who has a name that is unique under one of these keys."""
        return next((self._by_key[key] for key in keys if key in self._by_key), None)

    def by_session(self, session: bytes | None) -> Member[Connection] | None:
        """Return whose session that is, by its digest."""
        return None if session is None else self._by_session.get(session)

    @property
    def keys(self) -> Container[str]:
        """The keys of all names that are taken."""
        return self._by_key

    def names(self) -> list[str]:
        """Return the names as shown, in the order in which people came."""
        return [member.shown for member in self._all]

    def add(self, member: Member[Connection]) -> None:
        """Let someone be here, whose name and session are nobody's yet."""
        self._all[member] = None
        self._by_key.update(dict.fromkeys(member.keys, member))
        if member.session is not None:
            self._by_session[member.session] = member

    def remove(self, member: Member[Connection]) -> None:
        """Take out someone without a connection."""
        del self._all[member]
        for key in member.keys:
            del self._by_key[key]
        self._absent.pop(member, None)
        if member.session is not None:
            del self._by_session[member.session]

    def attach(self, connection: Connection, member: Member[Connection]) -> None:
        """Give someone who is here a connection."""
        self._absent.pop(member, None)
        member.connections[connection] = None
        self._by_connection[connection] = member

    def detach(self, connection: Connection) -> Member[Connection] | None:
        """Take a connection from whoever has it, and return who that is."""
        member = self._by_connection.pop(connection, None)
        if member is not None:
            del member.connections[connection]
        return member

    def hold_name(
        self, member: Member[Connection], until: float, reason: str | None
    ) -> list[Departure[Connection]]:
        """Keep someone without a connection until a moment of the clock; return who is to go for that.

        With too many of them it is who came last: a crowd that comes to be lost lasts no longer,
        and takes nothing from those who were here before.
        """
        self._absent[member] = until, reason
        if len(self._absent) <= _MAX_ABSENT:
            return []
        last = next(other for other in reversed(self._all) if other in self._absent)
        return [(last, self._absent[last][1])]

    def overdue(self, now: float) -> list[Departure[Connection]]:
        """Return who has not come back in time, and why they went."""
        return [(member, reason) for member, (until, reason) in self._absent.items() if until <= now]

    def clear(self) -> None:
        """Forget everybody."""
        self._all.clear()
        self._by_key.clear()
        self._by_session.clear()
        self._by_connection.clear()
        self._absent.clear()
