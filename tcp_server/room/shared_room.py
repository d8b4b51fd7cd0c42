"""A room that several servers share: each proposes to one journal, and applies all that is in it.

An answer comes when what it answers was applied. So a client's thread waits, before each request that
is no say, until everything was applied that it has asked for before (`when_settled`).

Not thread-safe: the caller holds the sequencer's room lock, except for `is_banned`.
"""

import heapq
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Final

from msgspec.structs import replace

from chat_protocol import messages as m
from tcp_server.config import Config
from tcp_server.log.as_sent import with_settled_quotes
from tcp_server.log.history import Unavailable
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room import proposals as p
from tcp_server.room.absences import Absences
from tcp_server.room.clock import StreamClock
from tcp_server.room.cluster_view import ClusterView
from tcp_server.room.commands import Request, TextJoin
from tcp_server.room.effects import Effect
from tcp_server.room.marks import AwayHere
from tcp_server.room.members import Member
from tcp_server.room.moderation.audit_log import AuditLog
from tcp_server.room.outcome import AudienceChange, C, Outcome, with_ref
from tcp_server.room.outputs import Previewed
from tcp_server.room.redaction import without_unused_texts
from tcp_server.room.retries import Retries
from tcp_server.room.room import Room
from tcp_server.room.shared_proposer import Send, SharedProposer
from tcp_server.room.steps import Step

_DECIDING: Final = ("max_name", "max_text", "edit_time", "hold_names", "grace")
"""Settings by which it is decided what is said, and how long a name is kept."""

Decide = Callable[[list[Outcome[C]]], list[Outcome[C]]]


