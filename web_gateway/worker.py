"""gunicorn's threaded worker, with deadlines and limits against hostile clients.

Written against gunicorn 27.0: each method here changes one thing that its worker does.
`tests/web_gateway/test_gunicorn_internals.py` lists all that this package needs of gunicorn's inside.
"""

import logging
import os
import signal
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
from urllib.parse import unquote

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

from chat_protocol.connection import abort
from chat_protocol.ip import rate_limit_key
from chat_protocol.log_event import INFO, WARNING, log_event, log_often
from web_gateway.gateway import Gateway
from web_gateway.refusals import raw_refusal

log = logging.getLogger(__name__)

HEAD_TIMEOUT: Final = 10.0
"""Seconds for a client to send a whole request."""

ANSWER_TIMEOUT: Final = 30.0
"""Seconds for a client to receive the response; bytes in the kernel's buffer count as received."""

MAX_WAITING: Final = 256
"""Connections without a whole request; with more, the oldest are closed."""

MAX_IDLE: Final = 128
"""Connections kept open after a response."""

_MAX_HEAD = 32 * 1024  # bytes of a request's line and headers
_LINGER = 1.0  # seconds for a client to read the last response before its connection is closed
_ACCEPT_PAUSE = 0.1  # seconds without accepting when the system is out of descriptors
_STATUS = {
    ExpectationFailed: 417,
    InvalidResponseHeader: 500,
    InvalidResponseHeaderName: 500,
    LimitRequestHeaders: 431,
    LimitRequestLine: 414,
    UnsupportedTransferCoding: 501,
}


