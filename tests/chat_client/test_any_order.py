"""Whatever happens in whatever order, what a client keeps is what a fresh join would have."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat_client.conversation import Conversation
from chat_client.events import Phase
from chat_client.outbox import MessageAct
from chat_client.transcript import Transcript
from chat_protocol import messages as m
from chat_protocol.message import quote_of, redacted
from tests.chat_client.fake_room import AT, CAN, LATER

EMOJIS = ("👍", "🎉")
ME, OTHER = "Анна", "Боря"


class Room:
    """A room that keeps every message, and numbers messages and acts from one sequence."""

    def __init__(self) -> None:
        self.last = 0
        self.acks: dict[str, m.Ack] = {}  # by ref
        self.changed: dict[int, int] = {}  # by message, the last act
        self._said: dict[int, m.Message] = {}
        self._reactions: dict[int, list[tuple[str, str]]] = {}  # emoji and name, by message

    def say(self, name: str, text: str, reply: int | None = None) -> m.Message:
        self.last += 1
        quote = m.Quote(reply) if reply else None
        self._said[self.last] = m.Message(self.last, AT, name, text, reply=quote)
        return self.seen(self.last, "")

    def has(self, number: int) -> bool:
        return number in self._said

    def act(self, name: str, act: MessageAct) -> m.Changed | None:
        """Apply an act; return what the others are sent, None if it changes nothing or may not be."""
        message = self._said.get(act.id)
        if message is None or message.deleted or (not isinstance(act, m.React) and message.name != name):
            return None
        reactions = self._reactions.setdefault(act.id, [])
        match act:
            case m.Edit(text=text):
                self._said[act.id] = replace(message, text=text, edited=LATER)
            case m.Delete():
                self._said[act.id] = redacted(message)
                reactions.clear()
            case m.React(emoji=emoji, on=on):
                if ((emoji, name) in reactions) == on:
                    return None
                (reactions.append if on else reactions.remove)((emoji, name))
        self.last += 1
        self.changed[act.id] = self.last
        kind = type(act).__name__.lower()
        mine = [emoji for emoji, who in reactions if who == name]
        return m.Changed(self.last, LATER, name, kind, self.seen(act.id, ""), mine)

    def seen(self, number: int, reader: str) -> m.Message:
        """Return a message as it is sent to a reader; to all of them without a name."""
        message, reactions = self._said[number], self._reactions.get(number, [])
        names = {emoji: [who for other, who in reactions if other == emoji] for emoji, _ in reactions}
        counted = tuple(m.Reaction(emoji, len(who), who, reader in who) for emoji, who in names.items())
        quote = quote_of(self._said[message.reply.id]) if message.reply else None
        return replace(message, reactions=counted, reply=quote, mine=message.name == reader)

    def page(self, request: m.HistoryRequest) -> m.HistoryPage:
        numbers = [number for number in self._said if number < (request.before or self.last + 1)]
        sent = [self.seen(number, ME) for number in numbers[-request.limit :]]
        return m.HistoryPage(sent, more=True, ref=request.ref)

    def welcome(self, since: m.Position | None, limit: int, most_changed: int) -> m.Welcome:
        numbers = [*self._said]
        known = since.id if since else 0
        unseen = [number for number in numbers if number > known]
        acts = sorted((act, number) for number, act in self.changed.items() if number <= known < act)
        stale = len(acts) > most_changed
        sent = numbers[-limit:] if stale or not since else unseen[-limit:]
        return m.Welcome(
            *(ME, "s", "e", self.last, [ME, OTHER], [self.seen(number, ME) for number in sent]),
            missed=len(unseen) - len(sent) if since and not stale else 0,
            more=True,
            limits=m.Limits(32, 4000, 65536, 500),
            can=CAN,
            changed=[] if stale else [self.seen(number, ME) for _, number in acts],
            stale=stale,
        )


class Person:
    """Анна's client, whose connection may be cut before or after the room has handled what was sent."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.client = Conversation(10, "")
        self.client.joining.name = ME
        self._sent: list[m.Command] = []
        self.reconnect(10, 10)

    def reconnect(self, limit: int, most_changed: int) -> None:
        self.client.disconnected()
        self._sent.clear()
        self.client.connected(self._sent.append)
        join = self._sent.pop()
        assert isinstance(join, m.Join)
        self.client.handle(self.room.welcome(join.since, limit, most_changed))

    def arrive(self, *, is_answered: bool) -> None:
        """Let what was sent arrive; the answers may be lost."""
        while self._sent:
            for event in self._handle(self._sent.pop(0)):
                if is_answered:
                    self.client.handle(event)
        if not is_answered:
            self.client.disconnected()

    def _handle(self, command: m.Command) -> Sequence[m.Event]:
        if isinstance(command, m.HistoryRequest):
            return [self.room.page(command)]
        assert isinstance(command, m.Say | m.Edit | m.Delete | m.React)
        assert command.ref
        if command.ref in self.room.acks:
            return [self.room.acks[command.ref]]
        changed = None
        if isinstance(command, m.Say):
            if command.reply and not self.room.has(command.reply):
                return [m.Error("not_found", "", command.ref)]
            self.room.say(ME, command.text, command.reply)
        else:
            changed = self.room.act(ME, command)
            if changed is None:
                return [m.Error("not_yours", "", command.ref)]
        ack = self.room.acks[command.ref] = m.Ack(command.ref, self.room.last, AT)
        return [changed, ack] if changed else [ack]

    def hear(self, event: m.Event | None) -> None:
        """Receive what another one has done."""
        if event and self.client.phase is Phase.ONLINE:
            self.client.handle(replace(event, mine=None) if isinstance(event, m.Changed) else event)


