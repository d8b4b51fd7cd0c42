"""The room against a small model, by random sequences of what people, their connections and the disk do.

What a connection is sent is replayed as a client would: its list of members is then that of the
room, it has each message once and in order, its acks are in the log, and `bye` comes last.
"""

import os
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chat_protocol import messages as m
from chat_protocol.contract import SYSTEM_NAME
from tcp_server.log.history import Unavailable
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.room import absences, attendance
from tcp_server.room.commands import Greeting, OnlyInText, TextJoin
from tcp_server.room.names import parse_name
from tcp_server.room.outcome import Outcome
from tests.tcp_server.room.model_view import Person, View
from tests.tcp_server.room_harness import RoomHarness

EXAMPLES = 1500 if os.environ.get("ONEROOM_QUIET") else 100
"""Number of sequences; more with `make long`."""

NAMES = ("Анна", "АННА", "Боб", "Bob0", "Bobo", "Вера", "Глеб")
ADDRESSES = ("203.0.113.1", "203.0.113.2")
TEXTS = ("раз", "два\nтри")
SECRETS = tuple(f"the secret of person {number}" for number in range(5))
MAX_REPLAY, MAX_CONNECTIONS, MAX_ABSENT, GRACE, VISIT = 4, 2, 2, 20.0, 10.0


class FailingHistory(MemoryHistory):
    """A log whose commits fail while the disk is full."""

    def __init__(self) -> None:
        super().__init__(10_000)
        self.full = False

    def commit(self) -> None:
        if self.full:
            raise Unavailable("the disk is full")
        super().commit()


@dataclass
class Entry:
    """A message of the log; without a text it is a notice."""

    by: str
    name: str
    text: str | None


