"""What is sent instead of outcomes whose messages could not be stored."""

from collections.abc import Sequence
from contextlib import suppress

from msgspec.structs import replace

from chat_protocol.messages import Ack, Changed, Error, Event, HistoryPage, Message, Welcome
from tcp_server.log.as_sent import as_sent
from tcp_server.log.history import History, Unavailable, find_message
from tcp_server.room.commands import LocalEvent
from tcp_server.room.outcome import C, Outcome


def without_unsaved(outcome: Outcome[C], history: History, person: bytes) -> Outcome[C]:
    """Return the outcome without what is newer than the log, which has been rolled back.

    Acks of that become `unavailable` errors. Pages have their messages as the log has them, for the
    `person` who reads them.
    """
    last = history.last
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
            case HistoryPage():
                answer.append(replace(event, messages=_as_stored(event.messages, history, person)))
            case Welcome():
                messages = _as_stored(event.messages, history, person)
                changed = _as_stored(event.changed, history, person)
                topic = None if event.topic and event.topic.id > last else event.topic
                kept = replace(event, messages=messages, changed=changed or (), last=last, topic=topic)
                answer.append(kept)
            case _:
                answer.append(event)
    if len(shared) < len(outcome.shared) and not answer:
        answer.append(Error("unavailable", "the message could not be stored"))
    return replace(outcome, answer=answer, shared=shared)


def _as_stored(messages: Sequence[Message], history: History, person: bytes) -> list[Message]:
    """Return those messages that are in the log, as they are there."""
    stored = [message for message in messages if message.id <= history.last]
    with suppress(Unavailable):
        found = [find_message(history, message.id) for message in stored]
        return as_sent(history, [message for message in found if message], person)
    return stored
