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
from weakref import WeakKeyDictionary

from chat_protocol import messages as m
from chat_protocol.commands import Help, OnLast, Show, Who
from chat_protocol.contract import MAX_LINE
from chat_protocol.errors import BadMessage
from chat_protocol.ip import rate_limit_key
from tcp_server.config import Config
from tcp_server.log.as_sent import as_sent
from tcp_server.log.history import History, Unavailable, find_message
from tcp_server.log.journal import Journal
from tcp_server.log.replay import Replay
from tcp_server.room.absences import Absences
from tcp_server.room.acts import Acts
from tcp_server.room.arrivals import Arrivals
from tcp_server.room.changes import latest_only
from tcp_server.room.clock import Clock
from tcp_server.room.codes import SECONDS, code_digest, new_code
from tcp_server.room.commands import HelpText, LocalEvent, MemberList, Request, TextJoin
from tcp_server.room.effects import Effect
from tcp_server.room.fold import Fold, ban_error
from tcp_server.room.holds import Holds
from tcp_server.room.members import Member, first_names
from tcp_server.room.moderation.audit_log import AuditLog
from tcp_server.room.moderation.moderation import Moderation
from tcp_server.room.moderation.recorded import unapplied
from tcp_server.room.names import BadName, parse_name
from tcp_server.room.outcome import AudienceChange, C, Outcome, with_ref
from tcp_server.room.proposals import AnyProposal, Forget, Hold, Join, Link, Part, Reap, Say, Up
from tcp_server.room.proposer import Proposer
from tcp_server.room.rollback import without_unsaved
from tcp_server.room.seats import Seats
from tcp_server.room.speech import Texts, checked, pieces
from tcp_server.room.visit import Visit

_MAX_LISTED = 1000
"""Most names in the answer to `/who`; together they have at most `MAX_LINE` bytes."""

