"""A room with a live message, for tests: Боб runs a command, and Анна, a moderator, sees it."""

from typing import Any

from chat_protocol import messages as m
from tests.tcp_server.room_harness import RoomHarness, moderated_room

GRACE = 20.0
BOB = 1
"""The number of the message that Боб starts."""


def live_room() -> RoomHarness:
    """Return the room."""
    room = moderated_room(grace=GRACE)
    room.handle("b", m.Start("start", "  make \x1b[31mtest "))
    room.handle("a", m.Say("что там?", "1"))
    return room


def events(room: RoomHarness, connection: str, *kinds: type) -> list[Any]:
    return [event for event in room.received(connection) if isinstance(event, kinds)]


def output(
    room: RoomHarness, text: str, offset: int | None = None, connection: str = "b", **fields: Any
) -> Any:
    """Send output behind what there is, and return the answer."""
    if offset is None:
        offset = output(room, "", 0).end
    room.received(connection)
    room.handle(connection, m.Output(id=BOB, offset=offset, text=text, **fields))
    return events(room, connection, m.Received, m.Error)[-1]


def body(room: RoomHarness, start: int = 0, connection: str = "a", **fields: Any) -> Any:
    room.received(connection)
    room.handle(connection, m.BodyRequest(id=BOB, start=start, **fields))
    (answer,) = events(room, connection, m.Body, m.Error)
    return answer


def whole_body(room: RoomHarness, connection: str = "a") -> str:
    text, start, more = "", 0, True
    while more:
        part = body(room, start, connection)
        text, start, more = text + part.text, part.start + len(part.text.encode()), part.more
    return text


def live(room: RoomHarness) -> m.Live:
    """Return how the message stands for who comes now."""
    welcome = room.join("new", "Новый")
    room.leave("new", hold_name=False)
    room.received("new")
    (found,) = [message for message in welcome.messages if message.id == BOB]
    assert found.live is not None
    return found.live
