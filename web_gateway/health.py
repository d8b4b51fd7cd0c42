"""Whether the room answers."""

import threading
from functools import partial

from chat_protocol.connection import Connection
from chat_protocol.errors import ConnectionFailed, RoomFull
from chat_protocol.proxy_header import UNKNOWN_HEADER
from web_gateway.config import Config
from web_gateway.recent import Recent
from web_gateway.servers import Servers

_MAX_AGE = 2.0  # seconds for which an answer is reused
_TIMEOUT = 1.0  # seconds to connect to the room and read its prompt


class RoomCheck:
    """Connects to any server of the room for its prompt, at most once in `_MAX_AGE` seconds. Any thread."""

    def __init__(self, config: Config, servers: Servers) -> None:
        self._config = config
        self._servers = servers
        self._recent = Recent(self._check, _MAX_AGE)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="room check", daemon=True)

    def reachable(self) -> bool | None:
        """Return whether the room sends its prompt, or is full; None for a room of the original kind.

        That one would announce the check as a client with an empty name.
        """
        return None if self._config.dialect == "plain" else self._recent.get()

    @property
    def last_known(self) -> bool | None:
        """What the last check has found; None before the first. Any thread; waits for nothing."""
        return self._recent.last_known

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

    def _check(self) -> bool:
        source = UNKNOWN_HEADER if self._config.proxy_protocol else b""
        try:
            self._servers.open(partial(Connection.open_on, source=source), _TIMEOUT).close()
        except RoomFull:
            return True
        except ConnectionFailed:
            return False
        return True
