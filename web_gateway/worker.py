"""gunicorn's threaded worker, made fit for sessions that last and for clients that mean no good.

Read against gunicorn 27.0; each method here answers one thing that worker does.
"""

import logging
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from time import monotonic
from types import FrameType
from typing import Any, Final, NamedTuple

from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import ThreadWorker

from chat_protocol.ip import rate_limit_key
from web_gateway.gateway import Gateway
from web_gateway.refusals import whole_refusal

log = logging.getLogger(__name__)

HEAD_TIMEOUT: Final = 10.0
"""Seconds a client has to send a whole request."""

ANSWER_TIMEOUT: Final = 30.0
"""Seconds a client has to take the answer; what the kernel keeps for it counts as taken."""

MOST_WAITING: Final = 256
"""Connections that may be without a whole request; of more, the oldest are closed."""

MOST_IDLE: Final = 128
"""Connections that may be kept after an answer."""

_LONGEST_HEAD = 32 * 1024  # bytes of a request before its body
_LINGER = 1.0  # seconds a client has to read the last answer before its connection is closed
_SHED_PAUSE = 0.1
_COMPLAINT_INTERVAL = 60.0
_STATUS = {
    ExpectationFailed: 417,
    InvalidResponseHeader: 500,
    InvalidResponseHeaderName: 500,
    LimitRequestHeaders: 431,
    LimitRequestLine: 414,
    UnsupportedTransferCoding: 501,
}


