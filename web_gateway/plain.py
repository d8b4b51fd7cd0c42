"""Translates for a room that speaks only the original protocol.

That protocol has no framing: the client sends a name, then texts, each in a chunk of its own, and
receives events as Russian texts. So the browser gets no history, only itself and those who join later
as members, and message ids that are valid for one connection only.
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

from chat_protocol import messages as m
from chat_protocol.codec import decode_commands, encode, encode_all
from chat_protocol.connection import Connection
from chat_protocol.contract import HAS_JOINED, HAS_LEFT, MAX_LINE, SAYS
from chat_protocol.errors import BadMessage
from chat_protocol.text import clean, is_blank
from web_gateway.dialects import Translation, frame_error, reply

MAX_NAME: Final = 32
MAX_TEXT: Final = 4000

_SEND_INTERVAL = 0.05  # seconds between two sends, so that the room receives them as two chunks
_JOINED_OR_LEFT = re.compile(rf"(.+?)({re.escape(HAS_JOINED)}|{re.escape(HAS_LEFT)})", re.DOTALL)


class PlainRoom(Connection):
    """A connection to a room that announces nothing if it is closed before the name.

    The original server would announce such a client with an empty name, unless the connection is
    reset.
    """

    named = False
    """Whether a name was sent. Session's thread."""

    def close(self) -> None:
        """Close the connection, by a reset if no name was sent. Session's thread."""
        if not self.named:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()
        super().close()


class PlainDialect:
    """The translation of one session."""

    allows_delayed_acks = False  # the original server has Nagle's algorithm on, and so waits for ACKs

    def __init__(self, room: PlainRoom) -> None:
        self._room = room
        self._sent_at = float("-inf")  # session's thread
        self._last_id = 0  # relay's thread, which sends the browser its ids in order
        self._last_sender = ""  # relay's thread
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")  # relay's thread

    # --- browser to room: the session's thread -------------------------------------------

    def to_room(self, messages: Sequence[bytes]) -> Iterator[Translation]:
        """Pass on names and texts, and answer all else. Sleeps up to `_SEND_INTERVAL` before each text."""
        for message in messages:
            if error := frame_error(message):
                yield reply(error)
            else:
                [command] = decode_commands(message)
                yield self._translate(command)

    def _translate(self, command: m.Command | BadMessage) -> Translation:
        match command:
            case m.Join():
                return self._join(command)
            case m.Say():
                return self._say(command)
            case m.Leave(ref=ref):
                return reply(m.Bye("left", ref=ref), end=True)
            case m.Typing():  # needs no answer
                return Translation()
        return reply(_answer(command))

    def _join(self, join: m.Join) -> Translation:
        name = " ".join(clean(join.name).split())
        if self._room.named:
            return reply(m.Error("already_joined", "this connection has a name already", join.ref))
        if is_blank(name):
            return reply(m.Error("name_empty", "the name is empty", join.ref))
        if len(name) > MAX_NAME:
            return reply(m.Error("name_too_long", f"a name has at most {MAX_NAME} characters", join.ref))
        self._room.named = True
        welcome = m.Welcome(
            name=name,
            session="",
            epoch=secrets.token_hex(8),
            last=0,
            members=[name],
            messages=[],
            missed=0,
            more=False,
            limits=m.Limits(name=MAX_NAME, text=MAX_TEXT, line=MAX_LINE, history=0),
            ref=join.ref,
        )
        return Translation(self._encode_after_pause(name), partial(encode, welcome))

    def _say(self, say: m.Say) -> Translation:
        text = clean(say.text)
        if not self._room.named:
            return reply(m.Error("join_first", "give a name first", say.ref))
        if say.ref is None:
            return reply(m.Error("bad_field", "a say needs a ref"))
        if say.reply is not None or say.kind is not None:
            return reply(m.Error("unknown_type", "this room has only texts", say.ref))
        if is_blank(text):
            return reply(m.Error("blank", "the text is blank", say.ref))
        if len(text) > MAX_TEXT:
            return reply(m.Error("too_long", f"a text has at most {MAX_TEXT} characters", say.ref))
        return Translation(self._encode_after_pause(text), partial(self._acknowledge, say.ref))

    def _acknowledge(self, ref: str) -> bytes:
        return encode(m.Ack(ref, self._next_id(), m.timestamp()))

    def _encode_after_pause(self, text: str) -> bytes:
        pause = self._sent_at + _SEND_INTERVAL - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        self._sent_at = time.monotonic()
        return text.encode()

    # --- room to browser: the relay's thread ---------------------------------------------

    def to_browser(self, chunk: bytes) -> bytes:
        """Return the events of a chunk as JSON lines."""
        text = clean(self._decoder.decode(chunk))
        return encode_all(self._events(text)) if text else b""

    def _events(self, text: str) -> list[m.Event]:
        now = m.timestamp()
        name, says, said = text.partition(SAYS)
        if says:
            self._last_sender = name
            return [m.Message(self._next_id(), now, name, said)]
        # Several events may arrive in one chunk without a separator.
        if seen := _JOINED_OR_LEFT.findall(text):
            return [m.Joined(who, now) if what == HAS_JOINED else m.Left(who, now) for who, what in seen]
        # The rest of a message that arrived in two chunks.
        return [m.Message(self._next_id(), now, self._last_sender or "?", text)]

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id


def _answer(command: m.Command | BadMessage) -> m.Event:
    """Return the answer to a command that is not passed to the room."""
    match command:
        case m.HistoryRequest(ref=ref):
            return m.HistoryPage([], more=False, ref=ref)
        case m.Ping(ref=ref):
            return m.Pong(ref=ref)
        case BadMessage():
            return m.Error(command.code, command.text, command.ref)
    return m.Error("unknown_type", f"this room has no {command.__struct_config__.tag!r}", command.ref)
