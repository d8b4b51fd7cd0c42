"""All servers and gateways of a room are restarted one after the other: nobody in it notices.

Only in `make faults`: it takes some minutes. `make test` has
`test_cluster.test_stopping_the_servers_one_after_the_other`, without browsers and gateways.
"""

import random
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import psutil
import pytest
from playwright.sync_api import Browser

from chat_protocol.messages import Message
from tests.end_to_end.conftest import open_page
from tests.faults.checker import check
from tests.faults.cluster_environment import ClusterEnvironment
from tests.faults.environment import Service
from tests.faults.page_participant import PageParticipant
from tests.faults.participants import Participant
from tests.faults.test_faults import SEED
from tests.faults.wires import TcpWire, WebSocketWire
from tests.support.requirements import needs_chromium, needs_haproxy
from tests.support.timing import IS_LONG, TIMEOUT

pytestmark = [needs_haproxy, needs_chromium, pytest.mark.timeout(600)]

__test__ = IS_LONG

_PAGES = 4
_OTHERS = 296
_DRAIN = 5
"""Seconds. In more, so few come back in each that chance decides how many are the most."""

_CHANCE = 5
"""How many more than 1.5 times as many as on average may come back in a second: each waits at random."""


class RollingEnvironment(ClusterEnvironment):
    """Many writers, of whom a few talk at a time. `opened` is when each connection was made; monotonic."""

    interval = 0.1
    at_once = 2
    gateway_flags = ("--drain", str(_DRAIN))

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.opened: list[float] = []
        super().__init__(folder, rng, "--rate", "0", "--drain", str(_DRAIN))

    def _make(self, kind: str, *, tcp: int, websocket: int, terminals: int) -> list[Participant]:
        if kind == "writer":
            tcp = websocket = _OTHERS // 2
        else:
            tcp = websocket = 0
        return super()._make(kind, tcp=tcp, websocket=websocket, terminals=terminals)

    # On a busy machine silence is no loss here: that somebody comes back has to be due to a restart.

    def _tcp(self) -> TcpWire:
        wire = TcpWire(self._listeners.terminals, TIMEOUT)
        self.opened.append(monotonic())
        return wire

    def _websocket(self) -> WebSocketWire:
        wire = WebSocketWire(self._listeners.browsers, TIMEOUT)
        self.opened.append(monotonic())
        return wire

    def restart(self, service: Service) -> None:
        """Stop a server or a gateway in order, and start it again; its clients come back one by one."""
        connected, before = _connections(service), len(self.opened)
        service.stop()
        service.restart()
        self.wait_for_room()
        self.wait_for(lambda: not self.lost(), "somebody has not come back")
        most = _most_in_a_second(self.opened[before:])
        print(f"{service.address}: of {connected}, at most {most} came back in a second")
        assert most <= 1.5 * connected / _DRAIN + _CHANCE

    def lost(self) -> list[str]:
        """Return who is not connected now."""
        return [one.name for one in self.participants if not getattr(one, "is_connected", True)]

    def log(self) -> dict[int, Message]:
        """Return the whole log, as one who joins now has it."""
        return self._log()


def _connections(service: Service) -> int:
    """Return how many connections come in there."""
    master = psutil.Process(service.program.process.pid)
    return sum(
        one.status == psutil.CONN_ESTABLISHED and one.laddr.port == service.address.port
        for process in [master, *master.children(recursive=True)]
        for one in process.net_connections("tcp")
    )


def _most_in_a_second(moments: list[float]) -> int:
    """Return how many of these moments are in the fullest second."""
    return max((sum(one <= other < one + 1 for other in moments) for one in moments), default=0)


def test_nobody_notices_a_rolling_restart(tmp_path: Path, chromium: Browser) -> None:
    print(f"seed {SEED}")
    with RollingEnvironment(tmp_path, random.Random(SEED)) as environment, ExitStack() as stack:
        url = f"http://{environment.page}/"
        pages = [
            PageParticipant(stack.enter_context(open_page(chromium, url)), f"page-{number}")
            for number in range(_PAGES)
        ]
        environment.talk()
        for service in (*environment.servers, *environment.gateways):
            environment.restart(service)
        environment.wait_until_recovered(TIMEOUT)
        newest = max(environment.log())
        for page in pages:
            page.finish(newest)
            page.check_is_usable()
        newest = max(environment.log())
        environment.wait_for(
            lambda: all(one.is_up_to_date(newest) for one in environment.participants), "who is behind?"
        )
        environment.wait_until_messages_agree()
        log = environment.log()
        readers = [one.seen for one in environment.participants] + [page.seen(log) for page in pages]
        writers = [one.sent for one in environment.participants] + [page.sent for page in pages]
        verdict = check(writers, readers, (), {one.id for one in log.values() if one.deleted})
        assert verdict.valid, f"seed {SEED}: {verdict}"
        assert not environment.errors(), f"seed {SEED}"
        left = {name for one in environment.participants for name in getattr(one, "left", ())}
        assert not left & {*(one.name for one in environment.participants), *(page.name for page in pages)}
        said = sum(len(one.said) for one in writers)
        print(f"{said} said by {len(writers)}, {sum(len(page.sent.said) for page in pages)} of them on pages")
