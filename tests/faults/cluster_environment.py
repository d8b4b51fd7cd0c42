"""Three servers of one room, their Redis, two gateways, and the participants, who connect to any of them."""

import random
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

from chat_protocol.address import Address
from tests.faults.environment import Environment, Service
from tests.faults.proxy import Proxy
from tests.faults.wires import TcpWire, WebSocketWire
from tests.support.raw import PROMPT, JsonClient
from tests.support.redis_server import free_port, redis_server
from tests.support.timing import IS_LONG, TIMEOUT

_SERVERS = 3
_GATEWAYS = 2


class ClusterEnvironment(Environment):
    """As `Environment`, whose `server` is the first one. `redis` is between all of them."""

    interval = 0.01 if IS_LONG else 0.05  # a fault may last 15 s, and there are three servers to keep busy

    def __init__(self, folder: Path, rng: random.Random, *flags: str) -> None:
        super().__init__(folder, rng, *flags, terminals=False)

    def _start_system(self, folder: Path, server: str, flags: Sequence[str], resources: ExitStack) -> None:
        port = free_port()
        (folder / "redis").mkdir()
        self.redis = resources.enter_context(redis_server(folder / "redis", port=port))
        self.to_redis = [
            resources.enter_context(Proxy(Address("127.0.0.1", port), self.rng)) for _ in range(_SERVERS)
        ]
        self.servers: list[Service] = []
        self.logs = [folder / f"{number}.db" for number in range(_SERVERS)]
        for number, (log, proxy) in enumerate(zip(self.logs, self.to_redis, strict=True)):
            one = Service(
                *(server, "--host", "127.0.0.1", "--history", str(log), "--node", f"server {number}"),
                *("--cluster", f"redis://{proxy.address}", *flags),
            )
            resources.callback(one.close)
            self.servers.append(one)
        self.gateways: list[Service] = []
        addresses = ",".join(str(one.address) for one in self.servers)
        for _ in range(_GATEWAYS):
            gateway = Service("web_gateway", "--server", addresses)
            resources.callback(gateway.close)
            self.gateways.append(gateway)
        self.wait_for_room()
        self.server = self.servers[0]

    def _tcp(self) -> TcpWire:
        return TcpWire(random.choice(self.servers).address)

    def _websocket(self) -> WebSocketWire:
        return WebSocketWire(random.choice(self.gateways).address)

    def wait_for_room(self) -> None:
        """Wait until all servers accept clients."""
        for server in self.servers:
            deadline = monotonic() + TIMEOUT
            while not _lets_in(server.address):  # it has just learnt that it was taken for dead
                assert monotonic() < deadline, f"{server.address} lets nobody in"

    def observe(self, number: int) -> None:
        """Look at the room through that server from now on."""
        self.server = self.servers[number]


def _lets_in(address: Address) -> bool:
    """Join and leave; return whether that went well."""
    with JsonClient(address, timeout=TIMEOUT) as client:
        client.expect(PROMPT)
        client.say_json(type="join", name="early bird", history=0)
        if client.read_json()["type"] != "welcome":
            return False
        client.say_json(type="leave")
        client.read_to_end()
        return True
