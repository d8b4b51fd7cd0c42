"""The state of one running gateway: its relay, and the sessions that are open."""

import logging

from websockets.frames import CloseCode

from web_gateway.admission import Admission
from web_gateway.config import Config
from web_gateway.health import RoomCheck
from web_gateway.relay import Relay

log = logging.getLogger(__name__)


class Gateway:
    """What the routes share. Any thread may call any method."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.admission = Admission(config)
        self.relay = Relay()
        self.room_check = RoomCheck(config)

    def start(self) -> None:
        """Start the relay. Call once, in the process that serves."""
        self.relay.start()

    def close(self) -> None:
        """Admit no more sessions and close all browsers. Does not wait."""
        self.admission.close()
        self.relay.close_all(CloseCode.GOING_AWAY, "the gateway stops")

    def stop(self, timeout: float = 3.0) -> None:
        """Close, wait at most `timeout` seconds for the sessions to end, then stop the relay."""
        self.close()
        if not self.admission.wait_until_empty(timeout):
            log.warning("%d sessions did not end in time", self.admission.sessions)
        self.relay.stop()
