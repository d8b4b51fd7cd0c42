"""The state of the room, and the only place that changes it: proposals are applied in one order.

`apply` is a pure function of the state and the proposal: it sees no clock, no chance, no setting and
no address, so that all who apply the same entries end in the same state. The log, the members, the
bans and mutes are stored in one transaction with the position of the last entry: a restart goes on there.

Not thread-safe: the caller holds the sequencer's room lock, except for `sanctions.bans.find`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chat_protocol import messages as m
from tcp_server.log.history import History
from tcp_server.room import proposals as p
from tcp_server.room.attendance import Attendance, Moment
from tcp_server.room.changes import Changes
from tcp_server.room.digests import Digests
from tcp_server.room.effects import Effect, Linked, Seat
from tcp_server.room.head import Head, decode_head, encode_head, position_of
from tcp_server.room.lives import Lives
from tcp_server.room.members import Member, Members, encode
from tcp_server.room.moderation import notices
from tcp_server.room.moderation.actions import Actions, Refused, ban_error
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.persons import Persons
from tcp_server.room.runs import Runs
from tcp_server.room.speech import Speech
from tcp_server.room.topic import CurrentTopic

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
        self.moment = Moment(position_of(history))
        """The entry that is being applied, or was last. Only to be read from elsewhere."""
        history.position = self.moment.position
        self.members = Members(history.members.all(), head.next_member)
        self.persons = Persons(history.persons.all(), self.members.has_session)
        self.sanctions = Sanctions(history.sanctions)
        self.attendance = Attendance(self.members, self.persons, self.sanctions, self.moment)
        """Who has a seat; from elsewhere, only its `newly_absent`."""
        self.actions = Actions(self.members, self.persons, history, self.sanctions)
        self._speech = Speech(history, self.sanctions)
        self.lives = Lives(history, self.sanctions, head.lives)
        """Only to be read from elsewhere."""
        self._changes = Changes(history, self.sanctions, self.lives)
        self.promoted: list[Member] = []
        """Members that have become moderators, until the room has taken note."""
        self.topic = CurrentTopic(head.topic)
        """Only to be read from elsewhere."""
        self._last_before = 0  # the newest id before the entry
        self._are_sanctions_new = False
        self._second = 0  # of the entry's time, and how it is written up to the point
        self._until_dot = ""
        self._kinds: dict[type, Callable[[Any], Sequence[Effect]]] = {
            p.Up: self._up,
            p.Beat: self._beat,
            p.Down: self._down,
            p.Epoch: self._epoch,
            p.Join: self.attendance.join,
            p.Part: self.attendance.part,
            p.Link: self._link,
            p.Hold: self._hold,
            p.HoldAtMost: self._hold_at_most,
            p.Reap: self.attendance.reap,
            p.Say: self._say,
            p.Post: self._post,
            p.Edit: self._change,
            p.Delete: self._change,
            p.React: self._change,
            p.End: self._change,
            p.Start: self._start,
            p.Take: self._take,
            p.Body: self._grow,
            p.Lose: self._lose,
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
        self.moment.now = at / 1000
        second, milliseconds = divmod(at, 1000)
        if second != self._second:
            self._second, self._until_dot = second, m.timestamp(second)[:-4]
        self.moment.at = f"{self._until_dot}{milliseconds:03}Z"

    def begin(self, position: int, incarnation: bytes) -> None:
        """Begin an entry, whose proposals are then applied one after the other."""
        self.moment.position = self.history.position = position
        self._last_before = self.history.last
        self.moment.incarnation = incarnation

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
            self.moment.position,
            self.members.next_number,
            self.runs.encodable,
            self.digests.newest,
            self.settings,
            self.topic.value,
            self.lives.open,
        )
        self.history.head = encode_head(head)

    def state(self) -> tuple[object, ...]:
        """Return all that decides, but for the messages: the same where the same entries were applied."""
        servers = sorted((run.server, incarnation) for incarnation, run in self.runs.encodable.items())
        members = sorted((member.number, encode(member)) for member in self.members)
        bans, mutes = self.sanctions.kept()
        position, last, persons = self.moment.position, self.history.last, [*self.persons]
        topic, lives, number = self.topic.value, self.lives.open, self.members.next_number
        return position, number, servers, members, persons, bans, mutes, topic, lives, last

    # --- seats -----------------------------------------------------------------------

    def _up(self, up: p.Up) -> list[Effect]:
        if (old := self.runs.replaced(up)) is None:
            return []  # it comes late
        effects = self._end_runs(old)
        if not any(self.runs):  # all passwords may have changed
            for member in self.members:
                member.moderator = member.admitted = False
                self.members.note_change(member)
        self.runs.begin(self.moment.incarnation, up, self.moment.position)
        self.settings = self.runs.agreed() or self.settings or up.settings
        self.persons.tidy(self.moment.now)
        return effects

    def _down(self, down: p.Down) -> list[Effect]:
        is_down = self.runs.is_down(down, self.moment.incarnation)
        return self._end_runs([down.incarnation]) if is_down else []

    def _end_runs(self, incarnations: Sequence[bytes]) -> list[Effect]:
        """Let all seats of some runs part."""
        for incarnation in incarnations:
            self.runs.end(incarnation)
        return self.attendance.end_seats(incarnations)

    def _beat(self, beat: p.Beat) -> list[Effect]:
        self.digests.compare(self.moment.incarnation, beat.position, beat.digest)
        self.runs.note_applied(self.moment.incarnation, beat.position)
        return []

    def _epoch(self, new: p.Epoch) -> list[Effect]:
        self.history.epoch = new.epoch
        return self._end_runs([*self.runs])

    def _link(self, link: p.Link) -> list[Effect]:
        seat, member = self._speaker(link.seat)
        if member is None:
            return []
        return [
            Effect(seat, [Linked(self.persons.open_code(member.person, link, member.name, self.moment.now))])
        ]

    def _hold(self, hold: p.Hold) -> list[Effect]:
        _, member = self._speaker(hold.seat)
        if member is not None and member.session is not None:
            self.persons.hold(member.session, member.name, member.keys, hold.until, self.moment.now)
        return []

    def _hold_at_most(self, hold: p.HoldAtMost) -> list[Effect]:
        self.persons.hold_at_most(hold.seconds, self.moment.now)
        return []

    def _speaker(self, number: int) -> tuple[Seat, Member | None]:
        """Return a seat of the server whose entry is applied, and its member."""
        seat = (self.moment.incarnation, number)
        return seat, self.members.by_seat(seat)

    # --- what members do -------------------------------------------------------------

    def _say(self, say: p.Say) -> Sequence[Effect]:
        moment = self.moment
        seat = (moment.incarnation, say.seat)
        member = self.members.by_seat(seat)
        return () if member is None else (self._speech.say(seat, member, say.texts, moment.at, moment.now),)

    def _post(self, post: p.Post) -> Sequence[Effect]:
        moment = self.moment
        seat, member = self._speaker(post.seat)
        return () if member is None else (self._speech.post(seat, member, post, moment.at, moment.now),)

    def _change(self, act: p.Change) -> Sequence[Effect]:
        moment = self.moment
        seat, member = self._speaker(act.seat)
        return () if member is None else self._changes.apply(seat, member, act, moment.at, moment.now)

    def _start(self, start: p.Start) -> Sequence[Effect]:
        moment = self.moment
        seat, member = self._speaker(start.seat)
        return () if member is None else (self.lives.start(seat, member, start, moment.at, moment.now),)

    def _take(self, take: p.Take) -> Sequence[Effect]:
        seat, member = self._speaker(take.seat)
        if member is not None:
            self.lives.take(seat, member, take)
        return ()

    def _grow(self, body: p.Body) -> Sequence[Effect]:
        self.lives.grow(body)
        return ()

    def _lose(self, lose: p.Lose) -> Sequence[Effect]:
        return self.lives.lose(lose, self.moment.at, self.moment.now)

    def _role(self, role: p.Role) -> list[Effect]:
        _, member = self._speaker(role.seat)
        if member is None:
            return []
        member.moderator = True
        self.promoted.append(member)
        self.members.note_change(member)
        return [Effect(seat, [self.role()]) for seat in member.seats]

    def role(self) -> m.Role:
        """Return what tells moderators that they are ones, and who is muted."""
        return m.Role(moderator=True, muted=self.sanctions.muted(self.moment.now))

    def _act(self, act: p.Act) -> list[Effect]:
        seat = (self.moment.incarnation, act.seat) if act.seat else None
        by = None if seat is None else self.members.by_seat(seat)
        if by is None and seat is not None:
            return []
        ref, person = act.ref, by.person if by else b""
        if ref is not None and (known := self.history.find_acks(person, [ref])):
            return [Effect(seat, [known[ref]])]
        try:
            action = self.actions.check(act, by, self.moment.now)
        except Refused as error:
            return [Effect(seat, [m.Error(error.code, error.text, ref)])]
        action.apply()
        if act.act in _SANCTIONING:
            self._note_sanctions(self.moment.at)
        reason, answer = ("banned", [ban_error(act.seconds)]) if act.act == "ban" else ("kicked", [])
        expelled = [
            effect for member in action.expelled for effect in self.attendance.expel(member, reason, answer)
        ]
        notice = notices.append(action.notice, self.moment.at, self.history)
        ack = [] if ref is None else [m.Ack(ref, notice.id, notice.at)]
        if ack:
            self.history.note_act(ack[0], notice.id, (person, ref))
        self.topic.follow(notice, self.moment.position)
        if (deleted := action.deleted) is not None:
            self.topic.forget(deleted.id, self.moment.position)
        changed = [self._changes.delete(deleted, notice, action.notice.by, self.moment.at)] if deleted else []
        return [Effect(seat, [notice, *ack, *changed], [notice, *changed]), *expelled]

    def _sanctioned(self, all_of: p.Sanctioned) -> list[Effect]:
        self.sanctions.replace(all_of.at, all_of.bans, all_of.mutes, self.moment.now)
        self._note_sanctions(all_of.at)
        return []

    def _note_sanctions(self, at: str) -> None:
        self.sanctions.note_change(at, self.moment.now)
        self._are_sanctions_new = True

    def _let_go(self, old: p.Forget | p.Settle) -> list[Effect]:
        below = min(old.below, self._last_before)
        if isinstance(old, p.Forget):
            self.history.forget(below)
            self.lives.forget_below(below)
        else:
            self.history.settle(min(below, self.lives.first or below))  # what is open decides still
        return []

    def _retract(self, _: p.Retract) -> list[Effect]:
        self.history.rollback()
        self.topic.take_back(self.moment.position)
        self.lives.take_back(self.moment.position)
        self._store_head()  # the log has neither entry, or both
        return []
