"""A bridge to a room that speaks only the original protocol.

There, bytes are all there is: a name, then texts; each received chunk is one
message, and events come as bare Russian sentences. The bridge speaks our JSON with
the browser as far as that goes: no history, no members but oneself and those seen
coming, numbers that hold for one connection only.
"""

import codecs
import re
import secrets
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from chat_protocol.codec import decode_commands, encode, encode_all
from chat_protocol.connection import Connection
from chat_protocol.contract import HAS_JOINED, HAS_LEFT, MAX_LINE, SAYS
from chat_protocol.errors import BadMessage
from chat_protocol.messages import (
    Ack,
    Bye,
    Event,
    HistoryPage,
    HistoryRequest,
    Join,
    Joined,
    Leave,
    Left,
    Limits,
    Message,
    Ping,
    Pong,
    Say,
    Welcome,
    timestamp,
)
from chat_protocol.text import clean, is_blank
from web_gateway.dialects import Crossing, refused, what_is_wrong

MAX_NAME: Final = 32
MAX_TEXT: Final = 4000

_PAUSE = 0.05  # seconds between two sends: the other end tells messages apart by their arrival
_PRESENCE = re.compile(rf"(.+?)({re.escape(HAS_JOINED)}|{re.escape(HAS_LEFT)})", re.DOTALL)


class PlainRoom(Connection):
    """A connection that can be given up before a name without anybody hearing of it.

    The original announces whoever hangs up before giving a name, as somebody
    without one; of a reset it takes no notice.
    """

    named = False  # session's thread

    def close(self) -> None:
        """End the connection; by a reset as long as no name was given. Session's thread."""
        if not self.named:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()
        super().close()


class PlainDialect:
    """One session's translation. Each method says which thread it belongs to."""

    may_ack_late = False  # the original lets the kernel wait (Nagle), a fiftieth of a second each time

    def __init__(self, room: PlainRoom) -> None:
        self._room = room
        self._sent_at = float("-inf")  # session's thread
        self._last_id = 0  # relay's thread, in whose order the browser sees numbers
        self._speaker = ""  # relay's thread
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")  # relay's thread

    # --- browser to room: the session's thread -------------------------------------------

    def to_room(self, messages: Sequence[bytes]) -> Iterator[Crossing]:
        """Answer here what the room cannot, and pass on names and texts. May wait `_PAUSE` before each."""
        for message in messages:
            if wrong := what_is_wrong(message):
                yield refused("bad_frame", wrong)
            else:
                yield self._translate(message)

    def _translate(self, message: bytes) -> Crossing:
        match decode_commands(message):
            case [BadMessage() as bad]:
                crossing = refused(bad.code, bad.text, bad.ref)
            case [Join() as join]:
                crossing = self._join(join)
            case [Say() as say]:
                crossing = self._say(say)
            case [HistoryRequest()]:
                crossing = Crossing(answer=lambda: encode(HistoryPage([], more=False)))
            case [Ping()]:
                crossing = Crossing(answer=lambda: encode(Pong()))
            case [Leave()]:
                crossing = Crossing(answer=lambda: encode(Bye("left")), last=True)
            case _:
                crossing = Crossing()  # nobody there can see anyone type
        return crossing

    def _join(self, join: Join) -> Crossing:
        name = " ".join(clean(join.name).split())
        if self._room.named:
            return refused("already_joined", "this connection has a name already")
        if is_blank(name):
            return refused("name_empty", "the name is empty")
        if len(name) > MAX_NAME:
            return refused("name_too_long", f"a name has at most {MAX_NAME} characters")
        self._room.named = True
        return Crossing(self._paced(name), lambda: encode(self._welcome(name)))

    def _welcome(self, name: str) -> Welcome:
        return Welcome(
            name=name,
            session="",
            epoch=secrets.token_hex(8),
            last=0,
            members=[name],
            messages=[],
            missed=0,
            more=False,
            limits=Limits(name=MAX_NAME, text=MAX_TEXT, line=MAX_LINE, history=0),
        )

    def _say(self, say: Say) -> Crossing:
        text = clean(say.text)
        if not self._room.named:
            return refused("join_first", "give a name first", say.ref)
        if is_blank(text):
            return refused("blank", "there is nothing to say", say.ref)
        if len(text) > MAX_TEXT:
            return refused("too_long", f"a text has at most {MAX_TEXT} characters", say.ref)
        return Crossing(self._paced(text), partial(self._acknowledge, say.ref))

    def _acknowledge(self, ref: str | None) -> bytes:
        return encode(Ack(ref, self._next_id(), timestamp())) if ref else b""

    def _paced(self, text: str) -> bytes:
        pause = self._sent_at + _PAUSE - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        self._sent_at = time.monotonic()
        return text.encode()

    # --- room to browser: the relay's thread ---------------------------------------------

    def to_browser(self, chunk: bytes) -> bytes:
        """Read one chunk as the event it is there."""
        text = clean(self._decoder.decode(chunk))
        return encode_all(self._events(text)) if text else b""

    def _events(self, text: str) -> list[Event]:
        now = timestamp()
        name, says, said = text.partition(SAYS)
        if says:
            self._speaker = name
            return [Message(self._next_id(), now, name, said)]
        # Many coming at once run together, as nothing separates them.
        if seen := _PRESENCE.findall(text):
            return [Joined(who, now) if what == HAS_JOINED else Left(who, now) for who, what in seen]
        # The rest of a message that came in two pieces.
        return [Message(self._next_id(), now, self._speaker or "?", text)]

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id
