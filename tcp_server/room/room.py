"""What connections ask of the room, and what they are answered.

Each method takes a request of one connection and returns `Outcome`s: what is to be sent to whom.
What changes the room is proposed, with every value that decides, and `Fold` applies it. Not
thread-safe: the caller holds the sequencer's room lock, except for `is_banned`.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Generic, cast

from msgspec.structs import replace

from chat_protocol import messages as m
from chat_protocol.errors import BadMessage
from chat_protocol.ip import rate_limit_key
from tcp_server.config import Config
from tcp_server.log.history import History, Unavailable
from tcp_server.log.journal import Journal
from tcp_server.log.replay import Replay
from tcp_server.room.absences import Absences
from tcp_server.room.arrivals import Arrivals
from tcp_server.room.changes import latest_only
from tcp_server.room.clock import Clock, MachineClock
from tcp_server.room.commands import LocalEvent, Request, TextJoin
from tcp_server.room.crowd import PRESENCE, Crowd
from tcp_server.room.effects import Answer, Effect
from tcp_server.room.fold import Fold
from tcp_server.room.holds import DAY
from tcp_server.room.marks import Marks
from tcp_server.room.members import Member
from tcp_server.room.moderation.actions import ban_error
from tcp_server.room.moderation.audit_log import AuditLog
from tcp_server.room.moderation.moderation import Moderation
from tcp_server.room.moderation.recorded import unapplied
from tcp_server.room.names import BadName, parse_name
from tcp_server.room.outcome import AudienceChange, C, Outcome, with_ref
from tcp_server.room.passwords import Password
from tcp_server.room.proposals import AnyProposal, Forget, HoldAtMost, Join, Part, Reap, Up
from tcp_server.room.proposer import AnyProposer, Proposer
from tcp_server.room.requests import Requests, error
from tcp_server.room.rollback import without_unsaved
from tcp_server.room.seats import Seats
from tcp_server.room.visit import Visit

_MIN_STEP = 0.001
"""Seconds that a step of forgetting takes, before the first one was measured."""


class Room(Generic[C]):
    """The only room of a server."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is another part of the server
        self,
        config: Config,
        history: History,
        audit_log: AuditLog,
        search: Callable[[C, m.Search, bytes], list[Outcome[C]]],
        address_of: Callable[[C], str],
        clock: Callable[[], float] = time.monotonic,
        now: Clock | None = None,
        journal: Journal | None = None,
        is_busy: Callable[[C], bool] = lambda _: False,
    ) -> None:
        """Go on where the log ends. Raises `BadHistory` if the audit log cannot be read.

        `search` may answer later; `address_of` returns "" if unknown, `clock` monotonic seconds,
        `now` the time of the room (None: by the machine's clock). `journal` keeps what was proposed.
        `is_busy` says whether a connection has bytes waiting for it.
        """
        self._config = config
        self._history = history
        self._audit_log = audit_log
        self._journal = journal
        self._clock = clock
        self.now: Clock = now or MachineClock(time.time)
        """The time of the room."""
        self._fold = Fold(history)
        self._take_over_present()
        self._proposer: AnyProposer = self._make_proposer()
        self._seats = Seats[C](self._proposer.incarnation, address_of)
        self._replay = Replay(history, config.max_replay)
        self._crowd = Crowd(self._fold.members, config.crowd, clock)
        self._marks = Marks(self._fold.members)
        self._arrivals = Arrivals(config, self._fold, self._seats, self._replay, self._crowd, self._marks)
        self._moderation = Moderation(config, self._fold, audit_log, self._seats, self._propose)
        self._requests = Requests(
            config,
            self._fold,
            self._seats,
            self._replay,
            self._crowd,
            self._marks,
            self._moderation,
            search,
            self._propose,
            clock,
            self.now,
            is_busy,
        )
        self._absences = Absences(config.grace, clock)
        self._visits: dict[C, Visit] = {}  # of the quiet connections, oldest first
        self._begin_run()

    @property
    def clients(self) -> int:
        """How many connections to this server have joined. Any thread."""
        return self._seats.count

    def use(self, config: Config) -> None:
        """Use other limits from now on."""
        self._config = self._moderation.config = config
        self._arrivals.use(config)
        self._requests.use(config)
        self._absences.grace = config.grace

    def reopen(self, config: Config) -> list[Outcome[C]]:
        """Use other passwords, title and welcome from now on, and tell the members of the latter two.

        Those who are in, and moderators, stay what they are.
        """
        self._moderation.password = Password(config.moderator_password)
        is_news = self._arrivals.reopen(config)
        return [Outcome(None, (), [self._arrivals.about()])] if is_news else []

    def about(self, connection: C, ref: str | None) -> list[Outcome[C]]:
        """Tell a connection, which may not have joined, which room this is."""
        return [Outcome(connection, [replace(self._arrivals.about(), ref=ref)])]

    # --- requests --------------------------------------------------------------------

    def join(
        self,
        connection: C,
        request: m.Join | TextJoin,
        decide: Callable[[list[Outcome[C]]], list[Outcome[C]]] = lambda outcomes: outcomes,
    ) -> list[Outcome[C]]:
        """Join the room, or answer why not. A ban ends the connection.

        `decide` is called once with what comes of it; returns what is to be sent.
        """
        return decide(self._join(connection, request))

    def _join(self, connection: C, request: m.Join | TextJoin) -> list[Outcome[C]]:
        if self._seats.of(connection) is not None:
            return [error(connection, "already_joined", "this connection has joined already")]
        now = self.now()
        if ban := self._fold.sanctions.bans.find(self._seats.address_of(connection), now):
            answer: list[m.Event] = [ban_error(ban.seconds_left(now)), m.Bye("banned")]
            return [Outcome(connection, answer, (), AudienceChange.LEAVE)]
        self._proposer.set_time()
        join = self._arrivals.begin(connection, request)
        if not isinstance(join, Join):
            return [Outcome(connection, join)]
        return self._propose(join)

    def member_of(self, connection: C) -> Member | None:
        """Return the member with that connection; None if it has not joined."""
        seat = self._seats.of(connection)
        return None if seat is None else self._fold.members.by_seat(seat)

    def is_banned(self, host: str) -> bool:
        """Return whether an address is banned. Any thread."""
        return self._fold.sanctions.bans.find(host, self.now.read()) is not None

    def handle(self, connection: C, requests: Iterable[Request]) -> list[Outcome[C]]:
        """Run requests of a connection that has joined, in their order."""
        if self._visits and (visit := self._visits.get(connection)) is not None:
            outcomes = self._handle(connection, visit.admit(requests))
            if visit.exhausted:
                outcomes += self.leave(connection, hold_name=False, bye="quiet")
            return outcomes
        return self._handle(connection, requests)

    def _handle(self, connection: C, requests: Iterable[Request]) -> list[Outcome[C]]:
        outcomes: list[Outcome[C]] = []
        for kind, group in groupby(requests, type):
            # Looked up each time: one of the requests may be `leave`.
            member = self.member_of(connection)
            if member is None:
                break
            if kind is m.Say:
                outcomes += self._requests.say(connection, member, list(cast("Iterable[m.Say]", group)))
            else:
                for request in group:
                    outcomes += with_ref(
                        self._do(connection, member, request), connection, getattr(request, "ref", None)
                    )
        return outcomes

    def _do(self, connection: C, member: Member, request: Request) -> list[Outcome[C]]:
        match request:
            case m.Leave():
                return self.leave(connection, hold_name=False, bye="left", forget=request.forget)
            case m.About(ref=ref):
                return self.about(connection, ref)
            case m.Join() | TextJoin():
                return self.join(connection, request)
            case BadMessage(code="bad_utf8"):
                return self.leave(connection, hold_name=True, bye="bad_utf8")
            case BadMessage():
                return [error(connection, request.code, request.text, request.ref)]
            case m.Authenticate() | m.Moderate() | m.Whois() | m.Bans():
                self._proposer.set_time()
        return self._requests.run(connection, member, request)

    def leave(
        self,
        connection: C,
        *,
        hold_name: bool,
        bye: str | None = None,
        reason: str | None = None,
        forget: bool = False,
    ) -> list[Outcome[C]]:
        """Remove a connection; does nothing if it has been removed already.

        `bye` is the reason sent to the connection, `reason` the one sent to the room.
        With `hold_name`, a member without connections keeps its name for the grace period,
        and `left` is sent only after that. With `forget`, what is kept of the person is forgotten.
        """
        if not self._may_part(connection):
            return []
        hold_name = hold_name and bool(self._config.grace)
        return self._propose(Part(self._seats.number(connection), hold_name, bye, reason, forget))

    def expire(self) -> list[Outcome[C]]:
        """Remove who is absent for too long, end visits, tell who is away, pass output on. Every 0.5 s."""
        now = self._clock()
        visits = [connection for connection, visit in self._visits.items() if visit.ends_at <= now]
        return [
            *(outcome for member in self._overdue() for outcome in self._reap(member)),
            *(one for connection in visits for one in self.leave(connection, hold_name=False, bye="quiet")),
            *(Outcome[C](None, (), [event]) for event in self._crowd.news()),
            *self._requests.outputs.tick(),
            *self._tell_marks(),
        ]

    def _tell_marks(self) -> list[Outcome[C]]:
        if self._crowd.is_on:
            self._marks.forget_told()
            return []
        people = self._marks.news()
        return [Outcome(None, (), people)] if people else []

    def _may_part(self, connection: C) -> bool:
        """Return whether a connection has a seat to give up."""
        return self.member_of(connection) is not None

    def _overdue(self) -> Sequence[Member]:
        """Return the absent members whom this server has to remove."""
        return self._absences.overdue()

    def prune(self) -> float:
        """Forget some messages that are over the limits, and tidy the log up.

        Returns for how many seconds the room waits for such a step, 0 if there is no more to do.
        """
        below = self._history.oldest_to_keep(self.now())
        seconds = self._history.tidy()
        if below > self._history.first:
            with suppress(Unavailable):  # tried again
                self._propose(Forget(below))
                return max(seconds, _MIN_STEP)
        return seconds

    def commit(self, outcomes: list[Outcome[C]]) -> list[Outcome[C]]:
        """Commit a batch to the log, before its outcomes are sent.

        If that fails, return the outcomes without its messages, and with errors instead of acks.
        """
        try:
            self._proposer.commit()
        except Unavailable:
            outcomes = [
                without_unsaved(outcome, self._history, self._person_of(outcome.connection))
                for outcome in outcomes
            ]
        return self._without_repeats(outcomes)

    def _without_repeats(self, outcomes: list[Outcome[C]]) -> list[Outcome[C]]:
        """Return what is sent of a batch: each message that has changed only as it is in the end."""
        if self._requests.acts > 1:
            outcomes = latest_only(outcomes)
        self._requests.acts = 0
        return outcomes

    def _person_of(self, connection: C | None) -> bytes:
        member = None if connection is None else self.member_of(connection)
        return member.person if member else b""

    def clear(self) -> None:
        """Forget all connections without `left` events. Called at shutdown."""
        self._seats.clear()
        self._visits.clear()

    # --- proposals -------------------------------------------------------------------

    def _propose(self, proposal: AnyProposal) -> list[Outcome[C]]:
        """Apply a proposal. Raises `Unavailable`."""
        return self._outcomes(self._proposer.propose(proposal))

    def _outcomes(self, effects: Sequence[Effect]) -> list[Outcome[C]]:
        if self._fold.attendance.newly_absent:
            self._watch_absences()
        outcomes = list(map(self._outcome, effects))
        return [*outcomes, *self._tell_promoted()] if self._fold.promoted else outcomes

    def _outcome(self, effect: Effect) -> Outcome[C]:
        """Return an effect on a seat as the one on its connection, if it is one of this server's."""
        connection = self._seats.connection(effect.seat)
        shared: Sequence[m.Event | LocalEvent] = effect.shared
        if shared and type(shared[0]) in PRESENCE:
            shared = self._crowd.tell(effect.shared)
        if connection is None or (effect.is_known and self._seats.is_in_text(connection)):
            return Outcome(None, (), shared)
        if effect.acked:
            return Outcome(connection, effect.acks(), shared)
        events: Sequence[Answer | LocalEvent] = effect.answer
        if self._arrivals.waiting:
            events = self._arrivals.answer(connection, effect.answer)
            if events and isinstance(events[0], m.Welcome):
                if effect.audience_change is AudienceChange.NONE:
                    self._visits[connection] = Visit(self._clock())
                else:
                    events = [*events, *self._requests.outputs.previews()]
        if self._requests.codes:
            events = self._requests.with_code(connection, events)
        if effect.audience_change is AudienceChange.LEAVE and effect.seat is not None:
            self._marks.set_back(effect.seat)
            self._seats.free(connection)
            self._visits.pop(connection, None)
            self._requests.forget(connection)
        answer = cast("Sequence[m.Event | LocalEvent]", events)
        return Outcome(connection, answer, shared, effect.audience_change)

    def _tell_promoted(self) -> list[Outcome[C]]:
        """Tell all but one connection of theirs, which knows it, who has become a moderator."""
        promoted = [*self._fold.promoted]
        self._fold.promoted.clear()
        if self._crowd.is_on:
            return []
        connections = [next(iter(self._seats.connections_of(member)), None) for member in promoted]
        people = map(self._marks.tell, promoted)
        return [Outcome(one, (), [person]) for one, person in zip(connections, people, strict=True)]

    def _watch_absences(self) -> None:
        for member, seat in self._fold.attendance.newly_absent:
            connection = self._seats.connection(seat)
            host = "" if connection is None else self._seats.address_of(connection)
            self._absences.watch(member, rate_limit_key(host, self._config.trusted_proxies) or "")
        self._fold.attendance.newly_absent.clear()

    def _reap(self, member: Member) -> list[Outcome[C]]:
        since = member.absent_since
        return [] if since is None else self._propose(Reap(member.number, since))

    # --- the start -------------------------------------------------------------------

    def _make_proposer(self) -> AnyProposer:
        return Proposer(self._fold, self.now, self._journal)

    def _begin_run(self) -> None:
        """Take over what the last run of this server left; nobody is connected yet. Raises `BadHistory`."""
        self._propose(Up("", self._fold.moment.position))
        trusted = self._config.trusted_proxies
        if self._fold.persons.holds_longer_than(seconds := self._config.hold_names * DAY):
            self._propose(HoldAtMost(seconds))
        for proposal in unapplied(self._audit_log, self._history, self.now(), trusted):
            with suppress(Unavailable):  # the history has logged it
                self._propose(proposal)
        for member in self._fold.members:
            self._absences.watch(member)
        for surplus in self._absences.overdue():
            self._reap(surplus)
        self.commit([])

    def _take_over_present(self) -> None:
        """Let those join and part who were in the room when a server of an older version ended."""
        present = self._history.take_present()
        if not present:
            return
        proposer = Proposer(self._fold, self.now, self._journal)
        proposer.propose(Up("", self._fold.moment.position))
        for seat, (session, name) in enumerate(present, 1):
            with suppress(BadName):  # the limits may have changed
                keys = parse_name(name, self._config.max_name).keys
                proposer.propose(Join(seat, session, name, keys))
                proposer.propose(Part(seat, hold_name=True))
        with suppress(Unavailable):
            proposer.commit()