class RoomMachine(RuleBasedStateMachine):
    """What each rule does to the room it also does to the model; the batch is then delivered and checked."""

    def __init__(self) -> None:
        super().__init__()
        self._limits = pytest.MonkeyPatch()
        self._limits.setattr(attendance, "_MAX_SEATS_PER_MEMBER", MAX_CONNECTIONS)
        self._limits.setattr(absences, "_MAX_ABSENT", MAX_ABSENT)
        self.history = FailingHistory()
        self.people: list[Person] = []
        self.views: list[View] = []
        self.log: list[Entry] = []
        self.acks: dict[tuple[str, str], int] = {}
        self.batch: list[Outcome[str]] = []
        self.stored = 0  # length of the log before the batch

    def teardown(self) -> None:
        self._limits.undo()

    @initialize(crowd=st.sampled_from([0, 0, 4]))
    def a_moderator_joins(self, crowd: int) -> None:
        self.crowd = crowd
        self.harness = RoomHarness(
            self.history, moderator_password="страж", max_replay=MAX_REPLAY, grace=GRACE, crowd=crowd
        )
        self._join("Страж", "the secret of the moderator")
        self.moderator = self.views[0]
        self._deliver()
        self.batch += self.harness.room.handle(self.moderator.connection, [m.Authenticate("страж")])

    # --- rules -----------------------------------------------------------------------

    @rule(
        name=st.sampled_from(NAMES),
        secret=st.sampled_from(SECRETS),
        quiet=st.sampled_from([False, False, True]),
        behind=st.none() | st.integers(0, 2 * MAX_REPLAY),
        address=st.sampled_from(ADDRESSES),
    )
    def somebody_joins(self, name: str, secret: str, quiet: bool, behind: int | None, address: str) -> None:
        self._join(name, secret, quiet=quiet, behind=behind, address=address)

    @rule(name=st.sampled_from(NAMES))
    def somebody_joins_in_a_text_dialect(self, name: str) -> None:
        self._join(name, None)

    @rule(
        pick=st.integers(0, 9),
        says=st.lists(
            st.tuples(st.integers(0, 5), st.sampled_from(["раз", "два\nтри"])), min_size=1, max_size=3
        ),
    )
    def somebody_says(self, pick: int, says: list[tuple[int, str]]) -> None:
        view = self._pick(pick)
        assert view.person is not None
        commands = []
        for number, text in says:
            secret, ref = view.person.secret, str(number)
            if secret is None:
                commands.append(m.Say(text))
            else:
                commands.append(m.Say(text, ref))
                if (secret, ref) in self.acks:
                    continue
                self.acks[secret, ref] = len(self.log) + 1
            self.log.append(Entry(view.connection, view.person.name, text))
        self.batch += self.harness.room.handle(view.connection, commands)

    @rule(pick=st.integers(0, 9), how=st.sampled_from(["types", "lost", "lost", "lost", "left", "kicked"]))
    def somebody_does_something_else(self, pick: int, how: str) -> None:
        view = self._pick(pick)
        if how == "types":
            self.batch += self.harness.room.handle(view.connection, [m.Typing(), m.Ping()])
            if view.is_quiet:
                view.answers.append("join_first")
        elif view is self.moderator:
            pass
        elif how == "lost":
            self._lose(view)
        elif how == "left":
            self.batch += self.harness.room.handle(view.connection, [m.Leave()])
            self._end(view, "left", hold=False)
        else:
            self._kick(self.people[1 + pick % (len(self.people) - 1)])

    @rule(address=st.sampled_from(ADDRESSES))
    def a_network_fails(self, address: str) -> None:
        for view in self._live():
            if view.address == address:
                self._lose(view)

    @rule(seconds=st.sampled_from([0.5, 0.5, VISIT, GRACE - 1, GRACE]))
    def time_passes(self, seconds: float) -> None:
        self._deliver()
        self.harness.now += seconds
        self.batch += self.harness.room.expire()
        for person in list(self.people):
            if person.until is not None and person.until <= self.harness.now:
                self._depart(person)
        for view in self.views:
            if not view.ended and view.person and view.is_quiet and view.ends_at <= self.harness.now:
                self._end(view, "quiet")
        while len(absent := [one for one in self.people if one.until is not None]) > MAX_ABSENT:
            number = Counter(one.address for one in absent)
            self._depart([one for one in absent if number[one.address] == max(number.values())][-1])

    @rule(full=st.sampled_from([False, False, True]))
    def the_batch_ends(self, full: bool) -> None:
        """Deliver what has been done since the last time, all of it unsaved if the disk is full."""
        self.history.full = full
        self._deliver()
        self.history.full = False

    # --- the model -------------------------------------------------------------------

    def _live(self) -> list[View]:
        return [view for view in self.views if view.person is not None and not view.ended]

    def _pick(self, number: int) -> View:
        live = self._live()
        return live[number % len(live)]

    def _announced(self) -> list[Person]:
        return [person for person in self.people if person.announced]

    def _join(
        self,
        name: str,
        secret: str | None,
        *,
        quiet: bool = False,
        behind: int | None = None,
        address: str = "",
    ) -> None:
        view = View(f"connection {len(self.views)}", address, is_text=secret is None, is_quiet=quiet)
        self.views.append(view)
        self.harness.addresses[view.connection] = address
        since = None if behind is None else m.Position(self.history.epoch, max(0, self.stored - behind))
        request = m.Join(name, secret, since, quiet=quiet) if secret else TextJoin(name)
        self.batch += self.harness.room.join(view.connection, request)
        keys = parse_name(name, 32).keys
        person = next((one for one in self.people if secret and one.secret == secret), None)
        if person is None:
            if any(not set(keys).isdisjoint(one.keys) for one in self.people):
                view.answers.append("name_taken")
                return
            person = Person(name, keys, secret, announced=not quiet)
            self.people.append(person)
        connections = person.quiet if quiet else person.loud
        if len(connections) >= MAX_CONNECTIONS:
            self._end(connections[0], "replaced", hold=False)
        view.person, view.ends_at = person, self.harness.now + VISIT
        connections.append(view)
        if not quiet:
            person.until = None
            if not person.announced:
                person.announced = True
                self.people.remove(person)
                self.people.append(person)
        names = [one.name for one in self._announced()]
        view.answers.append((names, len(self.log), since))

    def _end(self, view: View, bye: str | None, *, hold: bool = True) -> None:
        """Let a connection end: with a `bye`, or lost, and then its name is held."""
        person = view.person
        assert person is not None
        view.bye, view.ended = bye, True
        if view.is_quiet:
            person.quiet.remove(view)
            if not person.announced and not person.quiet:
                self.people.remove(person)
            return
        person.loud.remove(view)
        if person.loud:
            return
        if not hold or person.secret is None:
            self._depart(person)
            return
        person.until, person.address = self.harness.now + GRACE, view.address

    def _lose(self, view: View) -> None:
        self.batch += self.harness.room.leave(view.connection, hold_name=True)
        self._end(view, None)

    def _kick(self, person: Person) -> None:
        if not person.announced:
            return
        self.batch += self.harness.room.handle(self.moderator.connection, [m.Moderate("kick", person.name)])
        self.log.append(Entry("", SYSTEM_NAME, None))
        for view in [*person.quiet, *person.loud]:
            self._end(view, "kicked", hold=False)
        if person.announced:
            self._depart(person)

    def _depart(self, person: Person) -> None:
        person.until = None
        person.announced = False
        if not person.quiet:
            self.people.remove(person)

    # --- what the connections are sent -----------------------------------------------

    def _deliver(self) -> None:
        failed = self.history.full
        if failed:
            del self.log[self.stored :]
            self.acks = {key: number for key, number in self.acks.items() if number <= self.stored}
        outcomes, self.batch = self.batch, []
        self.harness.deliver(outcomes)
        self.stored = len(self.log)
        for view in self.views:
            for event in self.harness.received(view.connection):
                self._replay(view, event, failed=failed)
            assert view.bye is None
            view.closed = view.ended
        self._check()

    def _replay(self, view: View, event: Any, *, failed: bool) -> None:
        assert not view.closed
        match event:
            case m.Welcome() | Greeting():
                self._enter(view, event)
            case m.Error(code="unavailable"):
                assert failed
            case m.Error(code=code):
                assert code == view.answers.popleft()
            case m.Crowd() | m.MemberCount() | m.Joined() | m.Left() | m.Typing() | m.Person() | OnlyInText():
                view.hear_of_others(event)
            case m.Message(id=number, name=name, text=text):
                assert not view.is_quiet
                self._see(view, number)
                entry = self.log[number - 1]
                assert (name, text) == (entry.name, entry.text or text)
            case m.Ack(ref=ref, id=number):
                assert view.person is not None
                assert view.person.secret is not None
                assert self.acks[view.person.secret, ref] == number
                if number > view.last and not view.is_quiet:
                    self._see(view, number)
            case m.Bye(reason=reason):
                assert reason == view.bye
                view.bye, view.closed = None, True
            case _:
                assert isinstance(event, m.Pong | m.Role)

    def _enter(self, view: View, event: m.Welcome | Greeting) -> None:
        names, last, since = view.answers.popleft()
        view.last = min(last, self.stored)
        view.members = list(names)
        if isinstance(event, Greeting):
            assert event.total == len(names) - 1
            return
        view.in_crowd = event.count is not None
        assert event.count in (None, len(names))
        assert sorted(event.members) == sorted(names) if view.in_crowd else list(event.members) == names
        assert event.last == view.last
        if since is not None and not view.is_quiet:
            sent = [message.id for message in event.messages]
            assert sent == list(range(max(since.id, last - MAX_REPLAY) + 1, view.last + 1))
            assert event.missed == max(0, last - since.id - MAX_REPLAY)

    def _see(self, view: View, number: int) -> None:
        """A message comes after all that came before, but for its own in a text dialect."""
        assert number > view.last
        for between in range(view.last + 1, number):
            assert view.is_text
            assert self.log[between - 1].by == view.connection
        view.last = number

    def _check(self) -> None:
        names = [person.name for person in self._announced()]
        for view in self._live():
            assert not view.answers
            if not view.is_text and not view.is_quiet:
                assert view.members == names or view.in_crowd
                assert view.in_crowd == self.moderator.in_crowd
                assert view.in_crowd or not 0 < self.crowd <= len(names)
                assert view.last == len(self.log)
        kept = self.history.before(self.history.last + 1, len(self.log) + 1)
        assert [(one.id, one.name) for one in kept] == [
            (number, entry.name) for number, entry in enumerate(self.log, 1)
        ]
        assert set(self.harness.audience) == {v.connection for v in self._live() if not v.is_quiet}


RoomMachine.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=40)
TestRoom = RoomMachine.TestCase
