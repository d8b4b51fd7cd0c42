"""A browser's WebSocket after its handshake. Writing to it never blocks.

The session's thread reads, through the sans-I/O parser of `websockets`. Any thread may
send a whole frame, which is sent at once or waits in a backlog of limited size.
"""

import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from time import monotonic, sleep
from typing import Final, Self, cast

from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.protocol import Protocol, Side

from chat_protocol.backlog import Backlog
from chat_protocol.connection import abort, set_tcp_options
from chat_protocol.contract import IDLE_TIMEOUT, MAX_LINE, PING_INTERVAL
from chat_protocol.read_size import next_read_size

MAX_BACKLOG: Final = 1024 * 1024
"""Maximum number of bytes in a backlog; with more the browser is closed."""

WRITE_TIMEOUT: Final = 10.0
"""Seconds without progress after which a browser with a backlog is closed."""

CLOSE_TIMEOUT: Final = 2.0
"""Seconds to wait for the browser's answer to our close frame."""

_LAST_WAIT = 10.0
"""Seconds that a silent browser has to answer one more ping.

If this process was stopped for a while, it has sent no pings meanwhile.
"""

_FRAME_OVERHEAD = 256
"""Bytes of memory that a frame in the backlog takes besides its own bytes."""

_CONTROL_FRAME_BURST = 64
_CONTROL_FRAME_RATE = 1000
"""Frames without a text (pings, pongs, fragments) that a browser may send: at once, and per second."""

_FIRST_READ = 512
"""Bytes of the first read. A waiting thread keeps its buffer, so idle sessions get a small one."""

_MAX_READ = 64 * 1024
_PING = Frame(Opcode.PING, b"").serialize(mask=False)
_protocol_log = logging.getLogger("websockets.server")  # shared: making a logger for each session is slow


