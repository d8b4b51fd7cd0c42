"""The seats that the connections of this server have in the room, and what only this server knows of them.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from collections.abc import Callable
from typing import Generic

from tcp_server.room.effects import Seat
from tcp_server.room.members import Member
from tcp_server.room.outcome import C


class Seats(Generic[C]):
    """Connections by seat, and seats by connection."""

    def __init__(self, incarnation: bytes, address_of: Callable[[C], str]) -> None:
        """`incarnation` is this run of the server; `address_of` returns "" if unknown."""
        self._incarnation = incarnation
        self.address_of = address_of
        self._last = 0
        self._numbers: dict[C, int] = {}
        self._connections: dict[int, C] = {}  # by number
        self._in_text: set[C] = set()

    @property
    def count(self) -> int:
        """How many connections have a seat. Any thread."""
        return len(self._numbers)

    def take(self, connection: C, *, in_text: bool = False) -> int:
        """Give a connection, perhaps one of a text dialect, a seat; return its number."""
        self._last += 1
        self._numbers[connection] = self._last
        self._connections[self._last] = connection
        if in_text:
            self._in_text.add(connection)
        return self._last

    def free(self, connection: C) -> None:
        """Forget a connection; it may be forgotten already."""
        if (number := self._numbers.pop(connection, None)) is not None:
            del self._connections[number]
            self._in_text.discard(connection)

    def is_in_text(self, connection: C) -> bool:
        """Return whether a connection with a seat is one of a text dialect."""
        return connection in self._in_text

    def begin_anew(self, incarnation: bytes) -> None:
        """Forget all, and go on as another run."""
        self.clear()
        self._incarnation = incarnation

    def clear(self) -> None:
        """Forget all."""
        self._numbers.clear()
        self._connections.clear()
        self._in_text.clear()

    def of(self, connection: C) -> Seat | None:
        """Return the seat of a connection, None if it has none."""
        number = self._numbers.get(connection)
        return None if number is None else (self._incarnation, number)

    def number(self, connection: C) -> int:
        """Return the number of the seat of a connection. Raises `KeyError` if it has none."""
        return self._numbers[connection]

    def connection(self, seat: Seat | None) -> C | None:
        """Return the connection with that seat, None if it is another server's."""
        if seat is None or seat[0] != self._incarnation:
            return None
        return self._connections.get(seat[1])

    def connections_of(self, member: Member) -> list[C]:
        """Return the connections that a member has here, the quiet ones first."""
        connections = map(self.connection, (*member.quiet, *member.seats))
        return [connection for connection in connections if connection is not None]

    def addresses_of(self, member: Member) -> list[str]:
        """Return the known addresses of the connections that a member has here, sorted."""
        return sorted(set(map(self.address_of, self.connections_of(member))) - {""})
