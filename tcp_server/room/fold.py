"""The state of the room, and the only place that changes it: proposals are applied in one order.

`apply` is a pure function of the state and the proposal: it sees no clock, no chance, no setting and
no address, so that all who apply the same entries end in the same state. The log, the members, the
bans and mutes are stored in one transaction with the position of the last entry: a restart goes on there.

Not thread-safe: the caller holds the sequencer's room lock, except for `sanctions.bans.find`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from chat_protocol import messages as m
from tcp_server.log.history import History
from tcp_server.room import proposals as p
from tcp_server.room.changes import Changes
from tcp_server.room.digests import Digests
from tcp_server.room.effects import Answer, Effect, Entered, Linked, NameTaken, Seat
from tcp_server.room.head import Head, decode_head, encode_head, position_of
from tcp_server.room.members import Member, Members, encode
from tcp_server.room.moderation import notices
from tcp_server.room.moderation.actions import Actions, Refused, ban_error
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.outcome import AudienceChange
from tcp_server.room.persons import Persons
from tcp_server.room.runs import Runs
from tcp_server.room.speech import Speech

_MAX_SEATS_PER_MEMBER = 16
"""Maximum number of connections of a member, and of its quiet ones; one more replaces the oldest."""

_SANCTIONING = frozenset({"ban", "unban", "mute", "unmute"})
"""Actions that change the sanctions in force."""


class Fold:
    """The state, and `apply`. An entry is `begin`, its proposals, and `commit`."""

    def __init__(self, history: History) -> None:
        """Go on where the log ends."""
        self.history = history
        head = decode_head(history.head)
        self.runs = Runs(head.runs)
        """The runs of the servers. Only to be read from elsewhere."""
        self.settings = head.settings
        """Those that decide for all servers. Only to be read from elsewhere, as `digests`."""
        self.digests = Digests(head.digest)
        self.newly_absent: list[tuple[Member, Seat]] = []
        """Members that have become absent, with their last seat, until the room has taken note."""
        self.position = history.position = position_of(history)
        """The position of the last entry."""
        self.members = Members(history.members.all(), head.next_member)
        self.persons = Persons(history.persons.all(), self.members.has_session)
        self.sanctions = Sanctions(history.sanctions)
        self.actions = Actions(self.members, self.persons, history, self.sanctions)
        self._speech = Speech(history, self.sanctions)
        self._changes = Changes(history, self.sanctions)
        self._incarnation = b""  # of the entry that is being applied
        self._last_before = 0  # the newest id before that entry
        self._are_sanctions_new = False
        self.at = ""
        """The time of that entry, or of the next one, as messages have it."""
        self.now = 0.0
        """The same in seconds since 1970."""
        self._second = 0  # of that time, and how it is written up to the point
        self._until_dot = ""
        self._kinds: dict[type, Callable[[Any], Sequence[Effect]]] = {
            p.Up: self._up,
            p.Beat: self._beat,
            p.Down: self._down,
            p.Epoch: self._epoch,
            p.Join: self._join,
            p.Part: self._part,
            p.Link: self._link,
            p.Hold: self._hold,
            p.HoldAtMost: self._hold_at_most,
            p.Reap: self._reap,
            p.Say: self._say,
            p.Post: self._post,
            p.Edit: self._change,
            p.Delete: self._change,
            p.React: self._change,
            p.Act: self._act,
            p.Role: self._role,
            p.Sanctioned: self._sanctioned,
            p.Forget: self._let_go,
            p.Settle: self._let_go,
            p.Retract: self._retract,
        }

    # --- entries ---------------------------------------------------------------------

    def fold(self, position: int, at: int, entry: p.Entry) -> list[Effect]:
        """Apply an entry of the journal; `at` is in milliseconds since 1970.

        It has no effect if it was seen before, or if its run is over or lacks the entry before it.
        """
        return [effect for effects in self.steps(position, at, entry) for effect in effects]

    def steps(self, position: int, at: int, entry: p.Entry) -> Iterator[Sequence[Effect]]:
        """As `fold`, but yield the effects of each proposal as soon as it is applied."""
        self.set_time(at)
        self.begin(position, entry.incarnation)
        if self.runs.take(position, entry):
            for proposal in entry.proposals:
                effects = self.apply(proposal)
                self.digests.add(effects)
                yield effects
        self.digests.end_entry(position)

    def set_time(self, at: int) -> None:
        """Set the time of the next entry, in milliseconds since 1970."""
        self.now = at / 1000
        second, milliseconds = divmod(at, 1000)
        if second != self._second:
            self._second, self._until_dot = second, m.timestamp(second)[:-4]
        self.at = f"{self._until_dot}{milliseconds:03}Z"

    def begin(self, position: int, incarnation: bytes) -> None:
        """Begin an entry, whose proposals are then applied one after the other."""
        self.position = self.history.position = position
        self._last_before = self.history.last
        self._incarnation = incarnation

    def apply(self, proposal: p.AnyProposal) -> Sequence[Effect]:
        """Apply one proposal. Raises `Unavailable` if the log cannot be read; then nothing has changed."""
        return self._kinds[type(proposal)](proposal)

    def commit(self, *, only_says: bool = False) -> None:
        """Store everything since the last commit. Raises `Unavailable` if messages could not be stored.

        These are then taken back by `Retract`; all else is stored with the next commit. With `only_says`
        nothing has changed but the log, and the position is stored in the messages: that saves the
        hot path a page in the file.
        """
        if only_says:
            self.history.commit()
            return
        if self.members.has_changes:
            for number, state in self.members.take_changes():
                self.history.members.set(number, state)
        if self.persons.has_changes:
            for person, state in self.persons.take_changes():
                self.history.persons.set(person, state)
        if self._are_sanctions_new:
            self.history.sanctions = self.sanctions.encode()
            self._are_sanctions_new = False
        self._store_head()
        self.history.commit()

    def _store_head(self) -> None:
        head = Head(
            self.position, self.members.next_number, self.runs.encodable, self.digests.newest, self.settings
        )
        self.history.head = encode_head(head)

    def state(self) -> tuple[object, ...]:
        """Return all that decides, but for the messages: the same where the same entries were applied."""
        servers = sorted((run.server, incarnation) for incarnation, run in self.runs.encodable.items())
        members = sorted((member.number, encode(member)) for member in self.members)
        bans, mutes = self.sanctions.kept()
        last, persons = self.history.last, [*self.persons]
        return self.position, self.members.next_number, servers, members, persons, bans, mutes, last

    # --- seats -----------------------------------------------------------------------

    def _up(self, up: p.Up) -> list[Effect]:
        if (old := self.runs.replaced(up)) is None:
            return []  # it comes late
        effects = self._end_runs(old)
        if not any(self.runs):  # all passwords may have changed
            for member in self.members:
                member.moderator = member.admitted = False
                self.members.note_change(member)
        self.runs.begin(self._incarnation, up, self.position)
        self.settings = self.runs.agreed() or self.settings or up.settings
        self.persons.tidy(self.now)
        return effects

    def _down(self, down: p.Down) -> list[Effect]:
        is_down = self.runs.is_down(down, self._incarnation)
        return self._end_runs([down.incarnation]) if is_down else []

    def _end_runs(self, incarnations: Sequence[bytes]) -> list[Effect]:
        """Let all seats of some runs part."""
        for incarnation in incarnations:
            self.runs.end(incarnation)
        return [
            effect
            for member in (list(self.members) if incarnations else ())
            for seat in (*member.quiet, *member.seats)
            if seat[0] in incarnations
            for effect in self._leave(seat, hold_name=True, bye="restart")
        ]

    def _beat(self, beat: p.Beat) -> list[Effect]:
        self.digests.compare(self._incarnation, beat.position, beat.digest)
        self.runs.note_applied(self._incarnation, beat.position)
        return []

    def _epoch(self, new: p.Epoch) -> list[Effect]:
        self.history.epoch = new.epoch
        return self._end_runs([*self.runs])

    def _join(self, join: p.Join) -> list[Effect]:
        seat = (self._incarnation, join.seat)
        if self.members.by_seat(seat) is not None:
            return []
        linked = self.persons.by_code(join.code, self.now) if join.code else None
        if join.code and linked is None:
            return [Effect(seat, [m.Error("bad_code", "the code is wrong, used, or too old")])]
        session = linked[0] if linked else join.session and self.persons.of(join.session, self.now)
        member = self.members.by_person(session)
        keys = member.keys if member else join.keys
        if (ban := self.sanctions.bans.people.find(keys, session, self.now)) is not None:
            answer = [m.Error("banned", "you are banned", retry_after=ban.seconds_left(self.now))]
            return [Effect(seat, [*answer, m.Bye("banned")], (), AudienceChange.LEAVE)]
        if member is None:
            if (other := self.members.by_name(keys)) is not None:
                return [Effect(seat, [NameTaken(other.name)])]
            if self.persons.holder(keys, self.now) not in (None, session):
                return [Effect(seat, [NameTaken(join.name, is_held=True)])]
        read = linked[1].read if linked else None
        if linked:
            self.persons.redeem(join.code, join.session, self.now)
        if member is not None:
            self.members.share(member)
            return self._take_seat(seat, member, read, quiet=join.quiet)
        self.persons.see(session, self.now)
        member = self.members.add(join.name, join.keys, session, announced=not join.quiet)
        return [self._enter(seat, member, read, quiet=join.quiet, is_new=True)]

    def _take_seat(self, seat: Seat, member: Member, read: int | None, *, quiet: bool) -> list[Effect]:
        """Add a seat to a member; the room is sent nothing, unless it had only quiet ones."""
        effects: list[Effect] = []
        seats = member.quiet if quiet else member.seats
        if len(seats) >= _MAX_SEATS_PER_MEMBER:
            effects += self._leave(next(iter(seats)), bye="replaced")
        member.admitted = True
        is_new = not (quiet or member.announced)
        if is_new:
            self.members.announce(member)
        return [*effects, self._enter(seat, member, read, quiet=quiet, is_new=is_new)]

    def _enter(self, seat: Seat, member: Member, read: int | None, *, quiet: bool, is_new: bool) -> Effect:
        self.members.attach(seat, member, quiet=quiet)
        if quiet:  # it is not in the audience
            return Effect(seat, [Entered(member.number, read, not is_new)])
        shared = [m.Joined(member.name, self.at)] if is_new else []
        return Effect(seat, [Entered(member.number, read, not is_new)], shared, AudienceChange.JOIN)

    def _link(self, link: p.Link) -> list[Effect]:
        seat, member = self._speaker(link.seat)
        if member is None:
            return []
        return [Effect(seat, [Linked(self.persons.open_code(member.person, link, member.name, self.now))])]

    def _hold(self, hold: p.Hold) -> list[Effect]:
        _, member = self._speaker(hold.seat)
        if member is not None and member.session is not None:
            self.persons.hold(member.session, member.name, member.keys, hold.until, self.now)
        return []

    def _hold_at_most(self, hold: p.HoldAtMost) -> list[Effect]:
        self.persons.hold_at_most(hold.seconds, self.now)
        return []

    def _speaker(self, number: int) -> tuple[Seat, Member | None]:
        """Return a seat of the server whose entry is applied, and its member."""
        seat = (self._incarnation, number)
        return seat, self.members.by_seat(seat)

    def _part(self, part: p.Part) -> list[Effect]:
        seat, member = self._speaker(part.seat)
        effects = []
        if part.forget and member is not None and member.session is not None:
            self.persons.forget(member.session)
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
        member = self.members.by_seat(seat)
        if member is None:
            return []
        is_quiet = seat in member.quiet
        self.members.detach(seat)
        shared: list[m.Event] = []
        if is_quiet:
            if not (member.announced or member.quiet):
                self._remove(member, reason)
        elif not member.seats and hold_name and self.persons.can_return(member.session):
            member.absent_since, member.reason = self.position, reason
            self.newly_absent.append((member, seat))
        elif not member.seats:
            shared = [self._remove(member, reason)]
        if bye:
            answer = [*answer, m.farewell(bye)]
        return [Effect(seat, [*answer], shared, AudienceChange.LEAVE)]

    def _reap(self, reap: p.Reap) -> list[Effect]:
        member = self.members.by_number(reap.member)
        if member is None or member.absent_since != reap.absent_since:
            return []
        return [Effect(None, (), [self._remove(member, member.reason)])]

    def _remove(self, member: Member, reason: str | None) -> m.Left:
        self.persons.see(member.session, self.now)
        self.members.remove(member)
        return m.Left(member.name, self.at, reason)

    # --- what members do -------------------------------------------------------------

    def _say(self, say: p.Say) -> Sequence[Effect]:
        seat = (self._incarnation, say.seat)
        member = self.members.by_seat(seat)
        return () if member is None else (self._speech.say(seat, member, say.texts, self.at, self.now),)

    def _post(self, post: p.Post) -> Sequence[Effect]:
        seat, member = self._speaker(post.seat)
        return () if member is None else (self._speech.post(seat, member, post, self.at, self.now),)

    def _change(self, act: p.Change) -> Sequence[Effect]:
        seat, member = self._speaker(act.seat)
        return () if member is None else self._changes.apply(seat, member, act, self.at, self.now)

    def _role(self, role: p.Role) -> list[Effect]:
        _, member = self._speaker(role.seat)
        if member is None:
            return []
        member.moderator = True
        self.members.note_change(member)
        return [Effect(seat, [self.role()]) for seat in member.seats]

    def role(self) -> m.Role:
        """Return what tells moderators that they are ones, and who is muted."""
        return m.Role(moderator=True, muted=self.sanctions.muted(self.now))

    def _act(self, act: p.Act) -> list[Effect]:
        seat = (self._incarnation, act.seat) if act.seat else None
        by = None if seat is None else self.members.by_seat(seat)
        if by is None and seat is not None:
            return []
        ref, person = act.ref, by.person if by else b""
        if ref is not None and (known := self.history.find_acks(person, [ref])):
            return [Effect(seat, [known[ref]])]
        try:
            action = self.actions.check(act, by, self.now)
        except Refused as error:
            return [Effect(seat, [m.Error(error.code, error.text, ref)])]
        action.apply()
        if act.act in _SANCTIONING:
            self._note_sanctions(self.at)
        reason, answer = ("banned", [ban_error(act.seconds)]) if act.act == "ban" else ("kicked", [])
        expelled = [effect for member in action.expelled for effect in self._expel(member, reason, answer)]
        notice = notices.append(action.notice, self.at, self.history)
        ack = [] if ref is None else [m.Ack(ref, notice.id, notice.at)]
        if ack:
            self.history.note_act(ack[0], notice.id, (person, ref))
        deleted = action.deleted
        changed = [self._changes.delete(deleted, notice, action.notice.by, self.at)] if deleted else []
        return [Effect(seat, [notice, *ack, *changed], [notice, *changed]), *expelled]

    def _expel(self, member: Member, reason: str, answer: Sequence[Answer]) -> list[Effect]:
        """Remove a member, with seats or in its grace period; each seat is sent `answer` before the `bye`."""
        is_absent = member.absent_since is not None
        effects = [
            effect
            for seat in (*member.quiet, *member.seats)
            for effect in self._leave(seat, bye=reason, reason=reason, answer=answer)
        ]
        return [*effects, Effect(None, (), [self._remove(member, reason)])] if is_absent else effects

    def _sanctioned(self, all_of: p.Sanctioned) -> list[Effect]:
        self.sanctions.replace(all_of.at, all_of.bans, all_of.mutes, self.now)
        self._note_sanctions(all_of.at)
        return []

    def _note_sanctions(self, at: str) -> None:
        self.sanctions.note_change(at, self.now)
        self._are_sanctions_new = True

    def _let_go(self, old: p.Forget | p.Settle) -> list[Effect]:
        let_go = self.history.forget if isinstance(old, p.Forget) else self.history.settle
        let_go(min(old.below, self._last_before))
        return []

    def _retract(self, _: p.Retract) -> list[Effect]:
        self.history.rollback()
        self._store_head()  # the log has neither entry, or both
        return []
