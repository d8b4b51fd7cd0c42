"""Says in the log when Redis' clock, by which all servers go, is set back, and when it has caught up."""

import time
from typing import Final

from chat_protocol.log_event import INFO, WARNING, log_event
from tcp_server.cluster.positions import time_of
from tcp_server.cluster.stream import Away, Stream

_INTERVAL: Final = 5.0
"""Seconds between two looks."""

_WORTH_A_LINE: Final = 1.0
"""Seconds that it is behind the newest entry at least before the log says so."""


class RedisClock:
    """Looks at it from time to time. Owned by one thread, which waits here."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._look_at = 0.0  # monotonic
        self._is_behind = False  # and the log has said so

    def look(self, newest: int) -> None:
        """Compare it with the entry at `newest`, the last one that was read. Often."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _INTERVAL
        try:
            now = self._stream.now()
        except Away:
            return
        if now is None:
            return
        behind = time_of(newest) / 1000 - now
        if behind >= _WORTH_A_LINE and not self._is_behind:
            self._is_behind = True
            log_event(WARNING, "redis clock set back", seconds=round(behind))
        elif behind <= 0 and self._is_behind:
            self._is_behind = False
            log_event(INFO, "redis clock has caught up")
