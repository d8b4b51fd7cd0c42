"""Random schedules of people, readers, a disk and restarts: nothing acknowledged is lost or doubled."""

import os
import random
from collections.abc import Callable
from itertools import count

import pytest

from chat_protocol import messages as m
from tests.support.timing import IS_LONG
from tests.tcp_server.simulation.simulated_server import Client, SimulatedServer, simulated

SCHEDULES = int(os.environ.get("ONEROOM_SCHEDULES") or (10_000 if IS_LONG else 40))
SEED = int(os.environ.get("ONEROOM_SEED") or random.randrange(2**32))
STEPS = 150
PEOPLE = ("Анна", "Борис", "Вера", "Глеб")


class Person:
    """Somebody who talks, and keeps what was not acknowledged for the next connection."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.secret = f"the secret of {name}, long enough"
        self.client: Client | None = None
        self.refs = count(1)
        self.unsent: dict[str, str] = {}  # by ref
        self.acked: dict[str, int] = {}
        self.epoch = ""
        self.seen: dict[int, str] = {}  # texts by id, of all connections
        self.last = 0

    def read_events(self) -> None:
        """Take what the present connection has received whole; check its order."""
        if self.client is None:
            return
        last = acked = joined_at = 0
        for event in self.client.events():
            match event:
                case m.Welcome():
                    last = joined_at = event.last
                    assert event.missed == 0
                    for message in event.messages:
                        self._see(message)
                case m.Message():
                    assert event.id > last, "not in one order"
                    last = event.id
                    self._see(event)
                case m.Ack():
                    if event.id > joined_at:  # otherwise it is the repeat of a say from before
                        assert event.id >= acked, "acks out of order"
                        acked = event.id
                    assert event.ref
                    assert self.acked.setdefault(event.ref, event.id) == event.id
                    if (text := self.unsent.pop(event.ref, None)) is not None:
                        self.seen[event.id] = text
        self.last = max(self.last, last)

    def _see(self, message: m.Message) -> None:
        assert self.seen.setdefault(message.id, message.text) == message.text, "one id, two texts"


class Schedule:
    """One schedule of what happens."""

    def __init__(self, server: SimulatedServer) -> None:
        self.server = server
        self.rng = server.rng
        self.people = [Person(name) for name in PEOPLE]
        server.act = self.one_of(self.say, self.read, self.lose)

    def one_of(self, *steps: Callable[[], None]) -> Callable[[], None]:
        """Return what does one of these steps each time."""

        def step() -> None:
            self.rng.choice(steps)()

        return step

    def somebody(self) -> Person:
        return self.rng.choice(self.people)

    def enter(self) -> None:
        person = self.somebody()
        if person.client is None:
            since = m.Position(person.epoch, person.last) if person.epoch else None
            person.epoch = self.server.history.epoch
            person.client = self.server.connect(person.name, session=person.secret, since=since)
            self._send(person, dict(person.unsent))

    def say(self) -> None:
        person = self.somebody()
        texts = {
            f"{next(person.refs):04}": f"{person.name} {self.rng.random()}"
            for _ in range(self.rng.randint(1, 4))
        }
        person.unsent |= texts
        self._send(person, texts)

    def _send(self, person: Person, texts: dict[str, str]) -> None:
        if person.client is not None and texts:
            says = [m.Say(text, ref) for ref, text in texts.items()]
            self.server.sequencer.submit(self.server.room.handle, person.client.writer, says)

    def read(self) -> None:
        if (client := self.somebody().client) is not None:
            client.socket.read(self.rng.choice((1, 50, 1000)))

    def lose(self) -> None:
        person = self.somebody()
        if person.client is not None:
            self._disconnect(person)

    def _disconnect(self, person: Person) -> None:
        person.read_events()
        client, person.client = person.client, None
        if client is not None:
            self.server.disconnect(client)

    def pass_time(self) -> None:
        self.server.now += self.rng.choice((0.1, 1.0, 30.0))
        self.server.poll()

    def fill_or_empty_the_disk(self) -> None:
        self.server.history.is_full = not self.server.history.is_full

    def restart(self) -> None:
        for person in self.people:
            person.read_events()
            person.client = None
        self.server.start()

    def run(self) -> None:
        step = self.one_of(
            *[self.say] * 8,
            *[self.read] * 6,
            *[self.enter] * 4,
            *[self.server.poll] * 3,
            self.lose,
            self.pass_time,
            self.fill_or_empty_the_disk,
            self.restart,
        )
        for _ in range(STEPS):
            step()
        self.settle()

    def settle(self) -> None:
        """Let everybody come in, read all, and have everything acknowledged."""
        self.server.history.is_full = False
        self.server.act = lambda: None
        for _ in range(400):
            for person in self.people:
                if person.client is None:
                    since = m.Position(person.epoch, person.last) if person.epoch else None
                    person.epoch = self.server.history.epoch
                    person.client = self.server.connect(person.name, session=person.secret, since=since)
                    self._send(person, dict(person.unsent))
                person.client.socket.read(1000)
                person.read_events()
                is_refused = any(isinstance(event, m.Error | m.Bye) for event in person.client.events())
                if is_refused or person.client.socket.is_ended:
                    self._disconnect(person)
            self.server.poll()
            if not self.server.poller.armed and all(map(_is_at_rest, self.people)):
                return
        raise AssertionError("it does not come to rest")

    def check(self) -> None:
        history = self.server.history
        kept = {message.id: message for message in history.before(history.last + 1, 10_000)}
        assert list(kept) == list(range(1, history.last + 1))
        texts = [message.text for message in kept.values()]
        assert len(set(texts)) == len(texts), "something was said twice"
        for person in self.people:
            assert {ref for ref, _ in person.acked.items()} == {
                f"{n:04}" for n in range(1, next(person.refs))
            }
            for id_ in person.acked.values():
                assert kept[id_].name == person.name
            assert {id_: message.text for id_, message in kept.items()} == person.seen, "not all was seen"
        assert sorted(self.server.room._fold.members.names()) == sorted(PEOPLE)


def _is_at_rest(person: Person) -> bool:
    return person.client is not None and not person.unsent and person.client.socket.is_read


@pytest.mark.timeout(60 + SCHEDULES // 10)
def test_nothing_acknowledged_is_lost_or_doubled() -> None:
    for seed in range(SEED, SEED + SCHEDULES):
        with simulated(seed) as server:
            schedule = Schedule(server)
            try:
                schedule.run()
                schedule.check()
            except Exception as error:
                raise AssertionError(f"ONEROOM_SEED={seed} ONEROOM_SCHEDULES=1") from error