class _Waiting(NamedTuple):
    """A connection no thread has to do with: its next request, or its end, is still to come."""

    deadline: float
    head: bytearray | None
    """What is here of the request; None where nothing that comes is read any more."""


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's `gthread` with deadlines, and with no thread for half a request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_keepalived = MOST_IDLE
        self._waiting: dict[Any, _Waiting] = {}  # by connection, the oldest first; main thread
        self._complained_at = float("-inf")  # main thread
        self._lock = threading.Lock()  # guards the two below
        self._deadlines: dict[Any, float] = {}  # of connections in a thread, sessions apart
        self._busy: Counter[str] = Counter()  # those connections, by what addresses count as

    @property
    def gateway(self) -> Gateway:
        """What this process serves, once the application is loaded."""
        gateway: Gateway = self.wsgi.extensions["gateway"]
        return gateway

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On SIGTERM close the sessions, which gunicorn would wait for."""
        if self.alive:
            self.method_queue.defer(self._close_sessions)
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """On Ctrl-C, which reaches every process of the terminal, do the same."""
        self.handle_exit(sig, frame)

    def _close_sessions(self) -> None:
        self.gateway.close()
        for conn, waiting in list(self._waiting.items()):
            if waiting.head is not None:
                self._drop(conn)

    # --- before the request: the main thread ---------------------------------------------

    def accept(self, listener: Any) -> None:
        """Out of descriptors, turn the new away for a moment; gunicorn would die of it."""
        try:
            super().accept(listener)
        except OSError as error:
            self._complain(error)
            time.sleep(_SHED_PAUSE)

    def enqueue_req(self, conn: Any) -> None:
        """Give a request to a thread once its head is whole; gunicorn does so before the first byte."""
        conn.init()
        head = bytearray(conn.parser.unreader.take_buffered())
        if _is_ready(head):
            self._enqueue(conn, head)
        else:
            self._wait(conn, _Waiting(monotonic() + HEAD_TIMEOUT, head))

    def _wait(self, conn: Any, waiting: _Waiting) -> None:
        conn.sock.setblocking(False)
        self._waiting[conn] = waiting
        self.poller.register(conn.sock, EVENT_READ, partial(self._read, conn))

    def _read(self, conn: Any, _sock: socket.socket) -> None:
        waiting = self._waiting.get(conn)
        if waiting is None:
            return  # dropped since the poller saw it
        head = waiting.head
        try:
            chunk = conn.sock.recv(_LONGEST_HEAD + 1 - len(head or b""))
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self._drop(conn)
        elif head is not None:
            head.extend(chunk)
            if _is_ready(head):
                del self._waiting[conn]
                self.poller.unregister(conn.sock)
                self._enqueue(conn, head)

    def _enqueue(self, conn: Any, head: bytearray) -> None:
        conn.parser.unreader.unread(bytes(head))
        conn.too_long = not _is_whole(head)
        conn.counted = rate_limit_key(conn.client[0], self.gateway.config.trusted_proxies)
        try:
            super().enqueue_req(conn)
        except RuntimeError as error:  # no more threads; but the pool keeps what it was given
            self._complain(error)
            self.nr_conns -= 1
            conn.close()

    def _complain(self, error: Exception) -> None:
        if monotonic() - self._complained_at > _COMPLAINT_INTERVAL:
            self._complained_at = monotonic()
            log.warning("cannot take another connection for now: %s", error)

    def finish_request(self, conn: Any, future: Any) -> None:
        """Let a client read the last answer to its end: closing over unread bytes would cut it off.

        gunicorn waits for that up to 2 s where it accepts: four clients that keep their
        connection open would freeze everyone.
        """
        answered = not future.cancelled() and future.exception() is None
        if answered and future.result() is False and conn.sock.fileno() >= 0:
            with suppress(OSError):
                conn.sock.shutdown(socket.SHUT_WR)
            self._wait(conn, _Waiting(monotonic() + _LINGER, None))
        else:
            super().finish_request(conn, future)

    def _drop(self, conn: Any) -> None:
        del self._waiting[conn]
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Every second or more often: hang up on those who are too slow to ask or to listen."""
        now = monotonic()
        surplus = len(self._waiting) - MOST_WAITING
        for place, (conn, waiting) in enumerate(list(self._waiting.items())):
            if place < surplus or waiting.deadline < now:
                self._drop(conn)
        with self._lock:
            late = [conn for conn, deadline in self._deadlines.items() if deadline < now]
        for conn in late:
            _hang_up(conn.sock)

    # --- the request: its thread ---------------------------------------------------------

    def handle(self, conn: Any) -> Any:
        """Serve one request within a deadline."""
        kept: Any = False
        if conn.sock.fileno() < 0:
            return kept  # given up when there was no thread for it
        if not self._begin(conn):
            with suppress(OSError):
                conn.sock.send(whole_refusal(503))
            _hang_up(conn.sock)
            return kept
        try:
            if conn.too_long:
                self.handle_error(None, conn.sock, conn.client, LimitRequestHeaders(""))
            else:
                kept = super().handle(conn)
        finally:
            self._end(conn)
        return kept

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Set the deadline for the answer; a session has none.

        A session is its connection's last request, or refusals nobody reads would take the
        thread, one after another; and so is one with a body, as nothing here reads any.
        """
        if _has(req, "UPGRADE", "CONTENT-LENGTH", "TRANSFER-ENCODING"):
            req.force_close()
        if req.path == "/ws" and _has(req, "UPGRADE"):
            self._end(conn)
            # gunicorn reads them once more, and would keep them for the length of the session.
            req.headers = iter(req.headers)
        else:
            with self._lock:
                self._deadlines[conn] = monotonic() + ANSWER_TIMEOUT
        return super().handle_request(req, conn)

    def handle_error(self, _req: Any, client: socket.socket, _address: Any, error: Exception) -> None:
        """Answer what is no request in one sentence; quote nothing of it there or in the log."""
        status = _STATUS.get(type(error), 400 if isinstance(error, ParseException) else 500)
        if status == 500:
            log.error("a request ends after %s", type(error).__name__)
        with suppress(OSError):
            client.sendall(whole_refusal(status))

    def _begin(self, conn: Any) -> bool:
        """Note that a thread is busy with a connection; False if one address keeps too many busy."""
        most = self.gateway.config.max_per_address
        with self._lock:
            if conn.counted:
                if most and self._busy[conn.counted] >= most:
                    return False
                self._busy[conn.counted] += 1
            self._deadlines[conn] = monotonic() + HEAD_TIMEOUT
            return True

    def _end(self, conn: Any) -> None:
        with self._lock:
            if self._deadlines.pop(conn, None) is not None and conn.counted:
                self._busy -= Counter([conn.counted])


def _has(req: Any, *names: str) -> bool:
    """Say whether a request has one of these headers."""
    return any(name in names for name, _ in req.headers)


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _is_whole(head: bytearray) -> bool:
    # A bare LF ends no line here, so nothing behind one is worth waiting for.
    return b"\r\n\r\n" in head or head.count(b"\n") != head.count(b"\r\n")


def _is_ready(head: bytearray) -> bool:
    return len(head) > _LONGEST_HEAD or _is_whole(head)
