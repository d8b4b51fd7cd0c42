"""gunicorn's threaded worker, made fit for sessions that last.

Read against gunicorn 27.0; each method here answers one thing that worker does.
"""

import gc
import logging
import resource
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from types import FrameType
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from web_gateway import create_app
from web_gateway.config import Config
from web_gateway.gateway import Gateway
from web_gateway.listener import announce

log = logging.getLogger(__name__)

HEAD_TIMEOUT: Final = 10.0
"""Seconds a client has to send a whole request."""

ANSWER_TIMEOUT: Final = 30.0
"""Seconds a client has to take the answer; what the kernel keeps for it counts as taken."""

_SPARE_THREADS = 16  # for the page and for health, whatever the sessions do
_SPARE_DESCRIPTORS = 256
_PER_SESSION = 4  # the browser's connection and the room's, each in two views
_LINGER = 1.0  # seconds a client has to read the last answer before its connection is closed
_SHED_PAUSE = 0.1
_COMPLAINT_INTERVAL = 60.0


def serve_on(listener: socket.socket, config: Config) -> None:
    """Serve with `config.workers` processes of threads; ends by SystemExit. Owns the listener."""
    affordable = (_allow_descriptors(config) - _SPARE_DESCRIPTORS) // _PER_SESSION
    sessions = max(1, min(config.max_sessions, affordable))
    if sessions < config.max_sessions:
        log.warning("only %d sessions at once: the system allows no more descriptors", sessions)
    _Server(replace(config, max_sessions=sessions), listener).run()


def _allow_descriptors(config: Config) -> int:
    """Raise the limit where it is too low, and return how many descriptors we may count on."""
    wanted = config.max_sessions * _PER_SESSION + _SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    except (ValueError, OSError):  # macOS has a limit beyond the one it names
        return soft
    return limit


class _Server(BaseApplication):  # type: ignore[misc]
    """Hands our settings to gunicorn, with nothing read from its own files and flags."""

    def __init__(self, config: Config, listener: socket.socket) -> None:
        self._config = config
        self._listener = listener
        super().__init__()

    def load_config(self) -> None:
        threads = self._config.max_sessions + _SPARE_THREADS
        settings = {
            "bind": [f"fd://{self._listener.fileno()}"],
            "worker_class": Worker,
            "workers": self._config.workers,
            "threads": threads,
            "worker_connections": threads + 1000,
            "keepalive": 5,
            # We end the sessions ourselves; this is for what then still hangs.
            "graceful_timeout": 4,
            "timeout": 30,
            "loglevel": "warning",
            "control_socket_disable": True,
            "when_ready": self._take_over,
            "post_worker_init": self._start,
            "worker_exit": self._stop,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app(self._config)

    def _take_over(self, arbiter: Any) -> None:
        self._listener.detach()  # gunicorn has made the descriptor its own
        # What every worker inherits: were the collector to go through it in each of them, the
        # kernel would have to copy all its pages, 8 MiB a worker.
        gc.freeze()
        # There is nothing to read again: a closed terminal means the end.
        signal.signal(signal.SIGHUP, lambda *_: arbiter.signal(signal.SIGTERM, None))

    def _start(self, worker: "Worker") -> None:
        signal.signal(signal.SIGHUP, worker.handle_exit)
        worker.gateway.start()
        if worker.age == 1:
            announce(self._config, worker.sockets[0].sock)

    def _stop(self, _arbiter: Any, worker: "Worker") -> None:
        worker.gateway.stop(timeout=0.5)


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's `gthread` with deadlines, and with an end that does not wait for the sessions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lock = threading.Lock()  # guards the deadlines
        self._deadlines: dict[Any, float] = {}  # of connections in a thread, sessions apart
        self._complained_at = float("-inf")  # main thread

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

    def accept(self, listener: Any) -> None:
        """Out of descriptors or threads, turn the new away for a moment; gunicorn would die of it."""
        try:
            super().accept(listener)
        except (OSError, RuntimeError) as error:
            if monotonic() - self._complained_at > _COMPLAINT_INTERVAL:
                self._complained_at = monotonic()
                log.warning("cannot take another connection for now: %s", error)
            time.sleep(_SHED_PAUSE)

    def handle(self, conn: Any) -> Any:
        """Serve one request within a deadline, and end its connection in this thread.

        gunicorn lingers up to 2 s over each closing connection in the thread that
        accepts all others: four clients that keep theirs open would freeze everyone.
        What is fully shut down it closes at once.
        """
        with self._lock:
            self._deadlines[conn] = monotonic() + HEAD_TIMEOUT
        try:
            kept = super().handle(conn)
        finally:
            with self._lock:
                self._deadlines.pop(conn, None)
        if kept is False:
            _linger(conn.sock)
        return kept

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Set the deadline for the answer; a session has none, but is its connection's last request."""
        upgrades = any(name == "UPGRADE" for name, _ in req.headers)
        if upgrades:
            req.force_close()  # or refusals nobody reads would take the thread, one after another
        with self._lock:
            if upgrades:
                del self._deadlines[conn]
            else:
                self._deadlines[conn] = monotonic() + ANSWER_TIMEOUT
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Every second: hang up on those who are too slow to ask or to listen. They hold threads."""
        super().murder_pending()
        now = monotonic()
        with self._lock:
            for conn, deadline in self._deadlines.items():
                if deadline < now:
                    with suppress(OSError):
                        conn.sock.shutdown(socket.SHUT_RDWR)


def _linger(sock: socket.socket) -> None:
    """Let the client read our answer to its end: closing over unread bytes would cut it off."""
    deadline = monotonic() + _LINGER
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        while (left := deadline - monotonic()) > 0:
            sock.settimeout(left)
            if not sock.recv(4096):
                break
        sock.shutdown(socket.SHUT_RDWR)
