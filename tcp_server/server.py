"""The TCP listener, the registry of sessions, and the shutdown."""

import mmap
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from chat_protocol.address import Address
from chat_protocol.contract import RESTART
from chat_protocol.drain import NOTICE, STEP, Spread
from chat_protocol.log_event import INFO, log_event
from chat_protocol.service_manager import notify
from tcp_server.acceptor import Acceptor
from tcp_server.cluster.beginning import begin
from tcp_server.cluster.neighbours import shown_status
from tcp_server.cluster.node import Node
from tcp_server.cluster.stream import Stream
from tcp_server.config import CHANGEABLE, Config
from tcp_server.connection.admission import Admission
from tcp_server.connection.bandwidth import Bandwidths
from tcp_server.connection.fanout import FanOut
from tcp_server.connection.handshake import Services
from tcp_server.connection.housekeeper import Housekeeper
from tcp_server.connection.poller import write_poller
from tcp_server.connection.rate_limits import Budgets
from tcp_server.connection.searches import Searches
from tcp_server.connection.session import Session
from tcp_server.connection.writer import Writer
from tcp_server.log.checkpointer import Checkpointer
from tcp_server.log.search import Searcher
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.metrics import Metrics
from tcp_server.open_log import MAX_IN_MEMORY, open_history, open_recording
from tcp_server.operator_acts import OperatorActs
from tcp_server.room.moderation.audit_log import AuditLog, adopt, audit_path
from tcp_server.room.outcome import Outcome
from tcp_server.room.room import Room
from tcp_server.room.shared_room import SharedRoom
from tcp_server.sequencer import Sequencer, Work
from tcp_server.wakeup import Wakeup

_THREAD_MEMORY = 2**21
"""Bytes that must be available for a thread to start: its stack, and what it allocates at first."""

_THREAD_EXIT_TIMEOUT = 1.0
"""Seconds beyond the close timeout that client threads may take to end."""


