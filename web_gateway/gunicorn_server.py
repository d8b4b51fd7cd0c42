"""gunicorn, with nothing read from its own files and flags."""

import gc
import logging
import resource
import signal
import socket
import sys
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http import wsgi

from web_gateway import create_app
from web_gateway.config import Config
from web_gateway.headers import SERVER_NAME
from web_gateway.listener import announce
from web_gateway.worker import MOST_IDLE, MOST_WAITING, Worker

log = logging.getLogger(__name__)

_SPARE_THREADS = 16  # for the page and for health, whatever the sessions do
_SPARE_DESCRIPTORS = MOST_WAITING + MOST_IDLE + 128
_PER_SESSION = 4  # the browser's connection and the room's, each in two views


def serve_on(listener: socket.socket, config: Config) -> None:
    """Serve with `config.workers` processes of threads; ends by SystemExit. Owns the listener."""
    affordable = (_allow_descriptors(config) - _SPARE_DESCRIPTORS) // _PER_SESSION
    sessions = max(1, min(config.max_sessions, affordable))
    if sessions < config.max_sessions:
        log.warning("only %d sessions at once: the system allows no more descriptors", sessions)
    _Server(config.replace(max_sessions=sessions), listener).run()


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


class _Log(Logger):  # type: ignore[misc]
    """gunicorn's log, where a mistake is one line and quotes nobody's words."""

    def exception(self, msg: str, *_args: Any, **_kwargs: Any) -> None:
        """Name what the thread is handling."""
        self.error("%s: %s", msg.partition(" %")[0], type(sys.exception()).__name__)


class _Server(BaseApplication):  # type: ignore[misc]
    """Hands our settings to gunicorn."""

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
            "worker_connections": threads + 2 * (MOST_WAITING + MOST_IDLE),
            "keepalive": 5,
            # What a peer forwards is believed by `Forwarded` or not at all.
            "forwarded_allow_ips": "",
            "limit_request_fields": 64,
            "logger_class": _Log,
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
        wsgi.SERVER = SERVER_NAME  # there is no setting for it

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
