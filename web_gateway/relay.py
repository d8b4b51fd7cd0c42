"""The one thread that carries the room to all browsers.

A message to the room wakes every session at once; a thread for each would have a
hundred of them fight for the interpreter to send the same bytes. So one thread
watches all TCP connections and sends on. The way from a browser to the room is
its session's own thread: see `chat_socket`.
"""

import logging
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from time import monotonic

from chat_protocol.connection import Connection
from chat_protocol.errors import LineTooLong
from web_gateway.browser import FAREWELL, INTERNAL_ERROR, ROOM_GONE, Browser, text_frame
from web_gateway.dialects import Answer, Dialect
from web_gateway.poller import poller

log = logging.getLogger(__name__)

_READ_SIZE = 65536
_SWEEP = 1.0  # seconds between two looks at everybody's deadlines
_ACK_DELAY = 0.03  # seconds a kernel that waits to acknowledge still waits after this long, at least
_QUICK_ACK: int = getattr(socket, "TCP_QUICKACK", 0)  # Linux


class Session:
    """One browser and its one connection to the room.

    The relay reads and writes by number, and what it looks at for each delivery lies in slots: a room
    message wakes every session, and by then most of what is theirs has left the processor's caches.
    """

    __slots__ = ("_acks_late", "_heard_at", "browser", "descriptor", "dialect", "room")

    def __init__(self, browser: Browser, room: Connection, dialect: Dialect) -> None:
        self.browser = browser
        self.room = room
        self.dialect = dialect
        self.descriptor = room.socket.fileno()
        os.set_blocking(self.descriptor, False)  # who sends waits by `poll`: the room has a time limit
        self._acks_late = dialect.may_ack_late and _QUICK_ACK != 0
        self._heard_at = 0.0  # relay's thread

    def receive(self, now: float) -> bytes:
        """Return what the room has sent, empty once it has closed. Relay's thread; raises `OSError`.

        To acknowledge what is read at once, as the kernel does for who only listens, costs a packet for
        each, a tenth of what the relay costs. Asked for it, the kernel waits, until it had to do so in vain.
        """
        chunk = os.read(self.descriptor, _READ_SIZE)
        if self._acks_late:
            if now - self._heard_at > _ACK_DELAY:
                self.room.socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 0)
            self._heard_at = now
        return chunk

    def hang_up(self) -> None:
        """Wake whoever still waits to send to the room: it is over. Any thread, any number of times."""
        with suppress(OSError):
            self.room.socket.shutdown(socket.SHUT_RDWR)


