"""The engine of our clients and a room on disk: whatever happens, all clients end with what a fresh join has.

Commands and events are lost with their connections, the server is started anew, and its disk is full now
and then. In the end each number was acknowledged once: no message and no act is lost or there twice.
"""

import shutil
import tempfile
from collections import deque
from concurrent.futures import Future
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from chat_client.conversation import Conversation
from chat_client.identity import Identity
from chat_protocol import messages as m
from chat_protocol.codec import encode
from tcp_server.log import replay, sqlite_history
from tcp_server.log.sqlite_history import SqliteHistory
from tests.support.timing import IS_LONG
from tests.tcp_server.room_harness import RoomHarness

NAMES = ("Анна", "Анна", "Борис", "Вера")
"""Of the devices: the first two are of one person."""


class Device:
    """A client; commands and events are on their way until they arrive, or the connection is lost."""

    def __init__(self, name: str) -> None:
        self.conversation = Conversation(history=500, password="")
        self.conversation.joining.name = name
        # Chosen here, as a first welcome may be lost: then the name would be held for somebody unknown.
        self.conversation.joining.resume_as(Identity(name, f"a secret that only {name} has", None))
        self.connection = ""  # empty without one
        self.commands: deque[m.Command] = deque()
        self.events: deque[m.Event] = deque()

    def messages(self) -> list[m.Message]:
        transcript = self.conversation.transcript
        return transcript.newest(1000) if transcript else []

    def shown(self) -> list[bytes]:
        """Return the messages in a form in which equal ones are equal."""
        return [encode(message) for message in self.messages()]


class Room:
    """The room, which is started anew with what is on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connections = 0
        self.start()

    def start(self) -> None:
        self.history = SqliteHistory(self._path)
        self.harness = RoomHarness(self.history)

    def connect(self, device: Device) -> None:
        self._connections += 1
        device.connection = str(self._connections)
        device.conversation.connected(device.commands.append)

    def disconnect(self, device: Device) -> None:
        if device.connection:
            self.harness.leave(device.connection)
        self.lose(device)

    @staticmethod
    def lose(device: Device) -> None:
        """Take from a device its connection, and what is on its way."""
        device.connection = ""
        device.conversation.disconnected()
        device.commands.clear()
        device.events.clear()

    def take(self, device: Device, count: int) -> None:
        """Let the room handle some commands of a device, in one batch."""
        taken = [device.commands.popleft() for _ in range(min(count, len(device.commands)))]
        if taken and isinstance(join := taken[0], m.Join):
            self.harness.deliver(self.harness.room.join(device.connection, join))
            del taken[0]
        if taken:
            self.harness.handle(device.connection, *taken)

    def give(self, device: Device, count: int) -> None:
        """Let some events arrive at a device."""
        device.events += self.harness.received(device.connection)  # type: ignore[arg-type]
        for _ in range(min(count, len(device.events))):
            event = device.events.popleft()
            if not device.conversation.answers.take(event):
                device.conversation.handle(event)

    def settle(self, device: Device) -> None:
        """Let everything arrive; a client that was refused because of the disk connects again."""
        while not device.connection or device.commands or device.events or self._has_more(device):
            if device.conversation.end_reason:
                self.disconnect(device)
            if not device.connection:
                self.connect(device)
            self.take(device, 1000)
            self.give(device, 1000)

    def _has_more(self, device: Device) -> bool:
        return bool(self.harness._received.get(device.connection)) or bool(device.conversation.end_reason)


class ClientsOfOneRoom(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(sqlite_history, "_RECENT", 3)
        self.patch.setattr(replay, "_MAX_CHANGED", 4)
        self.folder = Path(tempfile.mkdtemp())
        self.room = Room(self.folder / "room.db")
        self.devices = [Device(name) for name in NAMES]
        self.answers: list[Future[m.Message] | Future[m.Ack]] = []

    def teardown(self) -> None:
        try:
            for _ in range(2):  # what one of them sends while it settles, the others get then
                for device in self.devices:
                    self.room.settle(device)
            for device in self.devices:
                self.has_what_a_fresh_join_has(device)
            acked = [answer.result(0).id for answer in self.answers if answer.exception(0) is None]
            assert sorted(acked) == list(range(1, self.room.history.last + 1))
        finally:
            self.room.history.close()
            self.patch.undo()
            shutil.rmtree(self.folder)

    def has_what_a_fresh_join_has(self, device: Device) -> None:
        assert not device.conversation.outbox.pending()
        fresh = Device(device.conversation.joining.name)
        self.room.settle(fresh)
        assert device.shown() == fresh.shown()
        self.room.disconnect(fresh)

    devices_ = st.integers(0, len(NAMES) - 1)

    @rule(which=devices_, reply=st.booleans(), kind=st.sampled_from([None, "action"]), data=st.data())
    def say(self, which: int, reply: bool, kind: m.Kind | None, data: st.DataObject) -> None:
        device = self.devices[which]
        known = device.messages()
        answered = data.draw(st.sampled_from(known)).id if reply and known else None
        self.answers.append(device.conversation.deliver(m.Say("a text", reply=answered, kind=kind)))

    @rule(
        which=devices_,
        kind=st.sampled_from(["edit", "delete", "react", "react"]),
        emoji=st.sampled_from(["👍", "❤️"]),
        on=st.sampled_from([True, True, False]),
        data=st.data(),
    )
    def act(self, which: int, kind: str, emoji: str, on: bool, data: st.DataObject) -> None:
        device = self.devices[which]
        if known := device.messages():
            id_ = data.draw(st.sampled_from(known)).id
            act: m.Edit | m.Delete | m.React = m.React(id=id_, emoji=emoji, on=on)
            if kind == "edit":
                act = m.Edit(id=id_, text=f"edited {data.draw(st.integers(0, 9))}")
            elif kind == "delete":
                act = m.Delete(id=id_)
            self.answers.append(device.conversation.deliver(act))

    @rule(which=devices_, count=st.integers(1, 6))
    def commands_arrive(self, which: int, count: int) -> None:
        self.room.take(self.devices[which], count)

    @rule(which=devices_, count=st.integers(1, 20))
    def events_arrive(self, which: int, count: int) -> None:
        self.room.give(self.devices[which], count)

    @rule(which=devices_)
    def connect(self, which: int) -> None:
        if not self.devices[which].connection:
            self.room.connect(self.devices[which])

    @rule(which=devices_)
    def all_arrives(self, which: int) -> None:
        self.room.settle(self.devices[which])

    @rule(which=devices_, are_handled=st.booleans())
    def a_connection_is_lost(self, which: int, are_handled: bool) -> None:
        """And with it either commands, or the answers to them."""
        if are_handled:
            self.room.take(self.devices[which], 1000)
        self.room.disconnect(self.devices[which])

    @rule(which=devices_, count=st.integers(1, 6))
    def commands_arrive_while_the_disk_is_full(self, which: int, count: int) -> None:
        self.room.history._db.execute("PRAGMA query_only = ON")
        self.room.take(self.devices[which], count)
        self.room.history._db.execute("PRAGMA query_only = OFF")

    @rule(are_handled=st.booleans())
    def the_server_is_killed(self, are_handled: bool) -> None:
        for device in self.devices:
            if are_handled:
                self.room.take(device, 1000)
            self.room.lose(device)
        self.room.history.close()
        self.room.start()


ClientsOfOneRoom.TestCase.settings = settings(
    max_examples=400 if IS_LONG else 8, stateful_step_count=40, deadline=None
)
TestClientsOfOneRoom = ClientsOfOneRoom.TestCase