class _Waiting(NamedTuple):
    """The state of a connection without a thread: it waits for a request, or for the client to close."""

    deadline: float
    head: bytearray | None
    """The received part of the request; None if we wait for the client to close."""


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's `gthread` with deadlines, which gives a request a thread once it is whole."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_keepalived = MAX_IDLE
        self._drains = False  # main thread
        self._waiting: dict[Any, _Waiting] = {}  # by connection, oldest first; main thread
        self._lock = threading.Lock()  # guards the two below
        self._deadlines: dict[Any, float] = {}  # of connections that have a thread, except sessions
        self._busy: Counter[str] = Counter()  # those connections, counted by `rate_limit_key`

    @property
    def gateway(self) -> Gateway:
        """The gateway of this process. Available once the application is loaded."""
        gateway: Gateway = self.wsgi.extensions["gateway"]
        return gateway

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On SIGTERM, drain where there is time for it: once, as a service manager may tell all processes."""
        if not (self.booted and self.gateway.config.drain):
            self.handle_quit(sig, frame)
        elif not self._drains:
            self._drains = True
            self.method_queue.defer(self._drain)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """On Ctrl-C, which reaches every process of the terminal, close the sessions.

        gunicorn would wait for them to end.
        """
        if self.alive:
            self.method_queue.defer(self._close_sessions)
        super().handle_exit(sig, frame)

    def _drain(self) -> None:
        seconds = self.gateway.config.drain
        log_event(INFO, "draining", seconds=seconds, sessions=self.gateway.admission.sessions)
        self.gateway.drain(lambda: os.kill(os.getpid(), signal.SIGINT))

    def _close_sessions(self) -> None:
        log_event(INFO, "stopping", sessions=self.gateway.admission.sessions)
        self.gateway.close()
        for conn, waiting in list(self._waiting.items()):
            if waiting.head is not None:
                self._drop(conn)

    # --- before the request: the main thread ---------------------------------------------

    def accept(self, listener: Any) -> None:
        """Accept a connection. Out of descriptors, pause; gunicorn's worker would exit."""
        try:
            super().accept(listener)
        except OSError as error:
            _log_shortage(error)
            time.sleep(_ACCEPT_PAUSE)

    def enqueue_req(self, conn: Any) -> None:
        """Give a request a thread once its head is whole; gunicorn does so before the first byte."""
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
            return  # dropped since the poller returned it
        head = waiting.head
        try:
            chunk = conn.sock.recv(_MAX_HEAD + 1 - len(head or b""))
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
        conn.rate_limit_key = rate_limit_key(conn.client[0], self.gateway.config.trusted_proxies)
        try:
            super().enqueue_req(conn)
        except RuntimeError as error:  # no more threads; the request stays in the pool's queue
            _log_shortage(error)
            self.nr_conns -= 1
            conn.close()

    def finish_request(self, conn: Any, future: Any) -> None:
        """Give a client time to read the last response: closing a socket with unread bytes resets it.

        gunicorn waits up to 2 s for that in the thread that accepts: four clients that keep
        their connection open would block all others.
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
        """End connections that are past a deadline. Called by gunicorn at least once a second."""
        now = monotonic()
        surplus = len(self._waiting) - MAX_WAITING
        for place, (conn, waiting) in enumerate(list(self._waiting.items())):
            if place < surplus or waiting.deadline < now:
                self._drop(conn)
        with self._lock:
            late = [conn for conn, deadline in self._deadlines.items() if deadline < now]
        for conn in late:
            abort(conn.sock)

    # --- the request: its thread ---------------------------------------------------------

    def handle(self, conn: Any) -> Any:
        """Serve one request within a deadline. Return whether the connection is kept."""
        kept: Any = False
        if conn.sock.fileno() < 0:
            return kept  # closed when there was no thread for it
        if not self._count(conn):
            log_often(WARNING, "refused", reason="max_per_address", status=429, address=conn.client[0])
            with suppress(OSError):
                conn.sock.send(raw_refusal(429))
            abort(conn.sock)
            return kept
        try:
            if conn.too_long:
                self.handle_error(None, conn.sock, conn.client, LimitRequestHeaders(""))
            else:
                kept = super().handle(conn)
        finally:
            self._uncount(conn)
        return kept

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Set the deadline for the response; a WebSocket session has none.

        A request for one is the last of its connection, even if refused: a client that sends many
        and reads no response would occupy the thread. So is one with a body: bodies are not read.
        """
        if _has_header(req, "UPGRADE", "CONTENT-LENGTH", "TRANSFER-ENCODING"):
            req.force_close()
        if is_handshake(req):
            self._uncount(conn)
            # gunicorn reads the headers once more; a list would stay in memory during the session.
            req.headers = iter(req.headers)
        else:
            with self._lock:
                self._deadlines[conn] = monotonic() + ANSWER_TIMEOUT
        return super().handle_request(req, conn)

    def handle_error(self, _req: Any, client: socket.socket, _address: Any, error: Exception) -> None:
        """Answer a malformed request, without any of its text in the response or the log."""
        status = _STATUS.get(type(error), 400 if isinstance(error, ParseException) else 500)
        if status == 500:
            log.error("a request ends after %s", type(error).__name__)
        with suppress(OSError):
            client.sendall(raw_refusal(status))

    def _count(self, conn: Any) -> bool:
        """Count a connection that has a thread; return False if its address has too many."""
        limit = self.gateway.config.max_per_address
        with self._lock:
            if conn.rate_limit_key:
                if limit and self._busy[conn.rate_limit_key] >= limit:
                    return False
                self._busy[conn.rate_limit_key] += 1
            self._deadlines[conn] = monotonic() + HEAD_TIMEOUT
            return True

    def _uncount(self, conn: Any) -> None:
        with self._lock:
            if self._deadlines.pop(conn, None) is not None and conn.rate_limit_key:
                self._busy -= Counter([conn.rate_limit_key])


def _log_shortage(error: Exception) -> None:
    log_often(WARNING, "refused", reason="resources", error=error)


def is_handshake(req: Any) -> bool:
    """Return whether the application may answer a request by opening a WebSocket."""
    return req.method == "GET" and unquote(req.path).endswith("/ws") and _has_header(req, "UPGRADE")


def _has_header(req: Any, *names: str) -> bool:
    return any(name in names for name, _ in req.headers)


def _is_whole(head: bytearray) -> bool:
    # After a bare LF the head is malformed, so there is no need to wait for its end.
    return b"\r\n\r\n" in head or head.count(b"\n") != head.count(b"\r\n")


def _is_ready(head: bytearray) -> bool:
    return len(head) > _MAX_HEAD or _is_whole(head)
