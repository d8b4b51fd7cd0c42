"""The state of one running gateway: its relay, and the sessions that are open."""

import logging
import threading
from collections.abc import Callable, Iterator
from time import monotonic

from websockets.frames import CloseCode

from chat_protocol.drain import NOTICE, STEP, Spread
from chat_protocol.metrics import Metric
from chat_protocol.tally import tallied
from web_gateway.about import AboutRoom
from web_gateway.admission import Admission
from web_gateway.config import CHANGEABLE, Config
from web_gateway.health import RoomCheck
from web_gateway.relay import Relay
from web_gateway.servers import Servers

log = logging.getLogger(__name__)


class Gateway:
    """What the routes share. Any thread may call any method."""

    def __init__(self, config: Config) -> None:
        self.config = config
        """Replaced as a whole by `use`."""
        self.admission = Admission(config)
        self.relay = Relay()
        self.servers = Servers(config.server)
        self.room_check = RoomCheck(config, self.servers)
        self.about_room = AboutRoom(config, self.servers)
        self._closing = threading.Event()
        self._drain: threading.Thread | None = None  # set once, by the main thread

    def use(self, config: Config) -> None:
        """Use other values of the settings in `CHANGEABLE` from now on."""
        self.config = self.config.replace(**{name: getattr(config, name) for name in CHANGEABLE})
        self.admission.set_limits(self.config)

    def start(self) -> None:
        """Start the relay. Call once, in the process that serves."""
        self.relay.start()
        if self.config.status and self.config.dialect == "json":
            self.room_check.start()

    def not_ready(self) -> str:
        """Return why browsers should go elsewhere, or nothing. Waits for nothing."""
        if self._drain or not self.admission.is_open:
            return "the gateway stops"
        answers = self.config.dialect == "plain" or self.room_check.last_known
        return "" if answers else "the room does not answer"

    def read_metrics(self) -> Iterator[Metric]:
        """Yield the figures of this process."""
        yield Metric("oneroom_web_sessions", "Open sessions of browsers.", self.admission.sessions)
        yield Metric("oneroom_web_max_sessions", "Most sessions of this worker.", self.config.max_sessions)
        reachable = bool(self.room_check.last_known)
        yield Metric("oneroom_web_room_reachable", "1 if the room answers.", reachable)
        closes = tallied("close")
        yield Metric("oneroom_web_closes_total", "Sessions ended, by close code.", closes, "code")
        refused = tallied("refused")
        yield Metric("oneroom_web_refused_total", "Browsers refused, as the log says.", refused, "reason")

    def drain(self, done: Callable[[], None]) -> None:
        """Begin to send the browsers elsewhere, over the time of the settings; `done` is called at the end.

        Does not wait. Main thread, once, after `start`.
        """
        self._drain = threading.Thread(target=self._run_drain, args=(done,), name="drain", daemon=True)
        self._drain.start()

    def _run_drain(self, done: Callable[[], None]) -> None:
        seconds = self.config.drain
        if self._closing.wait(min(NOTICE, seconds)):
            return
        self.admission.close()
        spread = Spread(self.relay.sessions(), seconds, monotonic())
        while spread and not self._closing.wait(STEP):
            self.relay.send_elsewhere(spread.take(monotonic()))
        if not self._closing.is_set():
            done()

    def close(self) -> None:
        """Admit no more sessions and close all browsers. Does not wait."""
        self._closing.set()
        self.admission.close()
        self.relay.close_all(CloseCode.GOING_AWAY, "the gateway stops")

    def stop(self, timeout: float = 3.0) -> None:
        """Close, wait at most `timeout` seconds for the sessions to end, then stop the relay."""
        self.close()
        if not self.admission.wait_until_empty(timeout):
            log.warning("%d sessions did not end in time", self.admission.sessions)
        if self._drain:
            self._drain.join()
        self.relay.stop()
        self.room_check.stop()
