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
from tcp_server.connection.handshake import Services
from tcp_server.connection.housekeeper import Housekeeper
from tcp_server.connection.poller import write_poller
from tcp_server.connection.session import Session
from tcp_server.connection.writer import Writer
from tcp_server.log.history import History, MemoryHistory
from tcp_server.log.search import Searcher
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room.moderation.audit_log import open_audit_log
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.outcome import Outcome, labelled
from tcp_server.room.room import Room
from tcp_server.sequencer import Sequencer

_log = logging.getLogger(__name__)

_LISTEN_BACKLOG = 1024
"""Connections the kernel may hold for us until we accept them."""

_SEND_BUFFER = 256 * 1024
"""Bytes the kernel may hold for one reader. Left to itself it takes megabytes, and frees them
in such strides that a reader who keeps up looks as if it lagged."""

_MAX_IN_MEMORY = 10_000
"""Messages kept, at most, where they are kept in memory."""

_CANNOT_SEARCH = Error("unavailable", "the search failed or took too long")
_BUSY = Error("too_fast", "too many searches are waiting", retry_after=1.0)

_REFUSALS: dict[Refusal, bytes] = {"full": FULL, "banned": BANNED}

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""How the system says that it has nothing left for one more connection."""

_LOG_INTERVAL = 10.0
"""Seconds between two lines in the log about the same trouble."""

_THREAD_EXIT_TIMEOUT = 1.0
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
        self._listener = socket.create_server(
            (config.host, config.port), family=family, backlog=_LISTEN_BACKLOG
        )
        self._listener.setblocking(False)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # inherited
        self._poller = write_poller()
        self._history = open_history(config)
        self._on_disk = isinstance(self._history, SqliteHistory)
        self._searcher = Searcher(Path(config.history) if self._on_disk else None)
        self._searching: set[Writer] = set()  # who waits for an answer; owned by whoever holds the sequencer
        self._sanctions = Sanctions(open_audit_log(config), networks(config.trusted_proxy))
        self._sanctions.redo_deletions(self._history)
        self._room: Room[Writer] = Room(
            config, self._history, self._search, lambda writer: writer.host, self._sanctions
        )
        self._fanout = FanOut(config, self._poller, self._cut)
        self._sequencer = Sequencer(self._room.commit, self._fanout.deliver, self._poller.wake)
        self._housekeeper = Housekeeper(self._poller, self._sequencer, self._room, self._fanout)
        self._admission = Admission(config, self._sanctions.bans.is_banned)
        self._services = Services(config, self._admission, self._sequencer, self._room, self._fanout)
        self._lock = threading.Lock()  # a leaf: nothing else is taken under it
        self._sessions: set[Session] = set()  # guarded by `_lock`
        self._none_left = threading.Condition(self._lock)  # notified when the last session is gone
        self._wakeup_r, self._wakeup_w = socket.socketpair()
        self._stopping = False  # set by `stop` before the alarm, read by the thread that serves behind it
        self._stops_at_signals = False  # set before `serve`
        self._logged_at = -_LOG_INTERVAL  # owned by the thread that serves
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
                selector.register(self._wakeup_r, selectors.EVENT_READ)
                while not self._stopping:
                    ready = [key.fileobj for key, _ in selector.select()]
                    if self._wakeup_r in ready:
                        self._wakeup_r.recv(4096)
                    elif self._listener in ready:
                        self._accept()
        finally:
            self._close()

    def stop_at(self, *signals: signal.Signals) -> None:
        """Have `serve` end at these signals. For the main thread, which then calls `serve`.

        A handler alone is not enough: a signal that comes while the thread is on its way
        into `select` would be heard of only after that. So every signal also rings the alarm.
        """
        self._wakeup_w.setblocking(False)
        signal.set_wakeup_fd(self._wakeup_w.fileno(), warn_on_full_buffer=False)
        self._stops_at_signals = True
        for signum in signals:
            signal.signal(signum, lambda *_: self.stop())

    def stop(self) -> None:
        """Have `serve` end. Any thread, any number of times."""
        self._stopping = True
        with suppress(OSError):
            self._wakeup_w.send(b"!", socket.MSG_DONTWAIT)

    # --- coming in -------------------------------------------------------------------

    def _accept(self) -> None:
        try:
            sock, (host, *_) = self._listener.accept()
        except OSError as error:
            # Anything but a lack of something is a caller who has gone again.
            if error.errno in _EXHAUSTED:
                self._reject_one()
            return
        host = str(read_ip(host) or host)
        if refusal := self._admission.enter(host):
            _refuse(sock, _REFUSALS[refusal])
            return
        try:
            enable_keepalive(sock)
            self._start(Session(sock, host, self._services))
        except (OSError, RuntimeError, MemoryError) as error:  # gone already; or no thread to be had
            self._admission.leave(host)
            _refuse(sock, FULL)
            self._log_rarely(error)

    def _log_rarely(self, error: Exception) -> None:
        """Log what keeps people out, but not as often as somebody knocks."""
        now = time.monotonic()
        if now - self._logged_at >= _LOG_INTERVAL:
            self._logged_at = now
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
            self._remove(session)
            raise

    def _serve_session(self, session: Session) -> None:
        try:
            session.run()
        finally:
            self._admission.leave(session.writer.host)
            self._remove(session)

    def _remove(self, session: Session) -> None:
        with self._lock:
            self._sessions.discard(session)
            if not self._sessions:
                self._none_left.notify_all()

    def _reject_one(self) -> None:
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
        self._sequencer.submit(self._say_goodbye_to_all, sessions)
        deadline = self._config.close_timeout + _THREAD_EXIT_TIMEOUT
        with self._none_left:
            self._none_left.wait_for(lambda: not self._sessions, deadline)
        self._housekeeper.stop()
        self._searcher.close()
        self._history.close()
        self._sanctions.close()
        self._poller.close()
        if self._stops_at_signals:
            signal.set_wakeup_fd(-1)
        self._wakeup_w.close()
        self._wakeup_r.close()
        self._give_up_spare()

    def _say_goodbye_to_all(self, sessions: Sequence[Session]) -> Sequence[Outcome[Writer]]:
        self._room.clear()  # or each would be told of every other one's leaving
        return [outcome for session in sessions for outcome in session.say_bye("shutdown")]

    def _cut(self, writer: Writer) -> None:
        """Called by fan-out, so from within work: the leaving is done in the next round."""
        self._sequencer.defer(partial(self._room.leave, writer, for_good=False, bye="slow", reason="slow"))

    def _search(self, writer: Writer, request: Search) -> list[Outcome[Writer]]:
        """Called by the room, so from within work: what takes long is answered later."""
        if writer in self._searching:
            return [Outcome(writer, [_BUSY])]

        def tell(found: Found | None) -> Sequence[Outcome[Writer]]:
            self._searching.discard(writer)
            answer = (
                _CANNOT_SEARCH
                if found is None
                else Found(self._history.with_deletions(found.messages), found.more)
            )
            return labelled([Outcome(writer, [answer])], writer, request.ref)

        kept = None
        if not self._on_disk:
            kept = self._history.before(
                self._history.last + 1 if request.before is None else request.before, _MAX_IN_MEMORY
            )
        if not self._searcher.ask(request, lambda found: self._sequencer.submit(tell, found), kept):
            return [Outcome(writer, [_BUSY])]
        self._searching.add(writer)
        return []


def open_history(config: Config) -> History:
    """Open the log that the settings ask for. Raises `BadHistory`."""
    match config.history:
        case "off":
            return MemoryHistory(0)
        case "memory":
            return MemoryHistory(min(config.keep or _MAX_IN_MEMORY, _MAX_IN_MEMORY))
    return SqliteHistory(
        Path(config.history), keep=config.keep, keep_days=config.keep_days, full=config.durability == "full"
    )


def _refuse(sock: socket.socket, word: bytes) -> None:
    """Close a connection that has no thread, with a word if it takes one without waiting."""
    with suppress(OSError):
        sock.send(word, socket.MSG_DONTWAIT)
    sock.close()
