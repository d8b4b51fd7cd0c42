"""What one request comes to: who is told what. Knows of no socket and no thread."""

from collections.abc import Hashable, Sequence
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

from msgspec.structs import replace

from chat_protocol.messages import Ack, Error, Event, HistoryPage, Labelled, Message, Welcome
from tcp_server.room.commands import LocalEvent

Connection = TypeVar("Connection", bound=Hashable)
"""Whatever the caller tells connections apart by."""


class Presence(Enum):
    """What an outcome means for the hearing of its connection."""

    STAYS = "stays"
    ENTERS = "enters"
    LEAVES = "leaves"


class Outcome(NamedTuple, Generic[Connection]):
    """What one request came to: the room hears `shared`, and `connection` hears `answer` instead."""

    connection: Connection | None
    answer: Sequence[Event | LocalEvent] = ()
    shared: Sequence[Event] = ()
    presence: Presence = Presence.STAYS


def labelled(
    outcomes: Sequence[Outcome[Connection]], connection: Connection, ref: str | None
) -> Sequence[Outcome[Connection]]:
    """Return the outcomes with `ref` in what answers `connection`, where it has none of its own."""
    if ref is None:
        return outcomes
    return [
        outcome._replace(answer=[_with_ref(event, ref) for event in outcome.answer])
        if outcome.connection == connection
        else outcome
        for outcome in outcomes
    ]


def _with_ref(event: Event | LocalEvent, ref: str) -> Event | LocalEvent:
    return replace(event, ref=ref) if isinstance(event, Labelled | Error) and event.ref is None else event


def without_unsaved(outcome: Outcome[Connection], last: int) -> Outcome[Connection]:
    """Return what an outcome is without the messages behind the id `last`."""
    shared = [event for event in outcome.shared if not (isinstance(event, Message) and event.id > last)]
    answer: list[Event | LocalEvent] = []
    acked = {event.id for event in outcome.answer if isinstance(event, Ack)}
    for event in outcome.answer:
        match event:
            case Ack() if event.id > last:
                answer.append(Error("unavailable", "the message could not be stored", event.ref))
            case Message() if event.id > last:
                if event.id not in acked:  # or its `ack` becomes the error
                    answer.append(Error("unavailable", "what was done could not be stored"))
            case Welcome() | HistoryPage():
                kept = [message for message in event.messages if message.id <= last]
                changes = {"last": last} if isinstance(event, Welcome) else {}
                answer.append(replace(event, messages=kept, **changes))
            case _:
                answer.append(event)
    if len(shared) < len(outcome.shared) and not answer:
        answer.append(Error("unavailable", "the message could not be stored"))
    return outcome._replace(answer=answer, shared=shared)
