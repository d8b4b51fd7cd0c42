"""The result of a request: which events are sent to whom."""

from collections.abc import Hashable, Sequence
from enum import Enum
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from chat_protocol.messages import Error, Event, WithRef
from tcp_server.room.commands import LocalEvent

C = TypeVar("C", bound=Hashable)
"""Identifies a connection: the server uses `Writer`, tests use strings."""


class AudienceChange(Enum):
    """Whether a connection joins or leaves the audience: those who are sent all shared events."""

    NONE = "none"
    JOIN = "join"
    LEAVE = "leave"


class Outcome(Struct, Generic[C], frozen=True):
    """The result of one request: `connection` is sent `answer`, all others in the audience `shared`."""

    connection: C | None
    answer: Sequence[Event | LocalEvent] = ()
    shared: Sequence[Event | LocalEvent] = ()
    audience_change: AudienceChange = AudienceChange.NONE


def with_ref(outcomes: Sequence[Outcome[C]], connection: C, ref: str | None) -> Sequence[Outcome[C]]:
    """Return the outcomes with `ref` set in the answers to `connection` that can carry one and have none."""
    if ref is None:
        return outcomes
    return [
        replace(outcome, answer=[_event_with_ref(event, ref) for event in outcome.answer])
        if outcome.connection == connection
        else outcome
        for outcome in outcomes
    ]


def _event_with_ref(event: Event | LocalEvent, ref: str) -> Event | LocalEvent:
    return replace(event, ref=ref) if isinstance(event, WithRef | Error) and event.ref is None else event
