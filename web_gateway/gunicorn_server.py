"""Serves by gunicorn, without its own configuration files and flags."""

import gc
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http import wsgi

from chat_protocol.address import Address, parse_address
from chat_protocol.announcement import announce
from chat_protocol.drain import NOTICE
from chat_protocol.errors import CannotListen
from chat_protocol.listener import listen
from chat_protocol.log_event import INFO, WARNING, log_event
from chat_protocol.metrics import exposition
from chat_protocol.stacks import log_stacks
from chat_protocol.status_server import StatusServer
from chat_protocol.version import version
from web_gateway.admission import SPARE_THREADS
from web_gateway.app import create_app
from web_gateway.config import Config
from web_gateway.gateway import Gateway
from web_gateway.hangup import Hangup
from web_gateway.headers import SERVER_NAME
from web_gateway.worker import MAX_IDLE, MAX_WAITING, Worker

_SPARE_DESCRIPTORS = MAX_WAITING + MAX_IDLE + 128
_PER_SESSION = 4  # descriptors: a session has two connections
_GRACEFUL_TIMEOUT = 4  # seconds for requests that still run after `Worker` has closed the sessions


def serve_on(listener: socket.socket, config: Config, reload: Callable[[], Config]) -> None:
    """Serve with `config.workers` processes until a signal; raises SystemExit. Owns the listener.

    `reload` loads the settings again.
    """
    hangup = Hangup(config, reload)
    possible = (_raise_descriptor_limit(config) - _SPARE_DESCRIPTORS) // _PER_SESSION
    sessions = max(1, min(config.max_sessions, possible))
    if sessions < config.max_sessions:
        log_event(
            WARNING,
            "fewer sessions: the limit on descriptors is too low (ulimit -n)",
            max_sessions=sessions,
            wanted=config.max_sessions,
        )
    config = config.replace(max_sessions=sessions)
    address = Address(*listener.getsockname()[:2])
    log_event(
        INFO,
        "started",
        version=version(),
        listening=str(address),
        server=config.servers,
        workers=config.workers,
        settings=config.changed(),
    )
    _Server(config, listener, hangup).run()


def _raise_descriptor_limit(config: Config) -> int:
    """Raise the limit on descriptors if it is too low. Return how many can be used."""
    wanted = config.max_sessions * _PER_SESSION + _SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    except (ValueError, OSError):  # macOS enforces a lower limit than it reports
        return soft
    return limit


class _Log(Logger):  # type: ignore[misc]
    """gunicorn's log: part of ours, with an exception in one line and without any text of the request."""

    def setup(self, cfg: Any) -> None:
        """Leave the lines to the root logger's `LogOutput`."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def exception(self, msg: str, *_args: Any, **_kwargs: Any) -> None:
        """Log the type of the current exception."""
        self.error("%s: %s", msg.partition(" %")[0], type(sys.exception()).__name__)


class _Server(BaseApplication):  # type: ignore[misc]
    """A gunicorn application with our settings."""

    def __init__(self, config: Config, listener: socket.socket, hangup: Hangup) -> None:
        self._config = config
        self._hangup = hangup
        self._listener = listener
        self._status: StatusServer | None = None  # of this worker
        self._is_ending = False  # in the main process, after SIGTERM
        super().__init__()

    def load_config(self) -> None:
        threads = self._config.max_sessions + SPARE_THREADS
        settings = {
            "bind": [f"fd://{self._listener.fileno()}"],
            "worker_class": Worker,
            "workers": self._config.workers,
            "threads": threads,
            "worker_connections": threads + 2 * (MAX_WAITING + MAX_IDLE),
            "keepalive": 5,
            # X-Forwarded headers are handled by `Forwarded`.
            "forwarded_allow_ips": "",
            "limit_request_fields": 64,
            "logger_class": _Log,
            # In the main process; see `_post_worker_init`.
            "graceful_timeout": ceil(_GRACEFUL_TIMEOUT + NOTICE + self._config.drain),
            # No limit for a worker that does nothing: one that was stopped for a while is to go on.
            "timeout": 0,
            "loglevel": "error" if self._config.log_level == "error" else "warning",
            "control_socket_disable": True,
            "when_ready": self._when_ready,
            "post_worker_init": self._post_worker_init,
            "worker_exit": self._worker_exit,
            "on_exit": lambda _arbiter: log_event(INFO, "stopped"),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)
        wsgi.SERVER = SERVER_NAME  # gunicorn has no setting for it

    def load(self) -> Flask:
        return create_app(self._config)

    def _when_ready(self, arbiter: Any) -> None:
        self._listener.detach()  # gunicorn owns the descriptor now
        # The garbage collector of each worker must not touch the objects that it inherits: it would write
        # to them, and the kernel would copy their pages, 8 MiB for each worker.
        gc.freeze()
        self._hangup.handle_in_main(arbiter)
        signal.signal(signal.SIGTERM, lambda *_: self._terminate(arbiter))
        # gunicorn would start another gateway, or stop at once.
        for unused in (signal.SIGUSR2, signal.SIGQUIT):
            signal.signal(unused, signal.SIG_IGN)

    def _terminate(self, arbiter: Any) -> None:
        """Tell the workers to drain, or the second time to stop at once. gunicorn would ignore that one."""
        if self._is_ending:
            arbiter.kill_workers(signal.SIGINT)
        else:
            self._is_ending = True
            arbiter.signal(signal.SIGTERM, None)

    def _post_worker_init(self, worker: "Worker") -> None:
        self.cfg.set("graceful_timeout", _GRACEFUL_TIMEOUT)
        self._hangup.handle_in_worker(worker)
        # gunicorn's main process passes the signal on.
        signal.signal(signal.SIGUSR1, lambda *_: log_stacks())
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        worker.gateway.start()
        status = self._serve_status(worker.gateway)
        log_event(INFO, "worker started", worker=worker.age, pid=worker.pid, status=status)
        if worker.age == 1:
            host, port = worker.sockets[0].sock.getsockname()[:2]
            shown = Address({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)
            announce(f"Oneroom gateway: http://{shown} (room at {self._config.servers})")

    def _serve_status(self, gateway: Gateway) -> str | None:
        """Say how this worker is, at the first free port from the setting's on; return where.

        So a worker that replaces another one gets its port.
        """
        if not self._config.status:
            return None
        host, port = parse_address(self._config.status)
        for offset in range(self._config.workers):
            with suppress(CannotListen):
                listener = listen(host, port + offset if port else 0)
                self._status = StatusServer(listener, gateway.not_ready, exposition(gateway.read_metrics))
                self._status.start()
                return str(self._status.address)
        log_event(WARNING, "status not served: its ports are taken", status=self._config.status)
        return None

    def _worker_exit(self, _arbiter: Any, worker: "Worker") -> None:
        worker.gateway.stop(timeout=0.5)
        if self._status is not None:
            self._status.close()
        log_event(INFO, "worker stopped", worker=worker.age, pid=worker.pid)
