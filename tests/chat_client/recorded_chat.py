"""A chat whose events a test takes one by one."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from chat_client.chat import Chat
from chat_client.events import ClientEvent, Entered, StatusChanged
from chat_protocol.address import Address
from chat_protocol.tls import Tls
from tests.chat_client.fake_room import FakeConnection, FakeRoom
from tests.support.timing import TIMEOUT

Kind = TypeVar("Kind")


class RecordedChat(Chat):
    """Records its events."""

    def __init__(self, room: FakeRoom, address: Address, password: str, tls: Tls | None) -> None:
        self.room = room
        self.events: queue.SimpleQueue[ClientEvent] = queue.SimpleQueue()
        super().__init__(address, self.events.put, password=password, tls=tls)

    def next(self, kind: type[Kind]) -> Kind:
        """Return the next event except `StatusChanged`; it must be of this kind."""
        while True:
            event = self.events.get(timeout=TIMEOUT)
            if isinstance(event, kind):
                return event
            assert isinstance(event, StatusChanged), event

    def enter(self, **welcome: object) -> FakeConnection:
        """Have the room accept the connection and send a welcome; return the room's end of it."""
        client = self.room.accept()
        client.welcome(**welcome)  # type: ignore[arg-type]
        self.next(Entered)
        return client


@contextmanager
def start_chat(
    room: FakeRoom, password: str = "", tls: Tls | None = None, address: Address | None = None
) -> Iterator[RecordedChat]:
    """Start the chat of Анна with the room, at another address if given; both have ended afterwards."""
    chat = RecordedChat(room, address or room.address, password, tls)
    chat.set_name("Анна")
    chat.start()
    try:
        yield chat
    finally:
        room.close()
        chat.leave()
