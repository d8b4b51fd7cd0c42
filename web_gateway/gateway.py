"""The state of one running gateway: its relay, and the sessions that are open."""

import logging
import threading
from collections import Counter
from time import monotonic

from websockets.frames import CloseCode

from chat_protocol.ip import rate_limit_key
from web_gateway.config import Config
from web_gateway.health import RoomCheck
from web_gateway.relay import Relay

log = logging.getLogger(__name__)


class Gateway:
    """What the routes share. Any thread may call any method."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.relay = Relay()
        self.room_check = RoomCheck(config)
        self._changed = threading.Condition()  # guards the three below; notified by `release`
        self._sessions = 0
        self._sessions_by_key: Counter[str] = Counter()  # by `rate_limit_key`
        self._open = True

    @property
    def sessions(self) -> int:
        """The number of open sessions."""
        with self._changed:
            return self._sessions

    def start(self) -> None:
        """Start the relay. Call once, in the process that serves."""
        self.relay.start()

    def admit(self, address: str) -> bool:
        """Count a new session of a browser at `address`; `release` it later.

        Returns False, and counts nothing, if a limit is reached or the gateway is closing.
        """
        key = rate_limit_key(address, self.config.trusted_proxies)
        limit = self.config.max_per_address
        with self._changed:
            if not self._open or self._sessions >= self.config.max_sessions:
                return False
            if key:
                if limit and self._sessions_by_key[key] >= limit:
                    return False
                self._sessions_by_key[key] += 1
            self._sessions += 1
            return True

    def release(self, address: str) -> None:
        """Count a session as ended."""
        key = rate_limit_key(address, self.config.trusted_proxies)
        with self._changed:
            self._sessions -= 1
            if key:
                self._sessions_by_key -= Counter([key])  # removes a key whose count becomes 0
            self._changed.notify_all()

    def close(self) -> None:
        """Admit no more sessions and close all browsers. Does not wait."""
        with self._changed:
            self._open = False
        self.relay.close_all(CloseCode.GOING_AWAY, "the gateway stops")

    def stop(self, timeout: float = 3.0) -> None:
        """Close, wait at most `timeout` seconds for the sessions to end, then stop the relay."""
        self.close()
        deadline = monotonic() + timeout
        with self._changed:
            ended = self._changed.wait_for(lambda: not self._sessions, deadline - monotonic())
        if not ended:
            log.warning("%d sessions did not end in time", self.sessions)
        self.relay.stop()
