"""What SIGHUP does to a gateway: it reads its settings again, or stops where its terminal was closed."""

import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from chat_protocol.log_output import log_to_stderr
from chat_protocol.reload import has_terminal, read_again
from chat_protocol.settings import BadConfig
from web_gateway.config import CHANGEABLE, Config
from web_gateway.worker import Worker


class Hangup:
    """Handles the signal in the main process, which passes it on, and in each worker.

    The workers change in place: gunicorn would replace them, and cut off all browsers.
    """

    def __init__(self, settings: Config, load: Callable[[], Config]) -> None:
        """`settings` as they were loaded, and how to load them again. Before gunicorn handles signals."""
        self._settings = settings  # as the main process has loaded them last
        self._load = load
        self._is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # by nohup
        self._ends = has_terminal()

    def handle_in_main(self, arbiter: Any) -> None:
        """Begin to handle the signal. In the main process, when gunicorn is ready."""
        if self._is_ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        elif self._ends:
            signal.signal(signal.SIGHUP, lambda *_: arbiter.signal(signal.SIGINT, None))
        else:
            arbiter.handle_hup = partial(self._read_again, arbiter)

    def handle_in_worker(self, worker: Worker) -> None:
        """Begin to handle the signal. In a worker, when its application is loaded."""
        if self._is_ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        elif self._ends:
            signal.signal(signal.SIGHUP, worker.handle_quit)
        else:
            worker.gateway.use(self._settings)  # it may replace another one
            signal.signal(signal.SIGHUP, lambda *_: worker.method_queue.defer(partial(self._use, worker)))

    def _read_again(self, arbiter: Any) -> None:
        new = read_again(self._load, self._settings, CHANGEABLE)
        if new != self._settings:
            self._settings = new
            log_to_stderr(new.log_level)
            arbiter.kill_workers(signal.SIGHUP)

    def _use(self, worker: Worker) -> None:
        with suppress(BadConfig):  # the main process has just loaded them
            new = self._load()
            worker.gateway.use(new)
            log_to_stderr(new.log_level)
