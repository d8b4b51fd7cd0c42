"""Coming and going, as `Fold` applies it: seats join and part, and members with the last of them.

Nothing here looks at a clock or a setting.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from chat_protocol import messages as m
from tcp_server.room import proposals as p
from tcp_server.room.effects import Answer, Effect, Entered, NameTaken, Seat
from tcp_server.room.members import Member, Members
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.outcome import AudienceChange
from tcp_server.room.persons import Persons

_MAX_SEATS_PER_MEMBER = 16
"""Maximum number of connections of a member, and of its quiet ones; one more replaces the oldest."""


class Moment(Struct):
    """The entry that is being applied: its position, its run, and its time.

    `at` is its time as messages have it, `now` the same in seconds since 1970; between two entries they are
    those of the next one.
    """

    position: int
    incarnation: bytes = b""
    at: str = ""
    now: float = 0.0


class Attendance:
    """Who has a seat. Not thread-safe: the caller holds the sequencer's room lock."""

    def __init__(self, members: Members, persons: Persons, sanctions: Sanctions, moment: Moment) -> None:
        """`moment` is kept up to date by who applies entries."""
        self._members = members
        self._persons = persons
        self._sanctions = sanctions
        self._moment = moment
        self.newly_absent: list[tuple[Member, Seat]] = []
        """Members that have become absent, with their last seat, until the room has taken note."""

    def join(self, join: p.Join) -> list[Effect]:
        """Let a seat join, or answer why not."""
        seat = (self._moment.incarnation, join.seat)
        if self._members.by_seat(seat) is not None:
            return []
        linked = self._persons.by_code(join.code, self._moment.now) if join.code else None
        if join.code and not (linked or self._is_back(join)):
            return [Effect(seat, [m.Error("bad_code", "the code is wrong, used, or too old")])]
        session = linked[0] if linked else join.session and self._persons.of(join.session, self._moment.now)
        member = self._members.by_person(session)
        keys = member.keys if member else join.keys
        if (ban := self._sanctions.bans.people.find(keys, session, self._moment.now)) is not None:
            answer = [m.Error("banned", "you are banned", retry_after=ban.seconds_left(self._moment.now))]
            return [Effect(seat, [*answer, m.Bye("banned")], (), AudienceChange.LEAVE)]
        if member is None:
            if (other := self._members.by_name(keys)) is not None:
                return [Effect(seat, [NameTaken(other.name)])]
            if self._persons.holder(keys, self._moment.now) not in (None, session):
                return [Effect(seat, [NameTaken(join.name, is_held=True)])]
        if linked:
            self._persons.redeem(join.code, join.session, self._moment.now)
        if member is not None:
            self._members.share(member)
            return self._take_seat(seat, member, quiet=join.quiet)
        self._persons.see(session, self._moment.now)
        member = self._members.add(
            join.name, join.keys, session, announced=not join.quiet, since=self._moment.now
        )
        return [self._enter(seat, member, quiet=join.quiet, is_new=True)]

    def _is_back(self, join: p.Join) -> bool:
        """Return whether the code was used with this secret, which the proposing server did not know yet."""
        return self._persons.by_used_code(join.code, join.session, self._moment.now) is not None

    def _take_seat(self, seat: Seat, member: Member, *, quiet: bool) -> list[Effect]:
        """Add a seat to a member; the room is sent nothing, unless it had only quiet ones."""
        effects: list[Effect] = []
        seats = member.quiet if quiet else member.seats
        if len(seats) >= _MAX_SEATS_PER_MEMBER:
            effects += self._leave(next(iter(seats)), bye="replaced")
        member.admitted = True
        is_new = not (quiet or member.announced)
        if is_new:
            self._members.announce(member, self._moment.now)
        return [*effects, self._enter(seat, member, quiet=quiet, is_new=is_new)]

    def _enter(self, seat: Seat, member: Member, *, quiet: bool, is_new: bool) -> Effect:
        self._members.attach(seat, member, quiet=quiet)
        if quiet:  # it is not in the audience
            return Effect(seat, [Entered(member.number, not is_new)])
        shared = [m.Joined(member.name, self._moment.at)] if is_new else []
        return Effect(seat, [Entered(member.number, not is_new)], shared, AudienceChange.JOIN)

    def end_seats(self, incarnations: Sequence[bytes]) -> list[Effect]:
        """Let all seats of some runs part."""
        return [
            effect
            for member in (list(self._members) if incarnations else ())
            for seat in (*member.quiet, *member.seats)
            if seat[0] in incarnations
            for effect in self._leave(seat, hold_name=True, bye="restart")
        ]

    def part(self, part: p.Part) -> list[Effect]:
        """Remove a seat; with `forget`, all seats of its person."""
        seat = (self._moment.incarnation, part.seat)
        member = self._members.by_seat(seat)
        effects = []
        if part.forget and member is not None and member.session is not None:
            self._persons.forget(member.session)
            others = [one for one in (*member.quiet, *member.seats) if one != seat]
            effects = [one for other in others for one in self._leave(other, bye="left_elsewhere")]
        return [*effects, *self._leave(seat, hold_name=part.hold_name, bye=part.bye, reason=part.reason)]

    def _leave(
        self,
        seat: Seat,
        *,
        hold_name: bool = False,
        bye: str | None = None,
        reason: str | None = None,
        answer: Iterable[Answer] = (),
    ) -> list[Effect]:
        """Remove a seat, which is sent `answer`; without it, a member leaves or has a grace period."""
        member = self._members.by_seat(seat)
        if member is None:
            return []
        is_quiet = seat in member.quiet
        self._members.detach(seat)
        shared: list[m.Event] = []
        if is_quiet:
            if not (member.announced or member.quiet):
                self._remove(member, reason)
        elif not member.seats and hold_name and self._persons.can_return(member.session):
            member.absent_since, member.reason = self._moment.position, reason
            self.newly_absent.append((member, seat))
        elif not member.seats:
            shared = [self._remove(member, reason)]
        if bye:
            answer = [*answer, m.farewell(bye)]
        return [Effect(seat, [*answer], shared, AudienceChange.LEAVE)]

    def reap(self, reap: p.Reap) -> list[Effect]:
        """Remove a member whose grace period is over."""
        member = self._members.by_number(reap.member)
        if member is None or member.absent_since != reap.absent_since:
            return []
        return [Effect(None, (), [self._remove(member, member.reason)])]

    def _remove(self, member: Member, reason: str | None) -> m.Left:
        self._persons.see(member.session, self._moment.now)
        self._members.remove(member)
        return m.Left(member.name, self._moment.at, reason)

    def expel(self, member: Member, reason: str, answer: Sequence[Answer]) -> list[Effect]:
        """Remove a member, with seats or in its grace period; each seat is sent `answer` before the `bye`."""
        is_absent = member.absent_since is not None
        effects = [
            effect
            for seat in (*member.quiet, *member.seats)
            for effect in self._leave(seat, bye=reason, reason=reason, answer=answer)
        ]
        return [*effects, Effect(None, (), [self._remove(member, reason)])] if is_absent else effects