class Relay:
    """Watches all rooms' sockets, and the browsers' where something waits for them.

    Other threads put what they want done into the inbox and ring the bell; all else
    belongs to the relay's thread.
    """

    def __init__(self) -> None:
        """Make ready in the process that will serve: nothing here survives a fork."""
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()  # any thread puts, the relay takes
        self._bell, self._clapper = socket.socketpair()  # the relay listens, any thread strikes
        self._bell.settimeout(0)
        self._clapper.settimeout(0)
        self._poller = poller()
        self._poller.register(self._bell.fileno(), select.POLLIN)
        self._sessions: set[Session] = set()
        self._listening: dict[int, Session] = {}  # those who hear the room, by its socket's descriptor
        self._draining: dict[int, Session] = {}  # those whose browser has a backlog, by its descriptor
        self._farewell: tuple[int, str] | None = None  # what to tell everybody, once we stop
        self._framed = (b"", b"")  # the last lines and their frame: most sessions get the same
        self._running = True
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    # --- any thread ----------------------------------------------------------------------

    @contextmanager
    def carrying(self, session: Session) -> Iterator[Session]:
        """Carry the room to the session's browser for the length of the block.

        Afterwards the relay knows nothing of the session any more, so that its
        sockets may be closed.
        """
        self._have_done(lambda: self._add(session))
        try:
            yield session
        finally:
            self._have_done(lambda: self._forget(session))

    def answer(self, session: Session, answer: Answer) -> None:
        """Tell a browser something the room does not say, in order with what the room says.

        Waits until it is done: who asks without measure fills no queue.
        """
        self._have_done(lambda: self._tell(session, answer))

    def close_all(self, code: int, reason: str) -> None:
        """Close every browser, and every one that comes from now on. Waits for nothing."""
        self._ask(lambda: self._close_all(code, reason))

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._ask(self._end)
        self._thread.join(FAREWELL)

    def _have_done(self, deed: Callable[[], None]) -> None:
        """Have the relay's thread do something and wait; what it raises is raised here, not there."""
        done = threading.Event()
        failed: list[Exception] = []

        def act() -> None:
            try:
                deed()
            except Exception as error:  # noqa: BLE001
                failed.append(error)
            finally:
                done.set()

        self._ask(act)
        while not done.wait(1.0) and self._thread.is_alive():
            pass
        if failed:
            raise failed[0]

    def _ask(self, deed: Callable[[], None]) -> None:
        self._inbox.put(deed)
        # A full bell rings already; a broken one has nobody listening any more.
        with suppress(OSError):
            self._clapper.send(b"\0")

    # --- the relay's thread --------------------------------------------------------------

    def _run(self) -> None:
        next_sweep = monotonic() + _SWEEP
        bell = self._bell.fileno()
        while self._running:
            ready = self._poller.poll(_SWEEP if self._sessions else -1)
            now = monotonic()
            for fd, _ in ready:
                # By number: it may belong to somebody else by now, to whom it does no harm.
                if (session := self._listening.get(fd)) is not None:
                    self._hear_room(session, now)
                elif fd == bell:
                    self._empty_inbox()
                elif (session := self._draining.get(fd)) is not None:
                    self._drain(session)
            if now >= next_sweep:
                next_sweep = now + _SWEEP
                self._sweep(now)
        self._poller.close()
        self._bell.close()
        self._clapper.close()

    def _empty_inbox(self) -> None:
        with suppress(BlockingIOError):
            self._bell.recv(4096)
        with suppress(Empty):
            while True:
                self._inbox.get_nowait()()

    def _sweep(self, now: float) -> None:
        for session in self._sessions:
            try:
                if not session.browser.tend(now):
                    session.hang_up()
                elif session.browser.has_backlog:
                    self._await_drain(session)
            except Exception as error:  # noqa: BLE001
                _give_up(session, error)

    def _hear_room(self, session: Session, now: float) -> None:
        try:
            chunk = session.receive(now)
            if chunk:
                self._deliver(session, session.dialect.to_browser(chunk))
                return
            reason = "the room has closed the connection"
        except BlockingIOError:
            return
        except OSError:
            reason = "the connection to the room is lost"
        except LineTooLong:
            reason = "the room sends an endless line"
        except Exception as error:  # noqa: BLE001
            _give_up(session, error)
            return
        self._leave_room(session, reason)

    def _drain(self, session: Session) -> None:
        try:
            if session.browser.flush():
                self._forget_browser(session)
        except Exception as error:  # noqa: BLE001
            _give_up(session, error)

    def _tell(self, session: Session, answer: Answer) -> None:
        try:
            self._deliver(session, answer())
        except Exception as error:  # noqa: BLE001
            _give_up(session, error)

    def _deliver(self, session: Session, lines: bytes) -> None:
        if not lines:
            return
        if lines != self._framed[0]:
            self._framed = (lines, text_frame(memoryview(lines)[:-1]))
        if not session.browser.send(self._framed[1]):
            self._await_drain(session)

    def _await_drain(self, session: Session) -> None:
        fd = session.browser.descriptor
        if fd not in self._draining:
            self._poller.register(fd, select.POLLOUT)
            self._draining[fd] = session

    def _leave_room(self, session: Session, reason: str) -> None:
        self._forget_room(session)
        session.browser.close(ROOM_GONE, reason)

    def _add(self, session: Session) -> None:
        self._poller.register(session.descriptor, select.POLLIN)
        self._listening[session.descriptor] = session
        self._sessions.add(session)
        if self._farewell:
            session.browser.close(*self._farewell)

    def _forget(self, session: Session) -> None:
        self._sessions.discard(session)
        self._forget_room(session)
        self._forget_browser(session)

    def _forget_room(self, session: Session) -> None:
        if self._listening.pop(session.descriptor, None) is not None:
            self._poller.unregister(session.descriptor)

    def _forget_browser(self, session: Session) -> None:
        if self._draining.pop(session.browser.descriptor, None) is not None:
            self._poller.unregister(session.browser.descriptor)

    def _close_all(self, code: int, reason: str) -> None:
        self._farewell = (code, reason)
        for session in self._sessions:
            session.browser.close(code, reason)

    def _end(self) -> None:
        self._running = False


def _give_up(session: Session, error: Exception) -> None:
    """Let a mistake of ours end this session and not the thread that serves all others."""
    log.error("relay: a session ends after %s", type(error).__name__)
    session.browser.close(INTERNAL_ERROR, "internal error")