_TYPING_INTERVAL = 1.0
"""Minimum number of seconds between two `typing` events of a member."""


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
        now: Callable[[], float] = time.time,
        journal: Journal | None = None,
    ) -> None:
        """Go on where the log ends. Raises `BadHistory` if the audit log cannot be read.

        `search` may answer later; `address_of` returns "" if unknown, `clock` monotonic seconds,
        `now` seconds since 1970. `journal` keeps what was proposed.
        """
        self._config = config
        self._history = history
        self._search = search
        self._clock = clock
        self._now = Clock(now)
        self._fold = Fold(history)
        self._take_over_present(journal)
        self._proposer = Proposer(self._fold, self._now, journal)
        self._seats = Seats[C](self._proposer.incarnation, address_of)
        self._replay = Replay(history, config.max_replay)
        self._arrivals = Arrivals(config, self._fold, self._seats, self._replay)
        self._moderation = Moderation(config, self._fold, audit_log, self._seats, self._propose)
        self._acts = Acts(config, self._fold, self._seats, self._propose)
        self._changes = 0  # acts on messages in this batch
        self._holds = Holds(self._fold.persons, config.hold_names) if config.hold_names else None
        self._absences = Absences(config.grace, clock)
        self._visits: dict[C, Visit] = {}  # of the quiet connections, oldest first
        self._typed_at: WeakKeyDictionary[Member, float] = WeakKeyDictionary()  # monotonic
        self._begin_run(audit_log)

    # --- requests --------------------------------------------------------------------

    def join(self, connection: C, request: m.Join | TextJoin) -> list[Outcome[C]]:
        """Join the room, or answer why not. A ban ends the connection."""
        if self._seats.of(connection) is not None:
            return [_error(connection, "already_joined", "this connection has joined already")]
        now = self._now()
        if ban := self._fold.sanctions.bans.find(self._seats.address_of(connection), now):
            answer: list[m.Event] = [ban_error(ban.seconds_left(now)), m.Bye("banned")]
            return [Outcome(connection, answer, (), AudienceChange.LEAVE)]
        self._proposer.set_time()
        join = self._arrivals.begin(connection, request)
        if not isinstance(join, Join):
            return [Outcome(connection, join)]
        outcomes = self._propose(join)
        if join.quiet and self.member_of(connection):
            self._visits[connection] = Visit(self._clock())
        return outcomes

    def member_of(self, connection: C) -> Member | None:
        """Return the member with that connection; None if it has not joined."""
        seat = self._seats.of(connection)
        return None if seat is None else self._fold.members.by_seat(seat)

    def is_banned(self, host: str) -> bool:
        """Return whether an address is banned. Any thread."""
        return self._fold.sanctions.bans.find(host, self._now.read()) is not None

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
                outcomes += self._say(connection, member, list(cast("Iterable[m.Say]", group)))
            else:
                for request in group:
                    outcomes += with_ref(
                        self._do(connection, member, request), connection, getattr(request, "ref", None)
                    )
        return outcomes

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
        member = self.member_of(connection)
        if member is None:
            return []
        address = rate_limit_key(self._seats.address_of(connection), self._config.trusted_proxies) or ""
        hold_name = hold_name and bool(self._config.grace)
        outcomes = self._propose(Part(self._seats.number(connection), hold_name, bye, reason, forget))
        self._absences.watch(member, address)
        return outcomes

    def expire(self) -> list[Outcome[C]]:
        """Remove members whose grace period is over, and end long visits. Called every 0.5 s."""
        now = self._clock()
        visits = [connection for connection, visit in self._visits.items() if visit.ends_at <= now]
        return [
            *(outcome for member in self._absences.overdue() for outcome in self._reap(member)),
            *(one for connection in visits for one in self.leave(connection, hold_name=False, bye="quiet")),
        ]

    def prune(self) -> float:
        """Forget some messages that are over the limits, and tidy the log up.

        Returns for how many seconds the room waits for such a step, 0 if there is no more to do.
        """
        below = self._history.oldest_to_keep()
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
        if self._changes > 1:
            outcomes = latest_only(outcomes)
        self._changes = 0
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
        return list(map(self._outcome, self._proposer.propose(proposal)))

    def _outcome(self, effect: Effect) -> Outcome[C]:
        """Return an effect on a seat as the one on its connection, if it is one of this server's."""
        connection = self._seats.connection(effect.seat)
        if connection is None:
            return Outcome(None, (), effect.shared)
        events = cast("Sequence[m.Event | LocalEvent]", effect.answer)
        if self._arrivals.waiting:
            events = self._arrivals.answer(connection, effect.answer)
        if effect.audience_change is AudienceChange.LEAVE:
            self._seats.free(connection)
            self._visits.pop(connection, None)
        return Outcome(connection, events, effect.shared, effect.audience_change)

    def _say(self, connection: C, member: Member, says: Sequence[m.Say]) -> list[Outcome[C]]:
        """Propose what a member says: the hot path."""
        max_text = self._config.max_text
        parts = pieces(says, max_text) if member.session is None else checked(says, max_text)
        outcomes: list[Outcome[C]] = []
        for part in parts:
            if isinstance(part, list):
                outcomes += self._say_texts(connection, part)
            elif isinstance(part, m.Say):
                outcomes += self._acts.post(connection, member, part)
            else:
                outcomes.append(Outcome(connection, [part]))
        if self._holds and any(outcome.shared for outcome in outcomes):
            outcomes += self._hold(connection, member, self._holds)
        return outcomes

    def _hold(self, connection: C, member: Member, holds: Holds) -> list[Outcome[C]]:
        """Hold the name of a member who has spoken."""
        address = rate_limit_key(self._seats.address_of(connection), self._config.trusted_proxies)
        until = holds.until(member, address, self._now())
        return [] if until is None else self._propose(Hold(self._seats.number(connection), until))

    def _say_texts(self, connection: C, texts: Texts) -> list[Outcome[C]]:
        try:
            return self._propose(Say(self._seats.number(connection), texts))
        except Unavailable as error:
            return [Outcome(connection, [m.Error("unavailable", str(error), ref) for ref, _ in texts])]

    def _reap(self, member: Member) -> list[Outcome[C]]:
        since = member.absent_since
        return [] if since is None else self._propose(Reap(member.number, since))

    # --- the start -------------------------------------------------------------------

    def _begin_run(self, audit_log: AuditLog) -> None:
        """Take over what the last run of this server left; nobody is connected yet. Raises `BadHistory`."""
        self._propose(Up("", self._fold.position))
        trusted = self._config.trusted_proxies
        for proposal in unapplied(audit_log, self._history, self._now(), trusted):
            with suppress(Unavailable):  # the history has logged it
                self._propose(proposal)
        for member in self._fold.members:
            self._absences.watch(member)
        for surplus in self._absences.overdue():
            self._reap(surplus)
        self.commit([])

    def _take_over_present(self, journal: Journal | None) -> None:
        """Let those join and part who were in the room when a server of an older version ended."""
        present = self._history.take_present()
        if not present:
            return
        proposer = Proposer(self._fold, self._now, journal)
        proposer.propose(Up("", self._fold.position))
        for seat, (session, name) in enumerate(present, 1):
            with suppress(BadName):  # the limits may have changed
                keys = parse_name(name, self._config.max_name).keys
                proposer.propose(Join(seat, session, name, keys))
                proposer.propose(Part(seat, hold_name=True))
        with suppress(Unavailable):
            proposer.commit()

    # --- answers ---------------------------------------------------------------------

    def _do(  # noqa: C901 - one case per request
        self, connection: C, member: Member, request: Request
    ) -> list[Outcome[C]]:
        match request:
            case m.Typing():
                return self._notify_typing(connection, member)
            case m.Authenticate() | m.Moderate() | m.Whois() | m.Bans():
                self._proposer.set_time()
                return self._moderation.handle(connection, member, request)
            case m.Ping() | m.HistoryRequest() | Who() | Help():
                return [Outcome(connection, [self._answer(member, request)])]
            case Show(id=number):
                return [Outcome(connection, [self._show(member, number)])]
            case m.Search():
                return self._search(connection, request, member.person)
            case m.Leave():
                return self.leave(connection, hold_name=False, bye="left", forget=request.forget)
            case m.Link():
                return self._link(connection, member, request)
            case m.Edit() | m.Delete() | m.React():
                return self._change(connection, member, request)
            case OnLast():
                return self._on_last(connection, member, request)
            case m.Join() | TextJoin():
                return self.join(connection, request)
            case BadMessage():
                return self._reject(connection, request)
        raise AssertionError(f"not a request: {request!r}")

    def _answer(
        self, member: Member, request: m.Ping | m.HistoryRequest | Who | Help
    ) -> m.Event | LocalEvent:
        match request:
            case m.Ping():
                return m.Pong()
            case m.HistoryRequest(before=before, limit=limit):
                before = self._history.last + 1 if before is None else before
                return self._replay.page(before, limit, member.person)
            case Who():
                names = self._fold.members.names()
                return MemberList(first_names(names[:_MAX_LISTED], MAX_LINE), len(names))
            case Help():
                return HelpText(member.moderator)

    def _change(
        self, connection: C, member: Member, request: m.Edit | m.Delete | m.React
    ) -> list[Outcome[C]]:
        self._changes += 1
        if isinstance(request, m.Delete) and member.moderator and self._acts.is_foreign(member, request.id):
            return self._do(connection, member, m.Moderate("delete", id=request.id, ref=request.ref))
        return self._acts.change(connection, member, request)

    def _on_last(self, connection: C, member: Member, request: OnLast) -> list[Outcome[C]]:
        number = self._acts.last(member, own=request.is_own)
        if number is None:
            return [_error(connection, "no_last_message", "nobody has said anything that is near")]
        act = request.on(number)
        if isinstance(act, m.Say):
            return self._say(connection, member, [act])
        return self._change(connection, member, act)

    def _link(self, connection: C, member: Member, request: m.Link) -> list[Outcome[C]]:
        if member.session is None:
            return [_error(connection, "unknown_type", "only for clients with a session")]
        code = new_code()
        until = self._now() + SECONDS
        link = Link(self._seats.number(connection), code_digest(code), until, request.read)
        refused = [outcome for outcome in self._propose(link) if outcome.answer]
        return refused or [Outcome(connection, [m.Link(code=code, seconds=SECONDS)])]

    def _show(self, member: Member, number: int) -> m.Event:
        try:
            message = find_message(self._history, number)
            shown = as_sent(self._history, [message], member.person) if message else []
        except Unavailable as error:
            return m.Error("unavailable", str(error))
        return m.HistoryPage(shown, False) if shown else m.Error("no_message", str(number))

    def _notify_typing(self, connection: C, member: Member) -> list[Outcome[C]]:
        now = self._clock()
        is_muted = self._fold.sanctions.mutes.find(member.keys, member.session, self._now())
        if is_muted or now - self._typed_at.get(member, -_TYPING_INTERVAL) < _TYPING_INTERVAL:
            return []
        self._typed_at[member] = now
        return [Outcome(connection, (), [m.Typing(member.name)])]

    def _reject(self, connection: C, request: BadMessage) -> list[Outcome[C]]:
        """Answer a command that could not be parsed. Invalid UTF-8 ends the connection."""
        if request.code == "bad_utf8":
            return self.leave(connection, hold_name=True, bye="bad_utf8")
        return [_error(connection, request.code, request.text, request.ref)]


def _error(connection: C, code: str, text: str, ref: str | None = None) -> Outcome[C]:
    return Outcome(connection, [m.Error(code, text, ref)])
