"""The listener: who may come in, who is here, and how everybody is seen off at the end."""

import errno
import logging
import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from chat_protocol.address import Address
from chat_protocol.connection import enable_keepalive
from chat_protocol.contract import BANNED, FULL
from chat_protocol.ip import read_ip
from chat_protocol.messages import Error, Found, Search
from tcp_server.config import Config, networks
from tcp_server.connection.admission import Admission, Refusal
from tcp_server.connection.fanout import FanOut
from tcp_server.connection.handshake import House
from tcp_server.connection.housekeeper import Housekeeper
from tcp_server.connection.poller import readiness
from tcp_server.connection.session import Session
from tcp_server.connection.writer import Outlet
from tcp_server.log.history import History, MemoryHistory
from tcp_server.log.search import Searcher
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room.moderation.audit_log import open_ledger
from tcp_server.room.moderation.sanctions import Verdicts
from tcp_server.room.outcome import Outcome, labelled
from tcp_server.room.room import Room
from tcp_server.sequencer import Sequencer

_log = logging.getLogger(__name__)

_QUEUE = 1024
"""Connections the kernel may hold for us until we accept them."""

_SEND_BUFFER = 256 * 1024
"""Bytes the kernel may hold for one reader. Left to itself it takes megabytes, and frees them
in such strides that a reader who keeps up looks as if it lagged."""

_MEMORY = 10_000
"""Messages kept, at most, where they are kept in memory."""

_CANNOT_SEARCH = Error("unavailable", "the search failed or took too long")
_BUSY = Error("too_fast", "too many searches are waiting", retry_after=1.0)

