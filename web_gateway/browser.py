"""The browser's end of a session: a WebSocket that nobody ever waits to write to.

flask-sock has shaken hands. From there on the session's own thread reads, through
the sans-I/O parser of `websockets`, and whoever has something to send hands over a
whole frame, which either goes out at once or waits in a bounded backlog.
"""

import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from time import monotonic, sleep
from types import TracebackType
from typing import Final, Self, cast

from websockets.frames import Close, Frame, Opcode
from websockets.protocol import Protocol, Side

from chat_protocol.backlog import Backlog
from chat_protocol.contract import IDLE_TIMEOUT, MAX_LINE, PING_INTERVAL
from chat_protocol.read_size import next_read_size

BACKLOG: Final = 1024 * 1024
"""Bytes that may wait for a browser before it is cut."""

STALL: Final = 10.0
"""Seconds a browser may take nothing of its backlog before it is cut."""

FAREWELL: Final = 2.0
"""Seconds a browser has to answer our close frame."""

# Close codes. To all but 1008 the page answers by coming back.
NORMAL: Final = 1000
GOING_AWAY: Final = 1001
UNSUPPORTED: Final = 1003
BAD_DATA: Final = 1007
POLICY: Final = 1008
INTERNAL_ERROR: Final = 1011
ROOM_GONE: Final = 1012
TRY_LATER: Final = 1013

_FRAME_OVERHEAD = 256
"""Bytes of memory that a frame in the backlog takes besides its own."""

_FRAMES_FREE = 64
_FRAMES_A_SECOND = 1000
"""How many frames that say nothing (pings, pongs, fragments) a browser may send at once, and for long."""

_FIRST_READ = 512  # held by every idle session, so no bigger than what people type
_MAX_READ = 64 * 1024
_PING = Frame(Opcode.PING, b"").serialize(mask=False)
_quiet = logging.getLogger("websockets.server")  # one logger for all: making one per session costs