class SharedRoom(Room[C]):
    """The room of one server among several."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is another part of the server
        self,
        config: Config,
        history: SqliteHistory,
        audit_log: AuditLog,
        search: Callable[[C, m.Search, bytes], list[Outcome[C]]],
        address_of: Callable[[C], str],
        send: Send,
        tell: Callable[[m.Typing | Previewed | AwayHere], None],
        find_addresses: Callable[[int, int, Callable[[Sequence[str]], list[Outcome[C]]]], None],
        name: str,
        status: str = "",
        clock: Callable[[], float] = time.monotonic,
        is_busy: Callable[[C], bool] = lambda _: False,
    ) -> None:
        """As `Room`. `send` adds to the journal; `tell` sends something that is not kept to all servers.

        `find_addresses` asks so many servers from where a member is connected, and calls back later.
        `name` is that of this server, `status` the address at which it says how it is, where it does.
        """
        self._send = send
        self._tell = tell
        self._find_addresses = find_addresses
        self._name = name
        self._own = config  # as this server was started with
        self._followed: dict[str, int | float] | None = None  # the settings of the fold that are in use
        self._status = status
        self._log: SqliteHistory = history
        self._decisions: dict[int, Decide[C]] = {}  # of joins that are proposed, by the number of the seat
        self._entered: list[C] = []  # whose joins were applied with the present entry
        self._asked: dict[int, int] = {}  # `proposed` behind the last proposal of a seat, until it is applied
        self._refs: dict[int, str] = {}  # of the request that each seat waits for
        self._settling: list[
            tuple[int, int, int, Callable[[], object]]
        ] = []  # a heap, by `proposed`; and the seat
        self._order = count()  # of these
        self._refusals: deque[tuple[int, Outcome[C]]] = deque()  # of says, by `proposed` before them
        self._held: list[Outcome[C]] = []  # what waits until the log can be written
        self._stream_clock = StreamClock(clock)
        self.entries = 0
        """How many entries were applied since the start. Only to be read from elsewhere."""
        self.has_removed = False
        """Whether a text was edited or deleted since a checkpoint was begun; reset by who makes that."""
        self.is_replaced = False
        """Whether another server with the same name has come up: this one must stop. Any thread."""
        self._is_held_up = False
        self._was_up = False
        self._is_stopping = False
        self._retries = Retries(clock)  # of what is proposed until it has an effect
        self._foreign = Absences(config.grace, clock)  # of those who were connected elsewhere
        super().__init__(
            config, history, audit_log, search, address_of, clock, self._stream_clock, None, is_busy
        )
        self._requests.in_turn = self._refuse_in_turn
        self._requests.outputs.may_lose = self._may_lose
        self._requests.outputs.tell = tell

    # --- the journal -----------------------------------------------------------------

    @property
    def is_held_up(self) -> bool:
        """Whether the log could not be written: then nothing more is applied, and nobody is sent anything."""
        return self._is_held_up

    @property
    def overruled(self) -> list[str]:
        """The settings of this server that the room does not follow, as not all servers have them."""
        in_force = self._fold.settings
        return [name for name, value in _deciding(self._own).items() if in_force.get(name, value) != value]

    def settle(self, below: int) -> list[Outcome[C]]:
        """Have all servers settle the messages with smaller ids; what is open there ends before."""
        return [*self._requests.outputs.lose_below(below), *self._propose(p.Settle(below))]

    def come_up(self) -> list[Outcome[C]]:
        """Begin another run of this server, which has applied the journal to its end.

        If it has no effect, as another run of the server seems to be newer, call it again. What was proposed
        in vain meanwhile is dropped, with the clients that were to join.
        """
        arriving = [*self._arrivals.waiting]
        self._arrivals.waiting.clear()
        self._decisions.clear()
        self._asked.clear()
        self._refs.clear()
        self._refusals.clear()
        self._visits.clear()
        self._marks.here.clear()
        self._shared.begin_anew()
        self._seats.begin_anew(self._shared.incarnation)
        self._settle(whatever=True)
        bye = [Outcome(one, [m.farewell("restart")], (), AudienceChange.LEAVE) for one in arriving]
        return [
            *bye,
            *self._propose(p.Up(self._name, self._fold.moment.position, self._status, _deciding(self._own))),
        ]

    def beat(self) -> list[Outcome[C]]:
        """Show that this server is alive."""
        if not self.view.is_up or self._is_held_up:
            return []
        return self._propose(p.Beat(self._fold.moment.position, self._fold.digests.newest))

    def declare_down(self, incarnation: bytes) -> list[Outcome[C]]:
        """End the run of a server that seems to be dead."""
        return self._propose(p.Down(incarnation, self._fold.runs.last(incarnation)))

    def go_down(self) -> list[Outcome[C]]:
        """End the run of this server, which stops."""
        self._is_stopping = True
        return self._propose(p.Down(self._shared.incarnation, 0))

    def apply(self, steps: Sequence[Step]) -> list[Outcome[C]]:
        """Apply entries of the journal, in their order.

        Raises `Unavailable` if the log cannot be read: this server must stop then.
        """
        outcomes: list[Outcome[C]] = []
        for step in steps:
            entry = step.entry
            effects_of: list[Sequence[Effect]] = []
            for effects in self._shared.apply(step.position, step.at, entry):
                effects_of.append(effects)
                outcomes += self._outcomes(effects)
                while self._refusals and self._refusals[0][0] <= self._shared.applied:
                    outcomes.append(self._refusals.popleft()[1])
            self._requests.acts += sum([isinstance(one, p.Change) for one in entry.proposals])
            outcomes += self._moderation.expel_banned(entry.proposals, effects_of, self._entered)
            self._entered.clear()
            self._log.note_entry(step.position, without_unused_texts(step.data, entry, effects_of))
            self._stream_clock.set(step.at / 1000)
            self.entries += 1
            self.has_removed |= any(isinstance(one, p.Edit | p.Delete | p.Act) for one in entry.proposals)
        if self._was_up and not (self.view.is_up or self._is_stopping):  # its clients are gone
            self.is_replaced = self._fold.runs.is_named(self._name, self._shared.incarnation)
            outcomes += [] if self.is_replaced else self.come_up()  # the others have taken it for dead
        self._was_up = self.view.is_up
        if self._followed is not self._fold.settings:
            self._follow()
        return outcomes

    def tell_typing(self, event: m.Typing) -> list[Outcome[C]]:
        """Tell those connected here that somebody elsewhere is typing."""
        return [] if self._crowd.is_on else [Outcome(None, (), [event])]

    def tell_output(self, told: Previewed) -> list[Outcome[C]]:
        """Tell those connected here of the output that a server elsewhere takes."""
        return self._requests.outputs.hear(told)

    def hear_away(self, incarnation: bytes, away: Mapping[int, str]) -> list[Outcome[C]]:
        """Take over who is away on another server."""
        self._marks.hear(incarnation, away, self._fold.runs.encodable)
        return []

    def _tell_marks(self) -> list[Outcome[C]]:
        if (away := self._marks.to_tell(self._clock())) is not None:
            self._tell(away)
        return super()._tell_marks()

    def commit(self, outcomes: list[Outcome[C]]) -> list[Outcome[C]]:
        """Store what was applied, before its outcomes are sent; while that fails, nothing is."""
        self._held += outcomes
        try:
            self._shared.commit()
        except Unavailable:
            self._is_held_up = True
            return []
        self._is_held_up = False
        outcomes, self._held = self._held, []
        self._settle()
        return self._without_repeats(outcomes)

    # --- connections -----------------------------------------------------------------

    def join(
        self, connection: C, request: m.Join | TextJoin, decide: Decide[C] = lambda outcomes: outcomes
    ) -> list[Outcome[C]]:
        """As `Room.join`: `decide` is called when the join was applied, or at once if it is refused."""
        proposed = self._shared.proposed
        outcomes = self._join(connection, request)
        if self._shared.proposed == proposed:
            return decide(outcomes)
        self._decisions[self._seats.number(connection)] = decide
        return outcomes

    def _may_part(self, connection: C) -> bool:
        """As `Room`'s; also while its join was not applied yet, and but once while that is to be applied."""
        seat = self._seats.of(connection)
        return seat is not None and self._retries.is_due(seat)

    def when_settled(self, connection: C, done: Callable[[], object]) -> list[Outcome[C]]:
        """Call `done`, under the room lock, once all was applied that the connection has asked for."""
        seat = self._seats.of(connection)
        number = seat[1] if seat else 0
        heapq.heappush(self._settling, (self._asked.get(number, 0), next(self._order), number, done))
        return []

    def clear(self) -> None:
        super().clear()
        self._settle(whatever=True)

    def _settle(self, *, whatever: bool = False) -> None:
        while self._settling and (whatever or self._settling[0][0] <= self._shared.applied):
            _, _, number, done = heapq.heappop(self._settling)
            self._refs.pop(number, None)
            done()

    # --- what is done for all ----------------------------------------------------------

    def _overdue(self) -> Sequence[Member]:
        """The server that is up for longest ends the absences of all; each those that are too many here."""
        ended = [*self._absences.ended(), *self._foreign.ended()]
        return [
            *(ended if self.view.is_oldest else ()),
            *(self._absences.surplus() if self.view.is_up else ()),
        ]

    def prune(self) -> float:
        """As `Room.prune`. The server that is up for longest decides for all."""
        if not self.view.is_up:  # what time it is may not be known yet
            return self._history.tidy()
        below, first = self._history.oldest_to_keep(self.now()), self._history.first
        seconds = self._history.tidy()
        if self.view.is_oldest and below > first and self._retries.is_due(("forget", first)):
            self._propose(p.Forget(below))
        return seconds

    def _reap(self, member: Member) -> list[Outcome[C]]:
        is_due = self._retries.is_due(("reap", member.number, member.absent_since))
        return super()._reap(member) if is_due else []

    def _may_lose(self, message_id: int) -> bool:
        """The server that is up for longest ends the live messages that nobody goes on with."""
        return self.view.is_oldest and self._retries.is_due(("lose", message_id))

    # --- proposals -------------------------------------------------------------------

    def _make_proposer(self) -> SharedProposer:
        self._shared = SharedProposer(self._fold, self.now, self._send)
        self.view = ClusterView(self._fold, self._shared, self._history)
        return self._shared

    def _propose(self, proposal: p.AnyProposal) -> list[Outcome[C]]:
        outcomes = super()._propose(proposal)
        if number := getattr(proposal, "seat", 0):
            self._asked[number] = self._shared.proposed
        return outcomes

    def _do(self, connection: C, member: Member, request: Request) -> list[Outcome[C]]:
        proposed = self._shared.proposed
        outcomes = super()._do(connection, member, request)
        ref = getattr(request, "ref", None)
        if ref is not None and self._shared.proposed > proposed:
            self._refs[self._seats.number(connection)] = ref
        if isinstance(request, m.Whois):
            return self._with_addresses_elsewhere(connection, outcomes, ref)
        if isinstance(request, m.Typing) and outcomes:
            self._tell(m.Typing(member.name))
        return outcomes

    def addresses_here(self, number: int) -> list[str]:
        """Return from where a member is connected to this server."""
        member = self._fold.members.by_number(number)
        return self._seats.addresses_of(member) if member else []

    def _with_addresses_elsewhere(
        self, connection: C, outcomes: list[Outcome[C]], ref: str | None
    ) -> list[Outcome[C]]:
        """Return the answer to a `whois`, or none yet if other servers know more."""
        whois = outcomes[0].answer[0]
        if not isinstance(whois, m.Whois):
            return outcomes
        member = next(one for one in self._fold.members if one.name == whois.name)
        seats = (*member.quiet, *member.seats)
        servers = {incarnation for incarnation, _ in seats} - {self._shared.incarnation}
        if not servers:
            return outcomes

        def answer(found: Sequence[str]) -> list[Outcome[C]]:
            addresses = sorted({*whois.addresses, *found})
            return [Outcome(connection, [replace(whois, addresses=addresses, ref=ref)])]

        self._find_addresses(member.number, len(servers), answer)
        return []

    def _outcome(self, effect: Effect) -> Outcome[C]:
        connection = self._seats.connection(effect.seat)
        if self._log.settled:
            answer = with_settled_quotes(self._log, effect.answer)
            effect = replace(effect, answer=answer, shared=with_settled_quotes(self._log, effect.shared))
        outcome = super()._outcome(effect)
        if connection is None or effect.seat is None:
            return outcome
        number = effect.seat[1]
        outcomes: Sequence[Outcome[C]] = [outcome]
        if (ref := self._refs.get(number)) is not None:
            outcomes = with_ref(outcomes, connection, ref)
        if (decide := self._decisions.pop(number, None)) is not None:
            outcomes = decide([*outcomes])
            self._entered.append(connection)
        if self._seats.of(connection) is None:
            self._asked.pop(number, None)
            self._refs.pop(number, None)
        return outcomes[0] if outcomes else Outcome(None)

    def _refuse_in_turn(self, connection: C, refusal: m.Error) -> list[Outcome[C]]:
        """Refuse a say, once those that the connection has said before were applied."""
        outcome = Outcome(connection, [refusal])
        if self._asked.get(self._seats.number(connection), 0) <= self._shared.applied:
            return [outcome]
        self._refusals.append((self._shared.proposed, outcome))
        return []

    def _watch_absences(self) -> None:
        absent = self._fold.attendance.newly_absent
        foreign = [one for one in absent if self._seats.connection(one[1]) is None]
        for member, _ in foreign:
            self._foreign.watch(member)
        absent[:] = [one for one in absent if one not in foreign]
        super()._watch_absences()

    # --- runs ------------------------------------------------------------------------

    def _begin_run(self) -> None:
        """The run begins with `come_up`; who is absent may come back to any server."""
        self._follow()
        for member in self._fold.members:
            self._foreign.watch(member)

    def _take_over_present(self) -> None:
        """Nothing: a log that old is brought up by a server of its own first."""

    def _follow(self) -> None:
        """Use the settings that decide for all servers."""
        self._followed = self._fold.settings
        self.use(self._own.replace(**self._followed))
        self._foreign.grace = self._config.grace


def _deciding(config: Config) -> dict[str, int | float]:
    """Return the settings that must be the same on all servers."""
    return {name: getattr(config, name) for name in _DECIDING}
