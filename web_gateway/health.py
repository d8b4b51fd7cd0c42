"""Whether the room answers."""

import threading
from time import monotonic

from chat_protocol.connection import Connection
from chat_protocol.errors import Banned, ConnectionFailed, RoomFull
from chat_protocol.log_event import INFO, WARNING, log_event
from chat_protocol.proxy_header import UNKNOWN_HEADER
from web_gateway.config import Config

_MAX_AGE = 2.0  # seconds for which an answer is reused
_TIMEOUT = 1.0  # seconds to connect to the room and read its prompt


class RoomCheck:
    """Connects to the room for its prompt, at most once in `_MAX_AGE` seconds. Any thread.

    Logs when the room is lost and when it is back, as sessions and checks find out.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._checking = threading.Lock()  # held by the one thread that checks; guards both below
        self._reachable: bool | None = None
        self._checked_at = float("-inf")
        self._lock = threading.Lock()  # a leaf; guards the one below
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="room check", daemon=True)
        self._lost_at: float | None = None  # monotonic; None while the room answers, as far as is known

    def reachable(self) -> bool | None:
        """Return whether the room sends its prompt; None for a room of the original kind.

        That one would announce the check as a client with an empty name.
        """
        if self._config.dialect == "plain":
            return None
        # While another thread checks, return the last answer, if there is one.
        if self._checking.acquire(blocking=self._reachable is None):
            try:
                if monotonic() - self._checked_at > _MAX_AGE:
                    self._reachable = self._check()
                    self._checked_at = monotonic()
            finally:
                self._checking.release()
        return self._reachable

    @property
    def last_known(self) -> bool | None:
        """What the last check has found; None before the first. Any thread; waits for nothing."""
        return self._reachable

    def start(self) -> None:
        """Check again and again, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, if there is one."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.reachable()
            self._stopped.wait(_MAX_AGE)

    def note(self, error: ConnectionFailed | None) -> None:
        """Note that a connection to the room has failed, or else that the room has answered."""
        with self._lock:
            was_lost_at = self._lost_at
            if error is None:
                self._lost_at = None
            elif was_lost_at is None:
                self._lost_at = monotonic()
        if error is not None and was_lost_at is None:
            log_event(WARNING, "room unreachable", server=str(self._config.server), error=error)
        elif error is None and was_lost_at is not None:
            seconds = round(monotonic() - was_lost_at, 1)
            log_event(INFO, "room reachable again", server=str(self._config.server), seconds=seconds)

    def _check(self) -> bool:
        try:
            source = UNKNOWN_HEADER if self._config.proxy_protocol else b""
            Connection.open(self._config.server, timeout=_TIMEOUT, source=source).close()
        except (RoomFull, Banned):
            return False
        except ConnectionFailed as error:
            self.note(error)
            return False
        self.note(None)
        return True