def text_frame(text: bytes | memoryview) -> bytes:
    """Return a whole message, UTF-8, as the frame that any browser may be sent."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


class Browser:
    """A WebSocket after its handshake.

    The session's thread reads (`messages`) and leaves the `with` block; any thread
    may `send` and `close`; the relay's thread also calls `flush` and `tend`.
    """

    __slots__ = (
        "_ahead",
        "_backlog",
        "_closing_at",
        "_lock",
        "_pinged_at",
        "_progress_at",
        "_protocol",
        "_socket",
        "descriptor",
    )

    def __init__(self, sock: socket.socket, ahead: bytes = b"") -> None:
        """Take over a connected socket, which its HTTP server will close in the end.

        `ahead` is what that server has already read behind the handshake.
        """
        self._socket = sock  # session's thread reads; any thread may shut it down
        self._socket.settimeout(IDLE_TIMEOUT)
        # Python's time limits are its own: to the kernel the socket never blocks, and whoever
        # writes by number does not wait.
        self.descriptor = sock.fileno()
        """What the relay watches for room to write, until the end of the `with` block."""
        self._ahead = ahead  # session's thread
        self._protocol = _Parser(Side.SERVER, max_size=MAX_LINE, logger=_quiet)  # session's thread

        # Held for one frame, never while waiting: keeps frames whole, and guards all below.
        self._lock = threading.Lock()
        self._backlog: Backlog | None = None  # frames; None while nothing waits
        self._progress_at = 0.0  # when the backlog began or last shrank
        self._pinged_at = monotonic()
        self._closing_at: float | None = None  # when the close frame went out; no data after it

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.close(INTERNAL_ERROR, "internal error")
        self._finish()

    # --- reading: the session's thread ---------------------------------------------------

    def messages(self) -> Iterator[list[bytes]]:
        """Yield what the browser says, each at most `MAX_LINE` bytes of valid UTF-8.

        Messages that come together are yielded together. Ends when the browser is
        gone, whoever wished it. Pings and close frames are answered on the way; what
        breaks the rules of WebSocket is answered by the close code for it.
        """
        message = bytearray()  # not a list: empty fragments must cost nothing
        for frames in self._frames():
            complete = []
            for frame in frames:
                if frame.opcode is Opcode.BINARY:
                    self.close(UNSUPPORTED, "text only")
                elif frame.opcode is Opcode.TEXT or frame.opcode is Opcode.CONT:
                    message += frame.data
                    if frame.fin:
                        if _is_utf8(message):
                            complete.append(bytes(message))
                        else:
                            self.close(BAD_DATA, "not UTF-8")
                        message.clear()
            if complete:
                yield complete

    def _frames(self) -> Iterator[list[Frame]]:
        chunk = self._ahead
        size = _FIRST_READ
        while True:
            # Once a close frame is out, the rest is read only to see the end.
            if chunk and self._closing_at is None:
                self._protocol.receive_data(chunk)
                frames = cast("list[Frame]", self._protocol.events_received())
                self._answer(self._protocol.data_to_send())
                yield frames
                if len(frames) > _FRAMES_FREE:
                    sleep(_delay(frames))
            try:
                chunk = self._socket.recv(size)
            except TimeoutError:
                self.close(TRY_LATER, "no sign of life")
                return
            except OSError:
                return
            if not chunk:
                return
            size = next_read_size(size, len(chunk), _FIRST_READ, _MAX_READ)

    def _answer(self, writes: Sequence[bytes]) -> None:
        """Send what the parser wants sent: pongs, and the close frame with the end after it.

        All at once: ten thousand pings fit one read, and to send ten thousand pongs one by one
        would leave the other sessions no turn.
        """
        with self._lock:
            if self._closing_at is None and (answers := b"".join(writes)):
                self._put(answers)
            if b"" in writes:
                self._end_after_backlog()

    # --- writing: any thread -------------------------------------------------------------

    def send(self, frame: bytes) -> bool:
        """Send one whole frame without waiting; False while part of it is in the backlog.

        After `close` nothing is sent any more. A browser whose backlog grows beyond
        `BACKLOG` is closed with 1013.
        """
        with self._lock:
            if self._closing_at is None:
                self._put(frame)
            return self._backlog is None

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, once: a close frame behind what is waiting, then no more. Never waits."""
        with self._lock:
            self._close(code, reason)

    def flush(self) -> bool:
        """Send what the socket takes of the backlog; False while some is left."""
        with self._lock:
            self._flush()
            return self._backlog is None

    @property
    def has_backlog(self) -> bool:
        """Whether something waits for `flush`."""
        with self._lock:
            return self._backlog is not None

    def tend(self, now: float) -> bool:
        """Do what is due at `now` (monotonic), about every second; False once it is time to give up.

        Pings the browser, cuts one that takes nothing, and hangs up on one that does
        not answer our goodbye.
        """
        with self._lock:
            if self._closing_at is not None:
                if now - self._closing_at > FAREWELL:
                    self._hang_up()
                    return False
            elif self._backlog and now - self._progress_at > STALL:
                self._cut()
            elif now - self._pinged_at >= PING_INTERVAL:
                self._pinged_at = now
                self._put(_PING)
            return True

    # --- with the lock held --------------------------------------------------------------

    def _put(self, frame: bytes) -> None:
        if self._backlog:
            self._backlog.append(frame)
            if self._backlog.exceeds(BACKLOG, _FRAME_OVERHEAD):
                self._cut()
            return
        sent = 0
        try:
            sent = os.write(self.descriptor, frame)
        except BlockingIOError:
            pass
        except OSError:
            return  # the session's thread reads the same from its side
        if sent < len(frame):
            self._backlog = Backlog(frame, sent)
            self._progress_at = monotonic()

    def _flush(self) -> None:
        while self._backlog:
            try:
                sent = os.writev(self.descriptor, self._backlog.next_blocks())
            except BlockingIOError:
                return
            except OSError:
                self._backlog = None
                break
            self._progress_at = monotonic()
            if not self._backlog.consume(sent):
                self._backlog = None
        if self._closing_at is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)

    def _close(self, code: int, reason: str) -> None:
        if self._closing_at is None:
            self._closing_at = monotonic()  # first, as a full backlog closes too
            self._put(Frame(Opcode.CLOSE, Close(code, reason).serialize()).serialize(mask=False))
            self._flush()

    def _end_after_backlog(self) -> None:
        if self._closing_at is None:
            self._closing_at = monotonic()
            self._flush()

    def _cut(self) -> None:
        """Close a browser that reads too slowly, behind the frame that has begun."""
        if self._closing_at is not None:
            return
        if self._backlog and self._backlog.has_begun:
            self._backlog.truncate(len(self._backlog.first))
        else:
            self._backlog = None
        self._close(TRY_LATER, "reads too slowly")

    def _hang_up(self) -> None:
        # close() alone would leave a blocked recv() asleep; only shutdown() wakes it.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _finish(self) -> None:
        """Wait shortly for the browser to answer our close frame, then hang up.

        Otherwise the HTTP server would close, or write a response of its own, before
        the browser has read our code, and it would see 1006.
        """
        self.close(NORMAL, "")
        deadline = monotonic() + FAREWELL
        with suppress(OSError):
            while (left := deadline - monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(_FIRST_READ):
                    break
        self._hang_up()
        with self._lock:
            self._backlog = None  # nothing more is sent: the descriptor may soon be somebody else's


class _Parser(Protocol):
    """Takes a close frame for what it says even within a fragmented message, as RFC 6455 (5.4) allows."""

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None
        super().recv_frame(frame)


def _delay(frames: Sequence[Frame]) -> float:
    """Return for how many seconds a browser is not read from after it has sent all these at once."""
    idle = sum([frame.opcode is not Opcode.TEXT for frame in frames])
    return min(1.0, max(0, idle - _FRAMES_FREE) / _FRAMES_A_SECOND)


def _is_utf8(message: bytearray) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True
