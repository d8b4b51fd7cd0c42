"""Messages and acts that the room has not acknowledged yet."""

import os
import time
from typing import Final, NamedTuple

from msgspec.structs import replace

from chat_client.errors import Refused
from chat_protocol.messages import Ack, Delete, Edit, End, Live, Message, Quote, React, Say, Start

MessageAct = Edit | Delete | React | End
"""A command that changes a message."""

Outgoing = Say | Start | MessageAct
"""A command that is sent until the room has acknowledged or refused it."""

NOT_POSSIBLE: Final = ("unknown_type", "this room cannot do that")
"""The code and the explanation of what a room does not know."""

_FOREIGN: Final = ("new_log", "the room has another log than when this was written")


def needs(command: Outgoing) -> frozenset[str]:
    """Return what of the `can` of a welcome a command needs; empty for a message that any room knows."""
    match command:
        case Say(reply=reply, kind=kind):
            return frozenset(
                [*(() if reply is None else ("reply",)), *(() if kind is None else (str(kind),))]
            )
        case Edit():
            return frozenset({"edit"})
        case Delete():
            return frozenset({"delete"})
        case React():
            return frozenset({"react"})
        case Start() | End():
            return frozenset({"live"})


def stored(command: Say | Start, ack: Ack, name: str, quote: Quote | None) -> Message:
    """Return our own message as the room has stored it; `quote` is of what it answers."""
    if isinstance(command, Start):
        return Message(ack.id, ack.at, name, command.title, kind="live", mine=True, live=Live("open"))
    return Message(
        *(ack.id, ack.at, name, command.text),
        kind=command.kind,
        reply=quote,
        mentions=ack.mentions,
        mine=True,
    )


class _Entry(NamedTuple):
    """A command, and the log in which the message is that it names; empty if it names none."""

    command: Outgoing
    epoch: str


class Outbox:
    """Unacknowledged commands in the order they were given, each with a unique `ref`.

    Not thread-safe: the owner's lock guards it. After a reconnect the same refs are sent again, so that the
    room can tell a repeat from a new command. What names a message is never sent to a room with another log.
    """

    def __init__(self) -> None:
        self._pending: dict[str, _Entry] = {}  # by ref

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, command: Outgoing, epoch: str = "") -> Outgoing:
        """Add a command, made while `epoch` was the room's; return it with a new ref, to be sent."""
        # The time comes first: increasing keys cost the room's index half as much.
        ref = f"{time.time_ns() // 1000:x}-{os.urandom(9).hex()}"
        names_message = not isinstance(command, Start) and getattr(command, "reply", 0) is not None
        command = replace(command, ref=ref)
        self._pending[ref] = _Entry(command, epoch if names_message else "")
        return command

    def remove(self, ref: str) -> Outgoing | None:
        """Remove and return a command that the room has answered; None if it is not there."""
        entry = self._pending.pop(ref, None)
        return entry.command if entry else None

    def pending(self) -> tuple[Outgoing, ...]:
        """Return the unanswered commands, oldest first."""
        return tuple(entry.command for entry in self._pending.values())

    def take_impossible(self, epoch: str, can: frozenset[str]) -> list[tuple[Outgoing, Refused]]:
        """Remove what cannot be sent to a room with the log `epoch` that knows these acts; say why of each.

        An empty `epoch` is a log that nothing was written for.
        """
        refused = []
        for ref, entry in [*self._pending.items()]:
            if entry.epoch and entry.epoch != epoch:
                refused.append((entry.command, Refused(*_FOREIGN)))
            elif not needs(entry.command) <= can:
                refused.append((entry.command, Refused(*NOT_POSSIBLE)))
            else:
                continue
            del self._pending[ref]
        return refused
