"""What a call of a webhook says in the room: a quiet join under the name of the hook."""

import hashlib
from collections.abc import Sequence
from functools import partial
from time import monotonic, sleep
from typing import Final, NamedTuple, TypeVar

from chat_protocol import messages as m
from chat_protocol.connection import Connection
from chat_protocol.errors import BadMessage, ConnectionFailed
from chat_protocol.text import is_blank, split
from web_gateway.servers import Servers

_TIMEOUT: Final = 10.0
"""Seconds that a call may take, all attempts together."""

_PAUSE: Final = 0.2
"""Seconds between two attempts."""

_MAX_MESSAGES: Final = 100
"""Most messages of a call: a quiet connection may say no more."""

_PASSING: Final = ("restart", "shutdown", "quiet")
"""Reasons of a `bye` after which the call is tried again."""

_E = TypeVar("_E")


class RoomRefuses(Exception):
    """The room has refused a call; `event` says why."""

    def __init__(self, event: m.Error | m.Bye) -> None:
        super().__init__(event)
        self.event = event


class Call(NamedTuple):
    """What to say, under which name, with the token of that name. A repeat of a call has the same `key`."""

    name: str
    token: str
    text: str
    key: str


def say(servers: Servers, call: Call, source: bytes) -> Sequence[int]:
    """Say the text of a call, in several messages if it is long; return their numbers.

    `source` is a PROXY header. A connection that is lost is tried again. Raises `RoomRefuses`, and
    `ConnectionFailed` if the time is over.
    """
    deadline = monotonic() + _TIMEOUT
    while True:
        try:
            begin = partial(Connection.open_on, idle_timeout=_TIMEOUT, source=source)
            with servers.open(begin, max(0.1, deadline - monotonic())) as room:
                return _Conversation(room, deadline).hold(call)
        except BadMessage as error:
            raise ConnectionFailed(f"not understood: {error}") from error
        except _Lost as lost:
            if monotonic() >= deadline:
                raise ConnectionFailed(str(lost)) from lost
            sleep(_PAUSE)


class _Lost(ConnectionFailed):
    """The connection ended before all was said."""


class _Conversation:
    """One connection for a call. Owned by the thread of its request."""

    def __init__(self, room: Connection, deadline: float) -> None:
        self._room = room
        self._deadline = deadline
        self._events = room.events()

    def hold(self, call: Call) -> Sequence[int]:
        """Say all of it, and return the numbers of the messages. Raises as `_next`."""
        # A session of its own, from which the room knows a repeated ref; as secret as the token.
        session = hashlib.sha256(f"session of a hook: {call.token}".encode()).hexdigest()
        self._send(m.Join(call.name, session=session, quiet=True, token=call.token, history=0))
        welcome = self._next(m.Welcome)
        if not welcome.reserved:  # anybody may speak under this name
            raise RoomRefuses(m.Error("name_not_reserved", "the room keeps this name for nobody"))
        limit = welcome.limits.text
        pieces = [piece for piece in split(call.text, limit) if not is_blank(piece)]
        if len(pieces) > _MAX_MESSAGES:
            raise RoomRefuses(m.Error("too_long", f"at most {_MAX_MESSAGES} messages of {limit} characters"))
        refs = [f"{call.key}-{number}" for number in range(len(pieces))]
        for piece, ref in zip(pieces, refs, strict=True):
            self._send(m.Say(piece, ref))
        ids = {ack.ref: ack.id for ack in (self._next(m.Ack) for _ in refs)}
        self._send(m.Leave())
        return [ids[ref] for ref in refs]

    def _send(self, command: m.Join | m.Say | m.Leave) -> None:
        try:
            self._room.send(command)
        except ConnectionFailed as error:
            raise _Lost(str(error)) from error

    def _next(self, kind: type[_E]) -> _E:
        """Return the next event of a kind. Raises `RoomRefuses`, `BadMessage`, `_Lost`."""
        try:
            for event in self._events:
                if isinstance(event, kind):
                    return event
                if isinstance(event, m.Bye) and event.reason in _PASSING:
                    break
                if isinstance(event, m.Error | m.Bye):
                    raise RoomRefuses(event)
                self._room.socket.settimeout(max(0.001, self._deadline - monotonic()))
        except ConnectionFailed as error:
            raise _Lost(str(error)) from error
        raise _Lost("the room has closed the connection")