_WORDS: dict[Refusal, bytes] = {"full": FULL, "banned": BANNED}

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""How the system says that it has nothing left for one more connection."""

_COMPLAINTS = 10.0
"""Seconds between two lines in the log about the same trouble."""

_PATIENCE = 1.0
"""Seconds beyond `close_timeout` that the threads of clients may take to end."""


class ChatServer:
    """A room on a port: `serve` in one thread, `stop` from any thread or signal handler."""

    def __init__(self, config: Config) -> None:
        """Bind, listen and open the log.

        Raises `OSError` when the address cannot be had, `BadHistory` when the log cannot.
        """
        self._config = config
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        # create_server sets SO_REUSEADDR: a restart does not wait for old connections to die.
        self._listener = socket.create_server((config.host, config.port), family=family, backlog=_QUEUE)
        self._listener.setblocking(False)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # inherited
        self._ready = readiness()
        self._history = open_history(config)
        self._on_disk = isinstance(self._history, SqliteHistory)
        self._searcher = Searcher(Path(config.history) if self._on_disk else None)
        self._searching: set[Outlet] = set()  # who waits for an answer; owned by whoever holds the sequencer
        self._verdicts = Verdicts(open_ledger(config), networks(config.trusted_proxy))
        self._verdicts.delete_again(self._history)
        self._room: Room[Outlet] = Room(
            config, self._history, self._search, lambda outlet: outlet.host, self._verdicts
        )
        self._fanout = FanOut(config, self._ready, self._cut)
        self._sequencer = Sequencer(self._room.settle, self._fanout.deliver, self._ready.wake)
        self._housekeeper = Housekeeper(self._ready, self._sequencer, self._room, self._fanout)
        self._admission = Admission(config, self._verdicts.bans.keeps_out)
        self._house = House(config, self._admission, self._sequencer, self._room, self._fanout)
        self._lock = threading.Lock()  # a leaf: nothing else is taken under it
        self._sessions: set[Session] = set()  # guarded by `_lock`
        self._nobody = threading.Condition(self._lock)  # notified when the last session is gone
        self._alarm_out, self._alarm_in = socket.socketpair()
        self._stopping = False  # set by `stop` before the alarm, read by the thread that serves behind it
        self._stops_at_signals = False  # set before `serve`
        self._complained_at = -_COMPLAINTS  # owned by the thread that serves
        # Given up for a moment when descriptors run out, so that a caller can be turned away.
        self._spare: int | None = os.open(os.devnull, os.O_RDONLY)

    @property
    def address(self) -> Address:
        """Where the room listens, with the port that was found where 0 was asked for."""
        host, port = self._listener.getsockname()[:2]
        return Address(host, port)

    def serve(self) -> None:
        """Let people in until `stop` is called, then see everybody off. Once."""
        self._housekeeper.start()
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._listener, selectors.EVENT_READ)
                selector.register(self._alarm_out, selectors.EVENT_READ)
                while not self._stopping:
                    ready = [key.fileobj for key, _ in selector.select()]
                    if self._alarm_out in ready:
                        self._alarm_out.recv(4096)
                    elif self._listener in ready:
                        self._accept()
        finally:
            self._close()

    def stop_at(self, *signals: signal.Signals) -> None:
        """Have `serve` end at these signals. For the main thread, which then calls `serve`.

        A handler alone is not enough: a signal that comes while the thread is on its way
        into `select` would be heard of only after that. So every signal also rings the alarm.
        """
        self._alarm_in.setblocking(False)
        signal.set_wakeup_fd(self._alarm_in.fileno(), warn_on_full_buffer=False)
        self._stops_at_signals = True
        for signum in signals:
            signal.signal(signum, lambda *_: self.stop())

    def stop(self) -> None:
        """Have `serve` end. Any thread, any number of times."""
        self._stopping = True
        with suppress(OSError):
            self._alarm_in.send(b"!", socket.MSG_DONTWAIT)

    # --- coming in -------------------------------------------------------------------

    def _accept(self) -> None:
        try:
            sock, (host, *_) = self._listener.accept()
        except OSError as error:
            # Anything but a lack of something is a caller who has gone again.
            if error.errno in _EXHAUSTED:
                self._turn_one_away()
            return
        host = str(read_ip(host) or host)
        if refusal := self._admission.enter(host):
            _refuse(sock, _WORDS[refusal])
            return
        try:
            enable_keepalive(sock)
            self._start(Session(sock, host, self._house))
        except (OSError, RuntimeError, MemoryError) as error:  # gone already; or no thread to be had
            self._admission.leave(host)
            _refuse(sock, FULL)
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        """Log what keeps people out, but not as often as somebody knocks."""
        now = time.monotonic()
        if now - self._complained_at >= _COMPLAINTS:
            self._complained_at = now
            _log.warning("a connection could not be served: %s", error)

    def _start(self, session: Session) -> None:
        """Give a session its thread. Raises `RuntimeError` when there is none."""
        thread = threading.Thread(target=self._serve_session, args=(session,), daemon=True)
        # Known before it runs: a thread that ended at once would otherwise be entered after its end.
        with self._lock:
            self._sessions.add(session)
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            self._forget(session)
            raise

    def _serve_session(self, session: Session) -> None:
        try:
            session.run()
        finally:
            self._admission.leave(session.outlet.host)
            self._forget(session)

    def _forget(self, session: Session) -> None:
        with self._lock:
            self._sessions.discard(session)
            if not self._sessions:
                self._nobody.notify_all()

    def _turn_one_away(self) -> None:
        """Without descriptors the queue would stay full, and `select` would spin on it."""
        self._give_up_spare()
        try:
            _refuse(self._listener.accept()[0], FULL)
        except OSError:
            time.sleep(0.05)  # somebody else took it: the table is full, so wait for its relief
        finally:
            with suppress(OSError):
                self._spare = os.open(os.devnull, os.O_RDONLY)

    def _give_up_spare(self) -> None:
        if self._spare is not None:
            os.close(self._spare)
        self._spare = None  # its number may soon be somebody's connection

    # --- seeing off ------------------------------------------------------------------

    def _close(self) -> None:
        self._listener.close()
        with self._lock:
            sessions = list(self._sessions)
        self._sequencer.submit(self._see_off, sessions)
        deadline = self._config.close_timeout + _PATIENCE
        with self._nobody:
            self._nobody.wait_for(lambda: not self._sessions, deadline)
        self._housekeeper.stop()
        self._searcher.close()
        self._history.close()
        self._verdicts.close()
        self._ready.close()
        if self._stops_at_signals:
            signal.set_wakeup_fd(-1)
        self._alarm_in.close()
        self._alarm_out.close()
        self._give_up_spare()

    def _see_off(self, sessions: Sequence[Session]) -> Sequence[Outcome[Outlet]]:
        self._room.clear()  # or each would be told of every other one's leaving
        return [outcome for session in sessions for outcome in session.part("shutdown")]

    def _cut(self, outlet: Outlet) -> None:
        """Called by fan-out, so from within work: the leaving is done in the next round."""
        self._sequencer.defer(partial(self._room.leave, outlet, for_good=False, bye="slow", reason="slow"))

    def _search(self, outlet: Outlet, wish: Search) -> list[Outcome[Outlet]]:
        """Called by the room, so from within work: what takes long is answered later."""
        if outlet in self._searching:
            return [Outcome(outlet, [_BUSY])]

        def tell(found: Found | None) -> Sequence[Outcome[Outlet]]:
            self._searching.discard(outlet)
            answer = (
                _CANNOT_SEARCH
                if found is None
                else Found(self._history.refreshed(found.messages), found.more)
            )
            return labelled([Outcome(outlet, [answer])], outlet, wish.ref)

        kept = None
        if not self._on_disk:
            kept = self._history.before(
                self._history.last + 1 if wish.before is None else wish.before, _MEMORY
            )
        if not self._searcher.ask(wish, lambda found: self._sequencer.submit(tell, found), kept):
            return [Outcome(outlet, [_BUSY])]
        self._searching.add(outlet)
        return []


def open_history(config: Config) -> History:
    """Open the log that the settings ask for. Raises `BadHistory`."""
    match config.history:
        case "off":
            return MemoryHistory(0)
        case "memory":
            return MemoryHistory(min(config.keep or _MEMORY, _MEMORY))
    return SqliteHistory(
        Path(config.history), keep=config.keep, keep_days=config.keep_days, full=config.durability == "full"
    )


def _refuse(sock: socket.socket, word: bytes) -> None:
    """Close a connection that has no thread, with a word if it takes one without waiting."""
    with suppress(OSError):
        sock.send(word, socket.MSG_DONTWAIT)
    sock.close()
