"""A room with so many members that its clients are told only how many, and not who comes and goes.

Otherwise each join would be sent to all, and all names to who joins: that is the square of their number.
Only what json clients are sent depends on it, so it is no part of the room's state. Not thread-safe:
the caller holds the sequencer's room lock.
"""

from collections.abc import Callable, Sequence
from typing import Final

from chat_protocol import messages as m
from tcp_server.room.commands import LocalEvent, OnlyInText
from tcp_server.room.members import Member, Members, first_names

MAX_PEOPLE: Final = 100
"""Most names in a page of members, and in the welcome of a crowd."""

PRESENCE: Final = (m.Joined, m.Left)
"""The events that `Crowd.tell` is for."""

_END_PERCENT = 80
"""With fewer members than this share of those that make a crowd, it is none any more."""

_COUNT_INTERVAL = 5.0
"""Fewest seconds between two events with the number of members."""

_MAX_WELCOME_BYTES = 1024 * 1024
_MAX_END_BYTES = 256 * 1024
"""Most bytes of the names in a welcome, and in the event that ends a crowd: all are sent that."""


class Crowd:
    """Whether the room is a crowd: a view of its members."""

    def __init__(self, members: Members, size: int, clock: Callable[[], float]) -> None:
        """`size` is the number of members from which it is one, 0 if it never is."""
        self._members = members
        self._size = size
        self._clock = clock
        self.is_on = 0 < size <= members.count
        self._is_told = True  # nobody has come or gone since all were told how many they are
        self._told_at = clock()

    def tell(self, shared: Sequence[m.Event]) -> Sequence[m.Event | LocalEvent]:
        """Return what the room is sent of who has come or gone. Called before a newcomer is welcomed."""
        was_on = self.is_on
        self.is_on = was_on or 0 < self._size <= self._members.count
        if not self.is_on:
            return shared
        only_in_text = [OnlyInText(event) for event in shared]
        if was_on:
            self._is_told = False
            return only_in_text
        self._note_told()
        return [*only_in_text, m.Crowd(True, self._members.count, self._members.page(MAX_PEOPLE)[0])]

    def news(self) -> Sequence[m.Event]:
        """Return what the room is sent from time to time: that there is no crowd any more, or the number."""
        count = self._members.count
        if not self.is_on:
            return ()
        if 100 * count < _END_PERCENT * self._size:
            self.is_on = False
            return [m.Crowd(False, count, first_names(self._members.names(), _MAX_END_BYTES))]
        # Told also if it is the same again: a newcomer's welcome had another number meanwhile.
        if self._is_told or self._clock() < self._told_at + _COUNT_INTERVAL:
            return ()
        self._note_told()
        return [m.MemberCount(count)]

    def members_for(self, newcomer: Member) -> tuple[Sequence[str], int | None]:
        """Return the members for a welcome, and how many there are if these are not all."""
        if not self.is_on:
            names = self._members.names()
            known = first_names(names, _MAX_WELCOME_BYTES)
            return known, len(names) if len(known) < len(names) else None
        first, _ = self._members.page(MAX_PEOPLE)
        if newcomer.announced and newcomer.name not in first:
            first = [*first[: MAX_PEOPLE - 1], newcomer.name]
        return first, self._members.count

    def _note_told(self) -> None:
        self._is_told, self._told_at = True, self._clock()
