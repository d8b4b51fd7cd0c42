"""What members ask for, but for coming and going: each request is answered, or becomes a proposal.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Generic
from weakref import WeakKeyDictionary

from chat_protocol import messages as m
from chat_protocol.commands import Help, OnLast, Show, ShowTopic, UseCode, Who
from chat_protocol.contract import MAX_LINE, MAX_WHY
from chat_protocol.ip import rate_limit_key
from chat_protocol.text import is_blank, one_line
from tcp_server.config import Config
from tcp_server.log.as_sent import as_sent
from tcp_server.log.history import NotFetched, Unavailable, find_message
from tcp_server.log.replay import Replay
from tcp_server.room.acts import Acts
from tcp_server.room.codes import SECONDS, code_digest, new_code
from tcp_server.room.commands import (
    AwayNoted,
    HelpText,
    LiveShown,
    LocalEvent,
    MemberList,
    Request,
    TopicShown,
)
from tcp_server.room.crowd import MAX_PEOPLE, Crowd
from tcp_server.room.effects import Answer, Linked
from tcp_server.room.fold import Fold
from tcp_server.room.holds import Holds
from tcp_server.room.marks import Marks
from tcp_server.room.members import Member, first_names
from tcp_server.room.moderation.bans import Sanction
from tcp_server.room.moderation.moderation import Moderation
from tcp_server.room.outcome import C, Outcome
from tcp_server.room.outputs import Outputs
from tcp_server.room.proposals import AnyProposal, Hold, Link, Say
from tcp_server.room.seats import Seats
from tcp_server.room.speech import Texts, checked, pieces, with_refs

_MAX_LISTED = 1000
"""Most names in the answer to `/who`; together they have at most `MAX_LINE` bytes."""

_TYPING_INTERVAL = 1.0
"""Minimum number of seconds between two `typing` events of a member."""


class Requests(Generic[C]):
    """Runs the requests of members."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is another part of the room
        self,
        config: Config,
        fold: Fold,
        seats: Seats[C],
        replay: Replay,
        crowd: Crowd,
        marks: Marks,
        moderation: Moderation[C],
        search: Callable[[C, m.Search, bytes], list[Outcome[C]]],
        propose: Callable[[AnyProposal], list[Outcome[C]]],
        clock: Callable[[], float],
        now: Callable[[], float],
        is_busy: Callable[[C], bool],
    ) -> None:
        """`search` may answer later; `propose` may raise `Unavailable`.

        `clock` returns monotonic seconds, `now` seconds since 1970. `is_busy` says whether a connection has
        bytes waiting for it.
        """
        self._fold = fold
        self._history = fold.history
        self._seats = seats
        self._replay = replay
        self._crowd = crowd
        self._marks = marks
        self._moderation = moderation
        self._search = search
        self._propose = propose
        self._clock = clock
        self._now = now
        self._acts = Acts(config, fold, seats, propose)
        self.outputs = Outputs(config, fold, seats, crowd, propose, clock, is_busy)
        self.acts = 0
        """Acts on messages since the room has set it to 0."""
        self.codes: defaultdict[C, deque[str]] = defaultdict(deque)
        """Codes that are proposed and not open yet; only to be read from elsewhere."""
        self.in_turn: Callable[[C, m.Error], list[Outcome[C]]] = _at_once
        """Answers a say that is refused, behind the acks of those before."""
        self.use(config)
        self._typed_at: WeakKeyDictionary[Member, float] = WeakKeyDictionary()  # monotonic

    def use(self, config: Config) -> None:
        """Use other limits from now on."""
        self._config = config
        self._acts.use(config)
        self.outputs.use(config)
        self._holds = Holds(self._fold.persons, config.hold_names) if config.hold_names else None

    def run(  # noqa: C901 - one case per request
        self, connection: C, member: Member, request: Request
    ) -> list[Outcome[C]]:
        """Run one request at the time of the fold; it is no say."""
        match request:
            case m.Typing():
                return self._notify_typing(connection, member)
            case m.Away():
                return self._note_away(connection, member, request)
            case m.Authenticate() | m.Moderate() | m.Whois() | m.Bans():
                return self._moderation.handle(connection, member, request)
            case m.Ping() | m.HistoryRequest() | m.People() | Who() | ShowTopic() | Help():
                return [Outcome(connection, [self._answer(member, request)])]
            case Show(id=number):
                return [Outcome(connection, [self._show(member, number)])]
            case m.Search():
                return self._search(connection, request, member.person)
            case m.Link():
                return self._link(connection, request)
            case m.Edit() | m.Delete() | m.React() | OnLast():
                return self._change(connection, member, request)
            case m.Start() | m.Output() | m.End() | m.BodyRequest():
                return self._run_live(connection, member, request)
            case UseCode():
                return [error(connection, "already_joined", "a code is given instead of a name")]
        raise AssertionError(f"not a request: {request!r}")

    def say(self, connection: C, member: Member, says: Sequence[m.Say]) -> list[Outcome[C]]:
        """Propose what a member says: the hot path."""
        if self._marks.here and (seat := self._seats.of(connection)) is not None:
            self._marks.set_back(seat)  # who speaks is not away
        max_text = self._config.max_text
        if not self._seats.is_in_text(connection):
            parts = checked(says, max_text)
        elif member.session is None:
            parts = [*pieces(says, max_text)]
        else:
            parts = [*with_refs(pieces(says, max_text))]
        outcomes: list[Outcome[C]] = []
        for part in parts:
            if isinstance(part, list):
                outcomes += self._say_texts(connection, part)
            elif isinstance(part, m.Say):
                outcomes += self._acts.post(connection, member, part)
            else:
                outcomes += self.in_turn(connection, part)
        if self._holds and not (self._is_muted(member) or all(isinstance(part, m.Error) for part in parts)):
            outcomes += self._hold(connection, member, self._holds)
        return outcomes

    def _hold(self, connection: C, member: Member, holds: Holds) -> list[Outcome[C]]:
        """Hold the name of a member who has spoken."""
        address = rate_limit_key(self._seats.address_of(connection), self._config.trusted_proxies)
        until = holds.until(member, address, self._fold.moment.now)
        return [] if until is None else self._propose(Hold(self._seats.number(connection), until))

    def _say_texts(self, connection: C, texts: Texts) -> list[Outcome[C]]:
        try:
            return self._propose(Say(self._seats.number(connection), texts))
        except Unavailable as error:
            return [Outcome(connection, [m.Error("unavailable", str(error), ref) for ref, _ in texts])]

    def _answer(
        self, member: Member, request: m.Ping | m.HistoryRequest | m.People | Who | ShowTopic | Help
    ) -> m.Event | LocalEvent:
        members = self._fold.members
        match request:
            case m.Ping():
                return m.Pong()
            case m.HistoryRequest(before=before, limit=limit):
                before = self._history.last + 1 if before is None else before
                try:
                    return self._replay.page(before, limit, member.person)
                except NotFetched as error:
                    return m.Error("unavailable", str(error))
            case Who(prefix=""):
                return self._listed(first_names(members.names(_MAX_LISTED), MAX_LINE), members.count)
            case Who(prefix=prefix):
                found, rest = members.page(_MAX_LISTED, one_line(prefix))
                return self._listed(first_names(found, MAX_LINE), len(found) + rest)
            case m.People(prefix=prefix, after=after, limit=wanted):
                limit = MAX_PEOPLE if wanted is None else min(wanted, MAX_PEOPLE)
                found, rest = members.page(limit, one_line(prefix), one_line(after))
                people = list(map(self._marks.person_since, found))
                return m.People(members=found, count=members.count, more=rest > 0, people=people)
            case ShowTopic():
                return TopicShown(self._fold.topic.value)
            case Help():
                return HelpText(member.moderator)

    def _listed(self, names: Sequence[str], total: int) -> MemberList:
        """Return the answer to `/who`."""
        people = [self._marks.person_since(name) for name in names]
        return MemberList(names, total, {one.name: one for one in people if one.moderator or one.away})

    def _change(
        self, connection: C, member: Member, request: m.Edit | m.Delete | m.React | OnLast
    ) -> list[Outcome[C]]:
        if isinstance(request, OnLast):
            return self._on_last(connection, member, request)
        self.acts += 1
        if isinstance(request, m.Delete) and member.moderator and self._acts.is_foreign(member, request.id):
            return self.run(connection, member, m.Moderate("delete", id=request.id, ref=request.ref))
        return self._acts.change(connection, member, request)

    def _on_last(self, connection: C, member: Member, request: OnLast) -> list[Outcome[C]]:
        number = self._acts.last(member, own=request.is_own)
        if number is None:
            return [error(connection, "no_last_message", "nobody has said anything that is near")]
        act = request.on(number)
        if isinstance(act, m.Say):
            return self.say(connection, member, [act])
        return self._change(connection, member, act)

    def _run_live(
        self, connection: C, member: Member, request: m.Start | m.Output | m.End | m.BodyRequest
    ) -> list[Outcome[C]]:
        if isinstance(request, m.Output) and (mute := self._mute_of(member)) is not None:
            seconds = mute.seconds_left(self._now())
            return [Outcome(connection, [m.Error("muted", "you cannot write", retry_after=seconds)])]
        self.acts += isinstance(request, m.End)
        return self.outputs.run(connection, member, request)

    def _link(self, connection: C, request: m.Link) -> list[Outcome[C]]:
        code = new_code()
        until = self._now() + SECONDS
        link = Link(self._seats.number(connection), code_digest(code), until, request.read)
        self.codes[connection].append(code)
        return self._propose(link)

    def with_code(
        self, connection: C, events: Sequence[Answer | LocalEvent]
    ) -> Sequence[Answer | LocalEvent]:
        """Return what to send a connection that was answered `events`: with its code, where that is open."""
        return [self._code(connection, event) if isinstance(event, Linked) else event for event in events]

    def forget(self, connection: C) -> None:
        """Forget a connection that leaves."""
        self.codes.pop(connection, None)
        self.outputs.forget(connection)

    def _code(self, connection: C, linked: Linked) -> m.Link | m.Error:
        code = self.codes[connection].popleft()
        if not self.codes[connection]:
            del self.codes[connection]
        if not linked.is_open:
            return m.Error("too_many_persons", "too many persons have several devices")
        return m.Link(code=code, seconds=SECONDS)

    def _show(self, member: Member, number: int) -> m.Event | LocalEvent:
        try:
            message = find_message(self._history, number)
            shown = as_sent(self._history, [message], member.person) if message else []
        except Unavailable as error:
            return m.Error("unavailable", str(error))
        if not shown:
            return m.Error("no_message", str(number))
        return (
            LiveShown(shown[0], self.outputs.show(number)) if shown[0].live else m.HistoryPage(shown, False)
        )

    def _is_muted(self, member: Member) -> bool:
        return self._mute_of(member) is not None

    def _mute_of(self, member: Member) -> Sanction | None:
        return self._fold.sanctions.mutes.find(member.keys, member.session, self._now())

    def _note_away(self, connection: C, member: Member, request: m.Away) -> list[Outcome[C]]:
        seat = self._seats.of(connection)
        assert seat is not None
        why = one_line(request.why)[:MAX_WHY]
        if request.on:
            self._marks.set_away(seat, "" if is_blank(why) or self._is_muted(member) else why)
        else:
            self._marks.set_back(seat)
        return [Outcome(connection, [AwayNoted(request.on)])] if self._seats.is_in_text(connection) else []

    def _notify_typing(self, connection: C, member: Member) -> list[Outcome[C]]:
        if self._crowd.is_on:
            return []
        now = self._clock()
        if self._is_muted(member) or now - self._typed_at.get(member, -_TYPING_INTERVAL) < _TYPING_INTERVAL:
            return []
        self._typed_at[member] = now
        return [Outcome(connection, (), [m.Typing(member.name)])]


def error(connection: C, code: str, text: str, ref: str | None = None) -> Outcome[C]:
    """Return the outcome that is only an error."""
    return Outcome(connection, [m.Error(code, text, ref)])


def _at_once(connection: C, refusal: m.Error) -> list[Outcome[C]]:
    return [Outcome(connection, [refusal])]
