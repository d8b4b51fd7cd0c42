"""Logs when the clock of Redis, which is that of all servers, is set back, and when it has caught up."""

import time
from typing import Final

from chat_protocol.log_event import INFO, WARNING, log_event
from tcp_server.cluster.positions import time_of
from tcp_server.cluster.stream import Away, Stream

_INTERVAL: Final = 5.0
"""Seconds between two comparisons."""

_MIN_LOGGED: Final = 1.0
"""Seconds that the clock is at least behind the newest entry before the log says so."""


class RedisClock:
    """Compares the clock with the newest entry now and then. Used by one thread, which waits for Redis."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._due_at = 0.0  # the next comparison; monotonic
        self._is_behind = False  # and the log has said so

    def watch(self, newest: int) -> None:
        """Compare the clock with the entry at `newest`, the last one that was read. Call it often."""
        if time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + _INTERVAL
        try:
            now = self._stream.now()
        except Away:
            return
        if now is None:
            return
        behind = time_of(newest) / 1000 - now
        if behind >= _MIN_LOGGED and not self._is_behind:
            self._is_behind = True
            log_event(WARNING, "redis clock set back", seconds=round(behind))
        elif behind <= 0 and self._is_behind:
            self._is_behind = False
            log_event(INFO, "redis clock has caught up")
