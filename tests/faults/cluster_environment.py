"""Three servers of one room, their Redis, two gateways, and HAProxy, through which all participants come."""

import random
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from chat_protocol.address import Address
from tcp_server.room import proposals as p
from tests.end_to_end.fronts import free_ports, running_front
from tests.faults.environment import Environment, Service
from tests.faults.proxy import Proxy
from tests.faults.wires import TcpWire, WebSocketWire
from tests.support.raw import PROMPT, JsonClient
from tests.support.redis_server import RedisServer, free_port, redis_server
from tests.support.status import ask
from tests.support.timing import IS_LONG, TIMEOUT

_SERVERS = 3
_GATEWAYS = 2

PASSWORD = "страж"
"""The moderators'."""

STREAM = "oneroom:{main}"
"""The key of the stream."""


class Declared(NamedTuple):
    """That a server was declared down by another one: when that entry was added, and its run."""

    at: float
    """In seconds since 1970."""
    incarnation: bytes


def newest_entry(redis: RedisServer) -> bytes:
    """Return the id of the newest entry of the stream."""
    ((entry_id, _),) = redis.do("XREVRANGE", STREAM, "+", "-", "COUNT", 1)
    return bytes(entry_id)


def declared_down(redis: RedisServer, after: bytes = b"0") -> list[Declared]:
    """Return which servers were declared down by others, after an entry, as far as the stream has it.

    It is trimmed meanwhile: how many were declared down before says nothing.
    """
    found = []
    for entry_id, fields in redis.do("XRANGE", STREAM, b"(" + after, "+"):
        entry = p.decode(fields[b"b"])
        found += [
            Declared(int(entry_id.partition(b"-")[0]) / 1000, one.incarnation)
            for one in entry.proposals
            if isinstance(one, p.Down) and one.incarnation != entry.incarnation
        ]
    return found


class ClusterEnvironment(Environment):
    """As `Environment`, whose `server` is the first one. `redis` is between all of them."""

    interval = 0.01 if IS_LONG else 0.05  # a fault may last 15 s, and there are three servers to keep busy

    gateway_flags: Sequence[str] = ()

    def __init__(self, folder: Path, rng: random.Random, *flags: str, server: str = "tcp_server") -> None:
        super().__init__(folder, rng, *flags, server=server, terminals=False)

    def _start_system(self, folder: Path, server: str, flags: Sequence[str], resources: ExitStack) -> None:
        self._folder = folder
        (password := folder / "password").write_text(PASSWORD)
        self.redis = self._start_redis("redis", resources)
        self.replica: RedisServer | None = None
        self.to_redis = [
            resources.enter_context(Proxy(self.redis.address, self.rng)) for _ in range(_SERVERS)
        ]
        statuses = [Address("127.0.0.1", port) for port in free_ports(_SERVERS + _GATEWAYS)]
        self.statuses = statuses[:_SERVERS]
        """Where each server says whether it is ready."""
        self.servers: list[Service] = []
        self.logs = [folder / f"{number}.db" for number in range(_SERVERS)]
        for number, (log, proxy) in enumerate(zip(self.logs, self.to_redis, strict=True)):
            one = Service(
                *(server, "--host", "127.0.0.1", "--history", str(log), "--node", f"server {number}"),
                *("--cluster", f"redis://{proxy.address}", "--status", str(statuses[number])),
                *("--trusted-proxy", "127.0.0.1", "--moderator-password-file", str(password), *flags),
            )
            resources.callback(one.close)
            self.servers.append(one)
        self.gateways: list[Service] = []
        addresses = ",".join(str(one.address) for one in self.servers)
        for number in range(_GATEWAYS):
            status = ("--status", str(statuses[_SERVERS + number]))
            proxied = ("--trusted-proxy", "127.0.0.1", "--proxy-protocol")
            gateway = Service("web_gateway", "--server", addresses, *status, *proxied, *self.gateway_flags)
            resources.callback(gateway.close)
            self.gateways.append(gateway)
        changes = {
            "inter 2s fastinter 1s": "inter 500ms fastinter 200ms",
            "conn_cur gt 400": "conn_cur gt 4000",  # all participants have one address
            "conn_rate(10s)": "conn_rate(1s)",
        }
        for name, room, where in zip("abc", self.servers, self.statuses, strict=True):
            changes[f"room-{name}:8080 port 9100"] = f"{room.address} port {where.port}"
        for name, page, where in zip("ab", self.gateways, statuses[_SERVERS:], strict=True):
            changes[f"web-{name}:5000 cookie {name} port 9100"] = (
                f"{page.address} cookie {name} port {where.port}"
            )
        self.wait_for_room()
        front = resources.enter_context(running_front("haproxy-in-the-open", folder, None, changes))
        self._listeners = front.listeners
        self.server = self.servers[0]

    def _tcp(self) -> TcpWire:
        return TcpWire(self._listeners.terminals)

    def _websocket(self) -> WebSocketWire:
        return WebSocketWire(self._listeners.browsers)

    @property
    def page(self) -> Address:
        """Where browsers find the page."""
        return self._listeners.browsers

    def wait_for_room(self) -> None:
        """Wait until all servers accept clients."""
        for server in self.servers:
            deadline = monotonic() + TIMEOUT
            while not _lets_in(server.address):  # it has just learnt that it was taken for dead
                assert monotonic() < deadline, f"{server.address} lets nobody in"

    def promote_lagging_replica(self) -> int:
        """Kill Redis, and promote its replica, which has heard nothing for a while.

        Returns how many entries that lacked. While it lags the writers go on.
        """
        master, replica = self.redis, self.replica or self._start_redis("replica", self._resources)
        if replica.process.poll() is not None:
            replica.start()
        replica.do("REPLICAOF", *master.address)
        self.wait_for(lambda: _follows(replica), "the replica does not follow")
        replica.do("REPLICAOF", "127.0.0.1", 1)  # it stays a replica, and hears no more
        self.talk()
        lacks = len(master.do("XRANGE", STREAM, b"(" + newest_entry(replica), "+"))
        master.stop(signal.SIGKILL)
        sleep(self.rng.uniform(0, 1))
        replica.do("REPLICAOF", "NO", "ONE")
        for proxy in self.to_redis:
            proxy.redirect(replica.address)
        self.redis, self.replica = replica, master
        return lacks

    def readiness(self) -> list[str]:
        """Return what each server says to who asks whether it is ready."""
        return [ask(status, "/readyz")[1].strip() for status in self.statuses]

    def _start_redis(self, name: str, resources: ExitStack) -> RedisServer:
        folder = self._folder / name
        folder.mkdir()
        at_once = ("--repl-diskless-sync-delay", "0")
        return resources.enter_context(redis_server(folder, *at_once, port=free_port()))

    def _status(self) -> str:
        events = [
            f"{number}: {line}"
            for number, server in enumerate(self.servers)
            for line in server.program.stderr.text.splitlines()
            if '"joined"' not in line and '"out"' not in line
        ]
        return "\n".join([super()._status(), *events])

    def observe(self, number: int) -> None:
        """Look at the room through that server from now on."""
        self.server = self.servers[number]


def _follows(replica: RedisServer) -> bool:
    """Return whether a replica has all of its master."""
    with replica.client() as client:
        found = client.info("replication")
    return found["master_link_status"] == "up" and not found["master_sync_in_progress"]


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