numbers = st.integers(1, 4)
acts = st.one_of(
    st.builds(lambda n, text: m.Edit(id=n, text=text), numbers, st.text("аб", min_size=1, max_size=2)),
    st.builds(lambda n: m.Delete(id=n), numbers),
    st.builds(
        lambda n, e, on: m.React(id=n, emoji=e, on=on), numbers, st.sampled_from(EMOJIS), st.booleans()
    ),
)
says = st.builds(lambda reply: m.Say("привет", reply=reply), st.none() | numbers)
people = st.sampled_from(["I", "other"])
steps = st.one_of(
    st.tuples(people, says),
    st.tuples(people, acts),
    st.tuples(people, acts | says),
    st.tuples(st.just("arrive"), st.booleans()),
    st.tuples(st.just("reconnect"), st.tuples(st.integers(1, 5), st.integers(0, 3))),
)


def take_step(person: Person, who: str, what: object) -> None:
    room = person.room
    match who, what:
        case "arrive", bool(is_answered):
            person.arrive(is_answered=is_answered)
        case "reconnect", (int(limit), int(most_changed)):
            person.reconnect(limit, most_changed)
        case "I", m.Say() | m.Edit() | m.Delete() | m.React() as command:
            person.client.deliver(command)
        case "other", m.Say(text, reply=reply):
            person.hear(room.say(OTHER, text, reply if reply and room.has(reply) else None))
        case "other", m.Edit() | m.Delete() | m.React() as act:
            person.hear(room.act(OTHER, act))


@given(st.lists(steps, min_size=5, max_size=40))
def test_a_client_keeps_what_a_fresh_join_has(taken: list[tuple[str, object]]) -> None:
    room = Room()
    for name, reply in ((OTHER, None), (ME, 1), (OTHER, 2)):
        room.say(name, "привет", reply)
    person = Person(room)
    for step in taken:
        take_step(person, *step)
    person.reconnect(100, 100)
    person.arrive(is_answered=True)
    transcript = person.client.transcript
    assert isinstance(transcript, Transcript)
    assert not person.client.outbox.pending()
    for kept in transcript.newest(1000):
        assert kept == room.seen(kept.id, ME)
