"""Whether the room behind this gateway answers."""

import threading
from time import monotonic

from chat_protocol.connection import Connection
from chat_protocol.errors import ConnectionFailed
from chat_protocol.proxy_header import UNKNOWN_HEADER
from web_gateway.config import Config

_FRESH = 2.0  # seconds an answer is good for
_TIMEOUT = 1.0  # seconds the room has for its greeting


class RoomCheck:
    """Asks the room for its greeting, at most once in a while. Any thread."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._asking = threading.Lock()  # held by the one thread that asks; guards both below
        self._answer: bool | None = None
        self._asked_at = float("-inf")

    def reachable(self) -> bool | None:
        """Say whether the room greets; None where asking would be heard in the room.

        The original server takes whoever hangs up before giving a name for
        somebody without a name, and announces them.
        """
        if self._config.dialect == "plain":
            return None
        # Who comes while another asks is content with the answer before.
        if self._asking.acquire(blocking=self._answer is None):
            try:
                if monotonic() - self._asked_at > _FRESH:
                    self._answer = self._greets()
                    self._asked_at = monotonic()
            finally:
                self._asking.release()
        return self._answer

    def _greets(self) -> bool:
        try:
            source = UNKNOWN_HEADER if self._config.proxy_protocol else b""
            Connection.open(self._config.server, timeout=_TIMEOUT, source=source).close()
        except ConnectionFailed:
            return False
        return True