class ChatServer:
    """A room on a port: `serve` in one thread, `stop` from any thread or signal handler."""

    def __init__(self, config: Config, stream: Stream | None = None) -> None:
        """Bind, listen, open the log and start the threads that are not clients'.

        With a `stream`, the room is shared with the other servers that have it; clients are accepted
        once this one is part of it.

        Raises `OSError` if an address cannot be bound, `BadHistory` if the log cannot be opened, `Unfit`
        if Redis may not be used, `RuntimeError` if no thread can be started.
        """
        self.config = config
        """The settings it runs with."""
        if stream:
            begin(stream, Path(config.history))
        self._acceptor = Acceptor(config)
        self._poller = write_poller()
        self._history = open_history(config)
        path = self._history.path if isinstance(self._history, SqliteHistory) else None
        self._searcher = Searcher(path)
        self._checkpointer = Checkpointer(path) if path else None
        searches = Searches(self._history, self._searcher, self._submit, 0 if path else MAX_IN_MEMORY)
        adopt(config)
        self._audit_log = AuditLog(audit_path(config))
        if config.moderator_password:
            self._audit_log.open()
        self._recording = open_recording(config, self._history)
        self._node = Node(config.node, stream, self._leave_cluster) if stream else None
        self.exit_status = 0
        """Of the process, when it has ended."""
        self.must_restart = False
        """Whether it has ended to begin at the newest checkpoint of its cluster."""
        self._room = self._make_room(searches)
        self._fanout = FanOut(config, self._poller, self._drop)
        self._sequencer = Sequencer(self._room.commit, self._fanout.deliver, self._poller.wake)
        self._housekeeper = Housekeeper(
            self._poller, self._sequencer, self._room.expire, self._room.prune, self._fanout
        )
        self._admission = Admission(config, self._room.is_banned)
        self.metrics = Metrics(
            self._fanout,
            self._admission,
            self._sequencer,
            self._history,
            node=self._node,
            keep=config.keep,
        )
        self._services = Services(
            config,
            self._admission,
            self._sequencer,
            self._room,
            self._fanout,
            Budgets(config.rate, config.burst),
            Bandwidths(config.trusted_proxies),
            self._node,
        )
        self._lock = threading.Lock()  # a leaf: no other lock is taken under it
        self._sessions: set[Session] = set()  # guarded by `_lock`
        self._none_left = threading.Condition(self._lock)  # notified when the last session ends
        self.operator = OperatorActs(self, self._audit_log, self._history)
        self._wakeup = Wakeup()
        self._stopping = ""  # why it stops; set by `stop` before it writes to the wakeup socket
        self._draining = ""  # why it drains; set by `drain` before it writes to the wakeup socket
        # Each says at once why clients should go elsewhere, or nothing. Any thread.
        self._readiness: list[Callable[[], str]] = [self._why_ending, self._why_not_writable]
        self._housekeeper.start()
        if self._node and isinstance(self._room, SharedRoom) and isinstance(self._history, SqliteHistory):
            self._readiness.append(self._node.not_ready)
            self._node.start(self._room, self._sequencer, self._history)

    def _make_room(self, searches: Searches) -> Room[Writer]:
        config, history = self.config, self._history
        if self._node and isinstance(history, SqliteHistory):
            return SharedRoom(
                config,
                history,
                self._audit_log,
                searches.search,
                lambda writer: writer.host,
                self._node.send,
                self._node.tell,
                self._node.find_addresses,
                config.node,
                shown_status(config.status, config.cluster),
                is_busy=_is_busy,
            )
        return Room(
            config,
            history,
            self._audit_log,
            searches.search,
            lambda writer: writer.host,
            journal=self._recording,
            is_busy=_is_busy,
        )

    @property
    def addresses(self) -> list[Address]:
        """The addresses we listen on; with the real port if the setting is 0."""
        return self._acceptor.addresses

    def deaf(self) -> str:
        """Return why it does not hear the other servers of its room, or nothing. Any thread; never waits."""
        return "" if self._node is None or self._node.is_heard else "it does not hear Redis"

    def not_ready(self) -> str:
        """Return why clients should go elsewhere, or nothing. Any thread; waits for nothing."""
        return next(filter(None, (reason() for reason in self._readiness)), "")

    def _why_ending(self) -> str:
        return "the server stops" if self._stopping or self._draining else ""

    def _why_not_writable(self) -> str:
        return "" if self._history.is_writable else "the log cannot be written"

    def serve(self) -> None:
        """Accept connections until `stop` or `drain` is called, then close them all. Call once."""
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._wakeup, selectors.EVENT_READ)
                while self._node and not (self._node.is_up or self._stopping or self._draining):
                    self._wait(selector, STEP)
                self._acceptor.register(selector)
                while not (self._stopping or self._draining):
                    self._wait(selector)
                if self._draining:
                    self._drain(selector)
        finally:
            self._close()

    def _wait(self, selector: selectors.BaseSelector, timeout: float | None = None) -> None:
        """Accept those who connect, or return after `timeout` seconds, or for a call of `stop` or `drain`."""
        for key, _ in selector.select(timeout):
            if key.data is None:
                self._wakeup.answer()
            elif not self._stopping:
                self._acceptor.accept(key.data, self._admission, self._start)

    def stop_on(self, *signals: signal.Signals) -> None:
        """Make these signals end `serve`; SIGTERM by `drain`. Main thread, before it calls `serve`."""
        for signum in signals:
            end = self.drain if signum is signal.SIGTERM else self.stop
            self.call_on(signum, partial(end, signum.name))

    def call_on(self, signum: signal.Signals, work: Callable[[], None]) -> None:
        """Have `serve` do this work whenever the signal comes. As `stop_on`."""
        self._wakeup.call_on(signum, work)

    def use(self, config: Config) -> None:
        """Use other values of the settings in `CHANGEABLE` from now on. In the thread of `serve`.

        Raises `BadHistory` if the acts of moderators, of which there were none, cannot be recorded.
        """
        if config.moderator_password and not self.config.moderator_password:
            self._audit_log.open()
        self.config = config = self.config.replace(**{name: getattr(config, name) for name in CHANGEABLE})
        self._services = self._services._replace(config=config)  # for new connections
        self._admission.set_limits(config)
        self._services.budgets.set_limits(config.rate, config.burst)
        self._sequencer.submit(self._room.reopen, config)

    def stop(self, reason: str = "asked to") -> None:
        """Make `serve` return; `reason` is for the log. Any thread; may be called again."""
        self._stopping = reason
        self._wakeup.wake()

    def drain(self, reason: str = "asked to") -> None:
        """Make `serve` send the clients elsewhere over the time of the settings, and then return.

        If called again, or without such a time, do as `stop`. Any thread.
        """
        if self._draining or not self.config.drain:
            self.stop(reason)
        else:
            self._draining = reason
            self._wakeup.wake()

    # --- sessions --------------------------------------------------------------------

    def _start(self, sock: socket.socket, host: str, port: int) -> None:
        """Start the thread of a session. Raises `OSError`, `RuntimeError` or `MemoryError` if none can start.

        `Thread.start` would wait for ever for a thread that has a stack, but no memory for its first
        call: it ends before it says that it has started (python/cpython#140746).
        """
        mmap.mmap(-1, _THREAD_MEMORY, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()  # takes 3 µs
        session = Session(sock, host, port, self._services)
        thread = threading.Thread(target=self._serve_session, args=(session,), daemon=True)
        # Registered before it runs: a thread that ends at once would otherwise be registered after its end.
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

    # --- shutdown ------------------------------------------------------------------

    def _drain(self, selector: selectors.BaseSelector) -> None:
        """Serve on for a while, then take no more clients and end those we have, evenly."""
        seconds = self.config.drain
        connections = self._admission.connections
        log_event(INFO, "draining", reason=self._draining, seconds=seconds, connections=connections)
        notify("STOPPING=1")
        served_until = time.monotonic() + min(NOTICE, seconds)
        while not self._stopping and (left := served_until - time.monotonic()) > 0:
            self._wait(selector, left)
        self._acceptor.unregister(selector)
        self._close_acceptor()
        spread = Spread(self.sessions(), seconds, time.monotonic())
        while spread and not self._stopping:
            self._wait(selector, STEP)
            self._sequencer.submit(_say_bye, spread.take(time.monotonic()), RESTART)
        self.stop(self._stopping or self._draining)

    def sessions(self) -> list[Session]:
        """Return the sessions that are open. Any thread."""
        with self._lock:
            return list(self._sessions)

    def services(self) -> Services:
        """Return what new sessions get. Any thread."""
        return self._services

    def _close_acceptor(self) -> None:
        """Take no more clients; those who have just connected are told to come back as the others are."""
        self._acceptor.accept_waiting(self._admission, self._start)
        self._acceptor.close()

    def _close(self) -> None:
        self._close_acceptor()
        sessions = self.sessions()
        notify("STOPPING=1")
        log_event(INFO, "stopping", reason=self._stopping or "an error", connections=len(sessions))
        if self._node:
            self._node.release()
        self._sequencer.submit(self._say_bye_to_all, sessions)
        deadline = self.config.close_timeout + _THREAD_EXIT_TIMEOUT
        with self._none_left:
            self._none_left.wait_for(lambda: not self._sessions, deadline)
        if self._node:
            self._node.close()
        self._housekeeper.stop()
        self._searcher.close()
        if self._checkpointer:
            self._checkpointer.close()
        self._history.close()
        if self._recording:
            self._recording.close()
        self._audit_log.close()
        self._poller.close()
        self._wakeup.close()
        log_event(INFO, "stopped")

    def _say_bye_to_all(self, sessions: Sequence[Session]) -> Sequence[Outcome[Writer]]:
        self._room.clear()  # otherwise each client would get a `left` for every other one
        return _say_bye(sessions, "shutdown")

    def _leave_cluster(self, reason: str, again: bool) -> None:  # noqa: FBT001 - as `Node` calls it
        self.must_restart, self.exit_status = again, 1
        self.stop(reason)

    def _drop(self, writer: Writer) -> None:
        """Make a slow reader leave. Called by fan-out from within work: done in the next batch."""
        self._sequencer.defer(partial(self._room.leave, writer, hold_name=True, bye="slow", reason="slow"))

    def _submit(self, work: Work, *args: Any) -> None:
        self._sequencer.submit(work, *args)


def _is_busy(writer: Writer) -> bool:
    """Return whether bytes wait for a reader. Under the room lock."""
    return bool(writer.backlog)


def _say_bye(sessions: Sequence[Session], reason: str) -> Sequence[Outcome[Writer]]:
    """Work for the sequencer: end those sessions that do not end already."""
    still_open = [session for session in sessions if session.writer.ends_at is None]
    return [outcome for session in still_open for outcome in session.say_bye(reason)]
