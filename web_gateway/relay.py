"""The thread that sends all data from the room to the browsers.

A room message arrives on every session's TCP connection at once. With a thread for each, a hundred
threads would compete for the interpreter to send the same bytes, so one thread watches all
connections. Each session's own thread does the other direction: see `chat_socket`.
"""

import logging
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from time import monotonic

from websockets.frames import CloseCode

from chat_protocol.codec import encode
from chat_protocol.connection import Connection, abort
from chat_protocol.contract import RESTART
from chat_protocol.errors import LineTooLong
from chat_protocol.messages import farewell
from web_gateway.browser import CLOSE_TIMEOUT, Browser, text_frame
from web_gateway.dialects import Answer, Dialect
from web_gateway.poller import poller

log = logging.getLogger(__name__)

_READ_SIZE = 65536
_SWEEP_INTERVAL = 1.0  # seconds between two checks of all deadlines
_ACK_TIMER = 0.03  # seconds, a little less than Linux's shortest delayed-ACK timer, 40 ms
_QUICK_ACK: int = getattr(socket, "TCP_QUICKACK", 0)  # Linux


class BridgeSession:
    """One browser and its own connection to the room.

    Uses descriptors and slots for speed: a room message touches every session, and most of their
    memory has left the processor's caches by then.
    """

    __slots__ = ("_delays_acks", "_received_at", "browser", "descriptor", "dialect", "room")

    def __init__(self, browser: Browser, room: Connection, dialect: Dialect) -> None:
        self.browser = browser
        self.room = room
        self.dialect = dialect
        self.descriptor = room.socket.fileno()
        # For the relay's reads. The session's thread still waits when it sends: the socket has a timeout.
        os.set_blocking(self.descriptor, False)
        self._delays_acks = dialect.allows_delayed_acks and _QUICK_ACK != 0
        self._received_at = 0.0  # relay's thread

    def receive(self, now: float) -> bytes:
        """Return bytes from the room, empty once it has closed the connection. Relay's thread.

        Raises `OSError`. Turns TCP_QUICKACK off, so that ACKs are delayed and travel with data: this
        saves a tenth of the relay's CPU. The kernel turns it on again after a pause.
        """
        chunk = os.read(self.descriptor, _READ_SIZE)
        if self._delays_acks:
            if now - self._received_at > _ACK_TIMER:
                self.room.socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 0)
            self._received_at = now
        return chunk


