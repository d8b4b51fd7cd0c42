"""What applying a proposal does to the connections of the room: which events are sent to which seats."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from msgspec import Struct

from chat_protocol.messages import Ack, Event, Message
from tcp_server.room.outcome import AudienceChange

Seat = tuple[bytes, int]
"""A connection as the room knows it: the run of a server that has it, and a number that it gave."""


class Entered(NamedTuple):
    """The seat has joined as the member with this number. Its server answers with a welcome or a greeting.

    `resumed`: the member was here already, perhaps without a connection.
    """

    member: int
    resumed: bool = False


class NameTaken(NamedTuple):
    """The seat has not joined: a member has this name, or one that looks like the wanted one.

    `is_held`: the name is held for somebody who is away.
    """

    by: str
    is_held: bool = False


class Linked(NamedTuple):
    """Whether the one-time code that the seat has proposed is open; its server knows it."""

    is_open: bool


Answer = Event | Entered | NameTaken | Linked


class Effect(Struct, frozen=True):
    """One effect: `seat` is sent `answer`, all others in the audience are sent `shared`.

    `acked` are the refs of `shared` where these are plain texts that `seat` has said: it is sent their acks.
    `is_known`: the seat has been sent the same as `shared` of another effect, but for what json clients mark.
    """

    seat: Seat | None
    answer: Sequence[Answer] = ()
    shared: Sequence[Event] = ()
    audience_change: AudienceChange = AudienceChange.NONE
    is_known: bool = False
    acked: Sequence[str] = ()

    def acks(self) -> list[Ack]:
        """Return the acks of `acked`. Only the server that has the seat needs them."""
        said = cast("Sequence[Message]", self.shared)
        return [Ack(ref, one.id, one.at) for ref, one in zip(self.acked, said, strict=True)]
