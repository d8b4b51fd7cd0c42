"""One client's thread: greet it, find out how it speaks, let it in, pass on what it wants."""

import socket
import struct
import time
from collections.abc import Iterator, Sequence

from chat_protocol.errors import BadMessage, LineTooLong
from chat_protocol.messages import Bye, Error, HistoryRequest, Join, Leave, Search
from tcp_server.commands import Introduce, Who, Wish
from tcp_server.config import Config
from tcp_server.dialects import Dialect, NotChat, detect
from tcp_server.fanout import FanOut
from tcp_server.outcome import Outcome, Presence
from tcp_server.outlet import Outlet
from tcp_server.room import Room
from tcp_server.sequencer import Sequencer

_PORTION = 1024
"""How many wishes of one client are submitted at a time: short lines grow, with a name before each."""

_LENGTHY = (HistoryRequest, Search, Who)
"""Wishes that a few bytes ask for and many bytes answer: each is submitted alone."""

_LENGTHY_SIZE = 256 * 1024
"""What such an answer is taken to be, in bytes."""


class _Dismissed(Exception):
    """The connection is to end, for a reason that the client is told."""


class Session:
    """The life of one connection; `run` is its thread.

    The thread only ever waits for bytes of its own client or for its turn with the
    room. It writes to nobody, not even to its own client: fan-out does.
    """

    def __init__(
        self, sock: socket.socket, config: Config, sequencer: Sequencer, room: Room[Outlet], fanout: FanOut
    ) -> None:
        self.outlet = Outlet(sock)
        self._socket = sock
        self._config = config
        self._sequencer = sequencer
        self._room = room
        self._fanout = fanout

    def run(self) -> None:
        """Serve the client until it is gone; never raises for anything it does."""
        try:
            self._serve()
        except _Dismissed as reason:
            self._dismiss(str(reason))
        except LineTooLong:
            self._dismiss("line_too_long")
        except (NotChat, OSError):
            pass
        finally:
            self._sequencer.submit(self._lost)
            self._sequencer.submit(self._fanout.release, self.outlet)

    def _serve(self) -> None:
        self._sequencer.submit(self._fanout.greet, self.outlet)
        deadline = time.monotonic() + self._config.name_timeout if self._config.name_timeout else None
        dialect, chunk = self._listen(deadline)
        self.outlet.dialect = type(dialect)
        wishes = self._enter(dialect, chunk, deadline)
        self._receive_within(self._config.silence if dialect.pings else 0)
        size = dialect.first_read
        while True:
            for portion in _portions(wishes):
                lengthy = isinstance(portion[0], _LENGTHY)
                size_of_it = _LENGTHY_SIZE if lengthy else len(chunk) + 100 * len(portion)
                self._sequencer.submit(self._room.handle, self.outlet, portion, size=size_of_it)
            chunk = self._receive(size, "silent")
            # A small buffer for each idle client, a large one for each busy one.
            if len(chunk) == size:
                size = min(2 * size, dialect.max_read)
            elif len(chunk) < size // 4:
                size = max(size // 2, dialect.first_read)
            wishes = dialect.read(chunk)

    def _listen(self, deadline: float | None) -> tuple[Dialect, bytes]:
        """Wait for as many first bytes as show the dialect, and return them too."""
        opening = b""
        while (dialect := detect(opening) if opening else None) is None:
            opening += self._receive_until(deadline)
        return dialect, opening

    def _enter(self, dialect: Dialect, chunk: bytes, deadline: float | None) -> Sequence[Wish]:
        """Ask until the client has a name it may have; return what it wants beyond that."""
        while True:
            wishes = dialect.read(chunk)
            for position, wish in enumerate(wishes):
                match wish:
                    case Leave():
                        raise _Dismissed("left")
                    case BadMessage(code="bad_utf8"):
                        raise _Dismissed("bad_utf8")
                if self._sequencer.call(self._admit, dialect.as_entry(wish))[-1].presence is Presence.ENTERS:
                    return wishes[position + 1 :]
            chunk = self._receive_until(deadline)

    def _dismiss(self, reason: str) -> None:
        """End the conversation, then read on for a while.

        To close a socket with bytes unread is to reset it, and a reset would overtake
        the goodbye. Fan-out breaks the connection off when its time is over.
        """
        self._sequencer.submit(self.part, reason)
        try:
            self._receive_within(0)
            while self._receive(4096, reason):
                pass
        except (OSError, _Dismissed):
            pass

    # --- work for the sequencer ------------------------------------------------------

    def part(self, bye: str) -> Sequence[Outcome[Outlet]]:
        """Say goodbye to the client, wherever it is in its conversation."""
        return self._room.leave(self.outlet, for_good=False, bye=bye) or [
            Outcome(self.outlet, [Bye(bye)], (), Presence.LEAVES)
        ]

    def _admit(self, entry: Join | Introduce | BadMessage) -> Sequence[Outcome[Outlet]]:
        if self.outlet.ends_at is not None:  # the goodbye has been said
            return [Outcome(self.outlet)]
        if isinstance(entry, BadMessage):
            return [Outcome(self.outlet, [Error(entry.code, entry.text, entry.ref)])]
        return self._room.join(self.outlet, entry)

    def _lost(self) -> Sequence[Outcome[Outlet]]:
        """The client is gone without a word; whoever has left already is not concerned."""
        return self._room.leave(self.outlet, for_good=False)

    # --- reading ---------------------------------------------------------------------

    def _receive(self, size: int, silence: str) -> bytes:
        """Wait for bytes. Raises `_Dismissed(silence)` when the time is over, `OSError` at the end."""
        try:
            chunk = self._socket.recv(size)
        except BlockingIOError:
            raise _Dismissed(silence) from None
        if not chunk:
            raise ConnectionResetError("closed by the client")
        return chunk

    def _receive_until(self, deadline: float | None) -> bytes:
        """Wait for bytes from a client that has not joined yet."""
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _Dismissed("late")
            self._receive_within(left)
        return self._receive(4096, "late")

    def _receive_within(self, seconds: float) -> None:
        """Bound each wait for bytes by the kernel's own timeout; 0 is none.

        Python's `settimeout` would make the socket non-blocking and cost a second
        system call for each read.
        """
        whole, part = divmod(max(seconds, 0.001) if seconds else 0, 1)
        self._socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(whole), int(part * 1_000_000))
        )


def _portions(wishes: Sequence[Wish]) -> Iterator[Sequence[Wish]]:
    """Cut what one client wants into what is done for it at a time, in its order."""
    start = 0
    for position, wish in enumerate(wishes):
        if isinstance(wish, _LENGTHY):
            if start < position:
                yield wishes[start:position]
            yield wishes[position : position + 1]
            start = position + 1
        elif position - start == _PORTION:
            yield wishes[start:position]
            start = position
    if start < len(wishes):
        yield wishes[start:]