def text_frame(text: bytes | memoryview) -> bytes:
    """Return the frame of a whole message in UTF-8. It can be sent to any number of browsers."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


def _close_frame(code: int, reason: str) -> bytes:
    return Frame(Opcode.CLOSE, Close(code, reason).serialize()).serialize(mask=False)


class Browser:
    """One browser's open WebSocket.

    The session's thread reads (`messages`) and leaves the `with` block. Any thread may
    `send` and `close`. The relay's thread also calls `flush` and `check_deadlines`.
    """

    __slots__ = (
        "_backlog",
        "_closing_at",
        "_lock",
        "_pinged_at",
        "_progress_at",
        "_protocol",
        "_read_ahead",
        "_socket",
        "descriptor",
        "ended_by",
    )

    def __init__(self, sock: socket.socket, read_ahead: bytes = b"") -> None:
        """Wrap a connected socket, which its HTTP server closes at the end.

        `read_ahead` is what that server has already read after the handshake.
        """
        self._socket = sock  # read by the session's thread; any thread may shut it down
        set_tcp_options(sock)
        # Python implements timeouts above a non-blocking socket, so os.write() to it does not block.
        self._socket.settimeout(IDLE_TIMEOUT - _LAST_WAIT)
        self.descriptor = sock.fileno()
        """The socket's file descriptor, valid until the end of the `with` block."""
        self._read_ahead = read_ahead  # session's thread
        self._protocol = _Parser(Side.SERVER, max_size=MAX_LINE, logger=_protocol_log)  # session's thread

        # Guards all below, and keeps frames of two threads apart. Never held while waiting.
        self._lock = threading.Lock()
        self._backlog: Backlog | None = None  # frames; None while nothing waits
        self._progress_at = 0.0  # when the backlog began or last shrank
        self._pinged_at = monotonic()
        self._closing_at: float | None = None  # when the close frame was sent; no data is sent after it
        self.ended_by: tuple[int, str] | None = None
        """Why it ends: the first close code, and the reason in words of ours. Any thread may read it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        if error is not None:
            self.close(CloseCode.INTERNAL_ERROR, "internal error")
        self._finish()

    # --- reading: the session's thread ---------------------------------------------------

    def messages(self) -> Iterator[list[bytes]]:
        """Yield the browser's text messages, each at most `MAX_LINE` bytes of valid UTF-8.

        Messages that arrive together are yielded together. Ends when the connection ends.
        Answers pings and close frames, and violations of RFC 6455 with their close code.
        """
        message = bytearray()  # not a list of fragments: empty ones would take memory
        for frames in self._frames():
            complete = []
            for frame in frames:
                if frame.opcode is Opcode.BINARY:
                    self.close(CloseCode.UNSUPPORTED_DATA, "text only")
                elif frame.opcode is Opcode.TEXT or frame.opcode is Opcode.CONT:
                    message += frame.data
                    if frame.fin:
                        if _is_utf8(message):
                            complete.append(bytes(message))
                        else:
                            self.close(CloseCode.INVALID_DATA, "not UTF-8")
                        message.clear()
            if complete:
                yield complete

    def _frames(self) -> Iterator[list[Frame]]:
        chunk = self._read_ahead
        size = _FIRST_READ
        while True:
            # After the close frame, bytes are read and ignored until the connection ends.
            if chunk and self._closing_at is None:
                self._protocol.receive_data(chunk)
                frames = cast("list[Frame]", self._protocol.events_received())
                self._answer(self._protocol.data_to_send())
                yield frames
                if len(frames) > _CONTROL_FRAME_BURST:
                    sleep(_control_frame_delay(frames))
            try:
                chunk = self._receive(size)
            except TimeoutError:
                self.close(CloseCode.TRY_AGAIN_LATER, "idle timeout")
                return
            except OSError:
                chunk = b""
            if not chunk:
                with self._lock:
                    self._note_end(CloseCode.ABNORMAL_CLOSURE, "lost")
                return
            size = next_read_size(size, len(chunk), _FIRST_READ, _MAX_READ)

    def _receive(self, size: int) -> bytes:
        """Wait for bytes; empty at the end. Raises `TimeoutError` if one more ping is not answered either."""
        try:
            return self._socket.recv(size)
        except TimeoutError:
            self.send(_PING)
        self._socket.settimeout(_LAST_WAIT)
        chunk = self._socket.recv(size)
        self._socket.settimeout(IDLE_TIMEOUT - _LAST_WAIT)
        return chunk

    def _answer(self, writes: Sequence[bytes]) -> None:
        """Send what the parser has to send: pongs, or a close frame and b"" for the end of the stream.

        One send for all: ten thousand pings fit in one read, and ten thousand sends would
        starve the other sessions.
        """
        with self._lock:
            if self._closing_at is None and (answers := b"".join(writes)):
                self._send_frame(answers)
            if b"" in writes:
                close = self._protocol.close_sent or Close(CloseCode.PROTOCOL_ERROR, "")
                is_answer = self._protocol.close_rcvd_then_sent
                self._note_end(close.code, "closed by the browser" if is_answer else "broken protocol")
                self._close()

    # --- writing: any thread -------------------------------------------------------------

    def send(self, frame: bytes) -> bool:
        """Send one whole frame without blocking. Return whether nothing waits in the backlog.

        Does nothing after `close`. A browser whose backlog grows beyond `MAX_BACKLOG`, not
        counting the frame being sent, is closed with 1013.
        """
        with self._lock:
            if self._closing_at is None:
                self._send_frame(frame)
            return self._backlog is None

    def close(self, code: int, reason: str) -> None:
        """Send a close frame after the backlog, and nothing after it. Only the first call has an effect.

        `code` is one of RFC 6455, section 7.4. The page reconnects after each but 1008.
        """
        with self._lock:
            self._note_end(code, reason)
            self._close(_close_frame(code, reason))

    def flush(self) -> bool:
        """Send as much of the backlog as the kernel takes. Return whether nothing is left."""
        with self._lock:
            self._flush()
            return self._backlog is None

    @property
    def has_backlog(self) -> bool:
        """Whether frames wait for `flush`."""
        with self._lock:
            return self._backlog is not None

    def check_deadlines(self, now: float) -> bool:
        """Ping, close or abort the browser if it is time to; called about once a second.

        `now` is monotonic. Returns False once the connection is aborted.
        """
        with self._lock:
            if self._closing_at is not None:
                if now - self._closing_at > CLOSE_TIMEOUT:
                    abort(self._socket)
                    return False
            elif self._backlog and now - self._progress_at > WRITE_TIMEOUT:
                self._close_slow_reader()
            elif now - self._pinged_at >= PING_INTERVAL:
                self._pinged_at = now
                self._send_frame(_PING)
            return True

    # --- with the lock held --------------------------------------------------------------

    def _note_end(self, code: int, reason: str) -> None:
        self.ended_by = self.ended_by or (code, reason)

    def _send_frame(self, frame: bytes) -> None:
        if self._backlog:
            self._backlog.append(frame)
            if self._backlog.exceeds(MAX_BACKLOG, _FRAME_OVERHEAD):
                self._close_slow_reader()
            return
        sent = 0
        try:
            sent = os.write(self.descriptor, frame)
        except BlockingIOError:
            pass
        except OSError:
            return  # the session's thread sees the error when it reads
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

    def _close(self, frame: bytes = b"") -> None:
        """Send a close frame, unless one is in the backlog, and end the stream after it."""
        if self._closing_at is None:
            self._closing_at = monotonic()  # first: _send_frame() would close too if the backlog is full
            if frame:
                self._send_frame(frame)
            self._flush()

    def _close_slow_reader(self) -> None:
        """Drop the backlog, except the rest of a frame of which part has been sent, and close."""
        if self._closing_at is not None:
            return
        if self._backlog and self._backlog.has_begun:
            self._backlog.truncate(len(self._backlog.first))
        else:
            self._backlog = None
        self._note_end(CloseCode.TRY_AGAIN_LATER, "reads too slowly")
        self._close(_close_frame(CloseCode.TRY_AGAIN_LATER, "reads too slowly"))

    def _finish(self) -> None:
        """Send a close frame if none was sent, wait for the browser's answer, and end the connection.

        Without the wait the HTTP server could close the socket, or write a response of its
        own, before the browser has read our close code, and it would see 1006.
        """
        self.close(CloseCode.NORMAL_CLOSURE, "")
        deadline = monotonic() + CLOSE_TIMEOUT
        with suppress(OSError):
            while (left := deadline - monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(_FIRST_READ):
                    break
        abort(self._socket)
        with self._lock:
            self._backlog = None  # nothing is sent any more: the descriptor may soon be reused


class _Parser(Protocol):
    """Accepts a close frame between the fragments of a message, as RFC 6455 allows (section 5.4)."""

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None
        super().recv_frame(frame)


def _control_frame_delay(frames: Sequence[Frame]) -> float:
    """Return for how many seconds not to read from a browser that has sent these frames at once."""
    count = sum([frame.opcode is not Opcode.TEXT for frame in frames])
    return min(1.0, max(0, count - _CONTROL_FRAME_BURST) / _CONTROL_FRAME_RATE)


def _is_utf8(message: bytearray) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True
