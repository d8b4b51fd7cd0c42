"""Messages as they are sent: with the quotes of those they answer, and the marks of the one who reads them.

Both depend on more than the message, so the log does not have them.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from chat_protocol.live import MAX_LAST
from chat_protocol.message import quote_of
from chat_protocol.messages import Changed, Live, Message
from chat_protocol.sgr import clean_output
from tcp_server.log.history import History, Unavailable, find_message


def with_quote(message: Message, answered: Message | None) -> Message:
    """Return a message with the quote of the one that it answers, None if that is no longer kept."""
    if message.reply is None or answered is None:
        return message
    return replace(message, reply=quote_of(answered))


def with_own_quote(history: History, message: Message) -> Message:
    """Return a message with its quote, if it is a reply and that can be read."""
    if message.reply is not None:
        with suppress(Unavailable):
            return with_quote(message, find_message(history, message.reply.id))
    return message


def with_settled_quotes(history: History, events: Sequence[Any]) -> Sequence[Any]:
    """Return events with the quotes of settled messages, at which nothing that decides looks."""
    return [_with_settled_quote(history, event) for event in events]


def _with_settled_quote(history: History, event: Any) -> Any:
    if isinstance(event, Changed):
        message: Message = _with_settled_quote(history, event.message)
        return event if message is event.message else replace(event, message=message)
    if isinstance(event, Message) and event.reply is not None and event.reply.id < history.settled:
        return with_own_quote(history, event)
    return event


def _live_now(history: History, message_id: int, live: Live) -> Live:
    """Return how a live message stands, with what of it is kept now."""
    if live.state != "open":
        is_gone = bool(live.bytes) and not history.bodies.kept([message_id])
        return replace(live, gone=True) if is_gone else live
    body = history.bodies.find(message_id)
    if body is None:
        return live
    last = clean_output(body.last(MAX_LAST).decode(errors="ignore"))
    return replace(live, bytes=body.end, lines=body.lines, last=last)


def as_sent(history: History, messages: Sequence[Message], person: bytes) -> list[Message]:
    """Return messages with their quotes, and with what of them is a person's own.

    Where the disk cannot be read, they are sent without.
    """
    if not messages:
        return []
    own: set[int] = set()
    reacted: dict[int, list[str]] = {}
    with suppress(Unavailable):
        own = history.own(messages, person)
        reacted = history.reacted([message.id for message in messages if message.reactions], person)
    sent = []
    for message in messages:
        one = with_own_quote(history, message)
        if message.id in own:
            one = replace(one, mine=True)
        if one.live is not None:
            one = replace(one, live=_live_now(history, message.id, one.live))
        if emojis := reacted.get(message.id):
            marked = [
                replace(reaction, mine=True) if reaction.emoji in emojis else reaction
                for reaction in message.reactions
            ]
            one = replace(one, reactions=marked)
        sent.append(one)
    return sent
