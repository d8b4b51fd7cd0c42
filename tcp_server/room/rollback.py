"""What is sent instead of outcomes whose messages could not be stored."""

from msgspec.structs import replace

from chat_protocol.messages import Ack, Changed, Error, Event, HistoryPage, Message, Welcome
from tcp_server.room.commands import LocalEvent
from tcp_server.room.outcome import C, Outcome


def without_unsaved(outcome: Outcome[C], last: int) -> Outcome[C]:
    """Return the outcome without messages of id > `last`; their acks become `unavailable` errors."""
    shared = [
        event for event in outcome.shared if not (isinstance(event, Message | Changed) and event.id > last)
    ]
    answer: list[Event | LocalEvent] = []
    acked = {event.id for event in outcome.answer if isinstance(event, Ack)}
    for event in outcome.answer:
        match event:
            case Ack() if event.id > last:
                answer.append(Error("unavailable", "the message could not be stored", event.ref))
            case Changed() if event.id > last:
                pass
            case Message() if event.id > last:
                if event.id not in acked:  # otherwise its ack becomes the error
                    answer.append(Error("unavailable", "the notice could not be stored"))
            case Welcome() | HistoryPage():
                stored = [message for message in event.messages if message.id <= last]
                changes = {"last": last} if isinstance(event, Welcome) else {}
                answer.append(replace(event, messages=stored, **changes))
            case _:
                answer.append(event)
    if len(shared) < len(outcome.shared) and not answer:
        answer.append(Error("unavailable", "the message could not be stored"))
    return replace(outcome, answer=answer, shared=shared)
