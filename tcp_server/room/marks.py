"""What is shown of members beside their names: who is a moderator, who is away, and since when all are here.

Who is away is no part of the room's state: it is not kept, and nothing that decides depends on it. Not
thread-safe: the caller holds the sequencer's room lock.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Final, NamedTuple

from chat_protocol import messages as m
from tcp_server.room.effects import Seat
from tcp_server.room.members import Member, Members

MAX_MARKED: Final = 1000
"""Most members in the welcome that are marked, and most that another server is told are away."""

_MAX_TOLD: Final = 10
"""Most members of whom all are told at a time: the others follow with the next calls of `Marks.news`."""


_INTERVAL: Final = 2.0
_AGAIN: Final = 30.0
"""Fewest seconds between two times that other servers are told who is away, and if nothing has changed."""


class AwayHere(NamedTuple):
    """Who is away on all seats of a server: the numbers of the members, and why."""

    people: dict[int, str]


class Marks:
    """The marks of all members, and what clients were told of them."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self.here: dict[Seat, str] = {}
        """The seats of this server whose people are away, and why."""
        self._elsewhere: dict[bytes, Mapping[int, str]] = {}  # by run and number of the member, and why
        self._sent: dict[int, str] = {}  # what other servers were told last
        self._sent_at = 0.0  # when that was; monotonic
        self._told: dict[int, m.Person] = {}  # by number of the member; what is not marked is left out

    def set_away(self, seat: Seat, why: str) -> None:
        """Note that whoever sits here is away."""
        self.here.pop(seat, None)  # the newest reason is the last
        self.here[seat] = why

    def set_back(self, seat: Seat) -> None:
        """Note that they are back, or that the seat is given up."""
        self.here.pop(seat, None)

    def hear(self, incarnation: bytes, away: Mapping[int, str], runs: Iterable[bytes]) -> None:
        """Take over who is away on all seats of another server's run; `runs` are those that are up."""
        self._elsewhere[incarnation] = away
        self._elsewhere = {run: away for run, away in self._elsewhere.items() if run in {*runs, incarnation}}

    def to_tell(self, now: float) -> AwayHere | None:
        """Return what to tell other servers, if it is time to; `now` is in monotonic seconds."""
        away = self._away_here()
        if now < self._sent_at + (_INTERVAL if away != self._sent else _AGAIN if away else inf):
            return None
        self._sent, self._sent_at = away, now
        return AwayHere(away)

    def _away_here(self) -> dict[int, str]:
        """Return the numbers of those who are away on all their seats of this server, and why."""
        away = {}
        for seat in self.here:
            member = self._members.by_seat(seat)
            if member is not None and all(one in self.here for one in member.seats if one[0] == seat[0]):
                away[member.number] = self.here[seat]
        return dict(list(away.items())[-MAX_MARKED:])

    def person(self, member: Member) -> m.Person:
        """Return a member with marks."""
        away = self._away(member)
        return m.Person(member.name, moderator=member.moderator, away=away is not None, why=away or "")

    def person_since(self, name: str) -> m.Person:
        """Return somebody with marks, and since when they are here."""
        member = self._members.called(name)
        if member is None:
            return m.Person(name)
        marked = self.person(member)
        at = m.timestamp(member.since) if member.since else None
        return m.Person(name, at, marked.moderator, marked.away, marked.why)

    def marked(self) -> Sequence[m.Person]:
        """Return those members that have a mark, at most 1,000."""
        return [*self._marked().values()][:MAX_MARKED]

    def news(self) -> Sequence[m.Person]:
        """Return of whom to tell all that their marks have changed; to be called from time to time."""
        marked, told = self._marked(), self._told
        changed = [number for number, person in marked.items() if told.get(number) != person]
        changed += [number for number in told if number not in marked]
        people: list[m.Person] = []
        for number in changed:
            member = self._members.by_number(number)
            if member is None or not member.announced:
                told.pop(number, None)  # all were told that they have left
            elif member.seats and len(people) < _MAX_TOLD:  # not while they are only away from the network
                people.append(self.person(member))
                if number in marked:
                    told[number] = marked[number]
                else:
                    del told[number]
        return people

    def tell(self, member: Member) -> m.Person:
        """Return what all are told now of a member that is marked."""
        person = self._told[member.number] = self.person(member)
        return person

    def forget_told(self) -> None:
        """Begin anew: in a crowd nobody was told."""
        self._told.clear()

    def _marked(self) -> dict[int, m.Person]:
        is_anybody_away = self.here or any(self._elsewhere.values())
        people = (member for member in self._members if member.announced)
        if not is_anybody_away:
            people = (member for member in people if member.moderator)
        marked = ((member.number, self.person(member)) for member in people)
        return {number: person for number, person in marked if person.moderator or person.away}

    def _away(self, member: Member) -> str | None:
        """Return why somebody is away on all seats, empty if they do not say; None if they are here."""
        reasons = [self._why(seat, member.number) for seat in member.seats]
        if not reasons or None in reasons:
            return None
        return next(filter(None, reversed(reasons)), "")

    def _why(self, seat: Seat, number: int) -> str | None:
        found = self.here.get(seat)
        return self._elsewhere.get(seat[0], {}).get(number) if found is None else found
