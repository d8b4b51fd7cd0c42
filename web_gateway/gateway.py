"""One running gateway: who may come in, the relay that serves them, and the orderly end."""

import logging
import threading
from collections import Counter
from time import monotonic

from chat_protocol.ip import rate_limit_key
from web_gateway.browser import GOING_AWAY
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
        self._changed = threading.Condition()  # guards the three below; notified when one changes
        self._sessions = 0
        self._sessions_of: Counter[str] = Counter()  # by what addresses count as
        self._open = True

    @property
    def sessions(self) -> int:
        """How many browsers are being served."""
        with self._changed:
            return self._sessions

    def start(self) -> None:
        """Start relaying. Once, in the process that serves."""
        self.relay.start()

    def admit(self, address: str) -> bool:
        """Take a place for a session of a browser at `address`; False when there is none or we are closing.

        Each place taken is given back by `dismiss`.
        """
        counted = rate_limit_key(address, self.config.trusted_proxies)
        most = self.config.max_per_address
        with self._changed:
            if not self._open or self._sessions >= self.config.max_sessions:
                return False
            if counted:
                if most and self._sessions_of[counted] >= most:
                    return False
                self._sessions_of[counted] += 1
            self._sessions += 1
            return True

    def dismiss(self, address: str) -> None:
        """Give back the place of a session that is over."""
        counted = rate_limit_key(address, self.config.trusted_proxies)
        with self._changed:
            self._sessions -= 1
            if counted:
                self._sessions_of -= Counter([counted])  # which forgets whoever has none left
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more and tell everybody inside that we go. Waits for nothing."""
        with self._changed:
            self._open = False
        self.relay.close_all(GOING_AWAY, "the gateway stops")

    def stop(self, timeout: float = 3.0) -> None:
        """Close, wait for the sessions to end (at most `timeout` seconds), and end the relay."""
        self.close()
        deadline = monotonic() + timeout
        with self._changed:
            gone = self._changed.wait_for(lambda: not self._sessions, deadline - monotonic())
        if not gone:
            log.warning("%d sessions did not end in time", self.sessions)
        self.relay.stop()