class Relay:
    """Watches all connections to the room, and the browsers that have a backlog.

    Other threads put tasks into the inbox and write to the wakeup socket. All other attributes
    belong to the relay's thread.
    """

    def __init__(self) -> None:
        """Create a relay in the process that will run it, after any fork."""
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._wakeup_r, self._wakeup_w = socket.socketpair()
        self._wakeup_r.settimeout(0)
        self._wakeup_w.settimeout(0)
        self._poller = poller()
        self._poller.register(self._wakeup_r.fileno(), select.POLLIN)
        self._sessions: set[BridgeSession] = set()
        self._reading: dict[int, BridgeSession] = {}  # with an open room, by the descriptor to the room
        self._blocked: dict[int, BridgeSession] = {}  # with a backlog, by the browser's descriptor
        self._close_all_with: tuple[CloseCode, str] | None = None  # set once the relay is closing
        self._last_frame = (b"", b"")  # the last lines and their frame: most sessions get the same lines
        self._running = True
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    # --- any thread ----------------------------------------------------------------------

    @contextmanager
    def attached(self, session: BridgeSession) -> Iterator[None]:
        """Relay room data to the session's browser during the block. Close its sockets only after it."""
        self._call(lambda: self._add(session))
        try:
            yield
        finally:
            self._call(lambda: self._remove(session))

    def answer(self, session: BridgeSession, answer: Answer) -> None:
        """Send a browser the gateway's own answer, in order with the events of the room.

        Waits until it is sent or in the backlog, so that many requests fill no queue.
        """
        self._call(lambda: self._answer(session, answer))

    def close_all(self, code: CloseCode, reason: str) -> None:
        """Close every browser, and each one that is added later. Does not wait."""
        self._post(lambda: self._close_all(code, reason))

    def sessions(self) -> list[BridgeSession]:
        """Return those that are attached."""
        found: list[BridgeSession] = []
        self._call(lambda: found.extend(self._sessions))
        return found

    def send_elsewhere(self, sessions: Sequence[BridgeSession]) -> None:
        """Close these browsers: the gateway restarts, another one may be there. Does not wait."""
        self._post(lambda: self._send_elsewhere(sessions))

    def stop(self) -> None:
        """End the thread and wait for it, at most `CLOSE_TIMEOUT` seconds."""
        self._post(self._end)
        self._thread.join(CLOSE_TIMEOUT)

    def _call(self, task: Callable[[], None]) -> None:
        """Run a task in the relay's thread and wait for it. Raises what the task raises."""
        done = threading.Event()
        failed: list[Exception] = []

        def run() -> None:
            try:
                task()
            except Exception as error:  # noqa: BLE001
                failed.append(error)
            finally:
                done.set()

        self._post(run)
        while not done.wait(1.0) and self._thread.is_alive():
            pass
        if failed:
            raise failed[0]

    def _post(self, task: Callable[[], None]) -> None:
        """Have the relay's thread run a task. Does not wait."""
        self._inbox.put(task)
        # An error is harmless: a full buffer wakes the relay too, and a closed one has no relay.
        with suppress(OSError):
            self._wakeup_w.send(b"\0")

    # --- the relay's thread --------------------------------------------------------------

    def _run(self) -> None:
        next_sweep = monotonic() + _SWEEP_INTERVAL
        wakeup = self._wakeup_r.fileno()
        while self._running:
            ready = self._poller.poll(_SWEEP_INTERVAL if self._sessions else -1)
            now = monotonic()
            for fd, _ in ready:
                # Looked up by descriptor: it may have been reused during this loop, which is harmless.
                if (session := self._reading.get(fd)) is not None:
                    self._read_room(session, now)
                elif fd == wakeup:
                    self._empty_inbox()
                elif (session := self._blocked.get(fd)) is not None:
                    self._flush(session)
            if now >= next_sweep:
                next_sweep = now + _SWEEP_INTERVAL
                self._sweep(now)
        self._poller.close()
        self._wakeup_r.close()
        self._wakeup_w.close()

    def _empty_inbox(self) -> None:
        with suppress(BlockingIOError):
            self._wakeup_r.recv(4096)
        with suppress(Empty):
            while True:
                self._inbox.get_nowait()()

    def _sweep(self, now: float) -> None:
        for session in self._sessions:
            try:
                if not session.browser.check_deadlines(now):
                    abort(session.room.socket)  # wakes the session's thread if it waits to send
                elif session.browser.has_backlog:
                    self._watch_browser(session)
            except Exception as error:  # noqa: BLE001
                _close_failed(session, error)

    def _read_room(self, session: BridgeSession, now: float) -> None:
        try:
            if chunk := session.receive(now):
                self._send(session, session.dialect.to_browser(chunk))
                return
            reason = "the room has closed the connection"
        except BlockingIOError:
            return
        except OSError:
            reason = "the connection to the room is lost"
        except LineTooLong:
            reason = "a line from the room is too long"
        except Exception as error:  # noqa: BLE001
            _close_failed(session, error)
            return
        self._unwatch_room(session)
        session.browser.close(CloseCode.SERVICE_RESTART, reason)

    def _flush(self, session: BridgeSession) -> None:
        try:
            if session.browser.flush():
                self._unwatch_browser(session)
        except Exception as error:  # noqa: BLE001
            _close_failed(session, error)

    def _answer(self, session: BridgeSession, answer: Answer) -> None:
        try:
            self._send(session, answer())
        except Exception as error:  # noqa: BLE001
            _close_failed(session, error)

    def _send(self, session: BridgeSession, lines: bytes) -> None:
        if not lines:
            return
        if lines != self._last_frame[0]:
            self._last_frame = (lines, text_frame(memoryview(lines)[:-1]))
        if not session.browser.send(self._last_frame[1]):
            self._watch_browser(session)

    def _watch_browser(self, session: BridgeSession) -> None:
        fd = session.browser.descriptor
        if fd not in self._blocked:
            self._poller.register(fd, select.POLLOUT)
            self._blocked[fd] = session

    def _unwatch_browser(self, session: BridgeSession) -> None:
        if self._blocked.pop(session.browser.descriptor, None) is not None:
            self._poller.unregister(session.browser.descriptor)

    def _unwatch_room(self, session: BridgeSession) -> None:
        if self._reading.pop(session.descriptor, None) is not None:
            self._poller.unregister(session.descriptor)

    def _add(self, session: BridgeSession) -> None:
        self._poller.register(session.descriptor, select.POLLIN)
        self._reading[session.descriptor] = session
        self._sessions.add(session)
        if self._close_all_with:
            session.browser.close(*self._close_all_with)

    def _remove(self, session: BridgeSession) -> None:
        self._sessions.discard(session)
        self._unwatch_room(session)
        self._unwatch_browser(session)

    def _close_all(self, code: CloseCode, reason: str) -> None:
        self._close_all_with = (code, reason)
        for session in self._sessions:
            session.browser.close(code, reason)

    def _send_elsewhere(self, sessions: Sequence[BridgeSession]) -> None:
        for session in self._sessions.intersection(sessions):
            self._answer(session, lambda: encode(farewell(RESTART)))
            session.browser.close(CloseCode.SERVICE_RESTART, "the gateway restarts")

    def _end(self) -> None:
        self._running = False


def _close_failed(session: BridgeSession, error: Exception) -> None:
    """Close one session after an unexpected error, which must not end the thread that serves all others."""
    log.error("relay: a session ends after %s", type(error).__name__)
    session.browser.close(CloseCode.INTERNAL_ERROR, "internal error")
