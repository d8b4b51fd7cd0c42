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
        self._seats: dict[C, Seat] = {}
        self._connections: dict[Seat, C] = {}

    def take(self, connection: C) -> Seat:
        """Give a connection a seat."""
        self._last += 1
        seat = (self._incarnation, self._last)
        self._seats[connection] = seat
        self._connections[seat] = connection
        return seat

    def free(self, connection: C) -> None:
        """Forget a connection; it may be forgotten already."""
        if (seat := self._seats.pop(connection, None)) is not None:
            del self._connections[seat]

    def clear(self) -> None:
        """Forget all."""
        self._seats.clear()
        self._connections.clear()

    def of(self, connection: C) -> Seat | None:
        """Return the seat of a connection, None if it has none."""
        return self._seats.get(connection)

    def number(self, connection: C) -> int:
        """Return the number of the seat of a connection. Raises `KeyError` if it has none."""
        return self._seats[connection][1]

    def connection(self, seat: Seat | None) -> C | None:
        """Return the connection with that seat, None if it is another server's."""
        return None if seat is None else self._connections.get(seat)

    def connections_of(self, member: Member) -> list[C]:
        """Return the connections that a member has here, the quiet ones first."""
        seats = (*member.quiet, *member.seats)
        return [self._connections[seat] for seat in seats if seat in self._connections]

    def addresses_of(self, member: Member) -> list[str]:
        """Return the known addresses of the connections that a member has here, sorted."""
        return sorted(set(map(self.address_of, self.connections_of(member))) - {""})
