"""What one wish comes to: who is told what. Knows of no socket and no thread."""

from collections.abc import Hashable, Sequence
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

from chat_protocol.messages import Event
from tcp_server.commands import LocalEvent

Connection = TypeVar("Connection", bound=Hashable)
"""Whatever the caller tells connections apart by."""


class Presence(Enum):
    """What an outcome means for the hearing of its connection."""

    STAYS = "stays"
    ENTERS = "enters"
    LEAVES = "leaves"


class Outcome(NamedTuple, Generic[Connection]):
    """What one wish came to: the room hears `shared`, and `connection` hears `answer` instead."""

    connection: Connection | None
    answer: Sequence[Event | LocalEvent] = ()
    shared: Sequence[Event] = ()
    presence: Presence = Presence.STAYS
