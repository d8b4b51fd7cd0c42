"""Measures what a cluster does when something fails: `make bench-cluster-faults`.

Three servers of one room and their Redis run on this machine. What has to hold is checked by `make faults`
too (`tests/faults/cluster_rounds.py`); here it is measured, with more clients and more messages.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import psutil

from chat_protocol.address import Address
from chat_protocol.errors import ConnectionFailed
from tests.faults.checker import check
from tests.faults.cluster_environment import ClusterEnvironment, declared_down, newest_entry
from tests.faults.environment import Service
from tests.faults.participants import JsonParticipant
from tests.faults.wires import TcpWire
from tests.support.raw import PROMPT, JsonClient
from tests.support.redis_server import RedisServer, redis_server

_RNG: Final = random.Random()  # noqa: S311 - no secret depends on it

_PATIENCE: Final = 60.0
"""Seconds to wait for what comes anyway."""

_FLAGS: Final = ("--rate", "0", "--max-per-address", "0", "--joins", "0", "--log-level", "info")

_CHECKPOINTS: Final = 3
"""Checkpoints for which a server is absent."""

_SAYERS: Final = 8
"""Connections that say one message after the other, so that each is an entry of its own."""

_BLOCK: Final = 1_000
"""Messages that one connection sends at once, to fill large entries."""


class _Cluster:
    """Three servers of one room, on ports that stay theirs."""

    def __init__(self, folder: Path, redis: RedisServer, flags: Sequence[str], resources: ExitStack) -> None:
        self._folder, self._flags, self._resources = folder, flags, resources
        self.redis = redis
        self.servers: list[Service] = []
        for _ in range(3):
            self.add()

    def add(self) -> Service:
        """Start one more server, which knows nothing."""
        name = str(len(self.servers))
        server = Service(
            *("tcp_server", "--host", "127.0.0.1", "--history", str(self._folder / f"{name}.db")),
            *("--node", name, "--cluster", self.redis.url, *_FLAGS, *self._flags),
        )
        self._resources.callback(server.close)
        self.servers.append(server)
        _wait_until_up(server.address)
        return server


@contextmanager
def _cluster(*flags: str) -> Iterator[_Cluster]:
    with ExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="oneroom-bench-")))
        redis = resources.enter_context(redis_server(folder))
        yield _Cluster(folder, redis, flags, resources)


def _wait_until_up(address: Address) -> None:
    """Wait for the prompt: a server listens a moment before it is part of the room."""
    with JsonClient(address, timeout=_PATIENCE) as client:
        client.expect(PROMPT)


# --- down -----------------------------------------------------------------------------


def down(times: int) -> None:
    """Kill a server, and measure when its members have left on all others; then stop Redis for a while."""
    took = []
    with _cluster("--grace", "0") as cluster:
        for turn in range(times):
            killed = cluster.servers[turn % 3]
            with ExitStack() as clients:
                watchers = []
                for server in cluster.servers:
                    client = clients.enter_context(JsonClient(server.address, timeout=_PATIENCE))
                    client.join(f"member of {server.address.port}", history=0)
                    if server is not killed:
                        watchers.append(client)
                sleep(_RNG.uniform(1, 3))  # it has shown that it is alive
                killed.kill()
                began = monotonic()
                for watcher in watchers:
                    _read_until(watcher, type="left", name=f"member of {killed.address.port}")
                took.append(monotonic() - began)
            killed.restart()
        print(
            f"| kill -9 until all others have applied `down`, {times} times | 10 to 13 s "
            f"| {min(took):.1f} to {max(took):.1f} s |"
        )
        with ExitStack() as clients:
            members = []
            for server in cluster.servers:
                members.append(clients.enter_context(JsonClient(server.address, timeout=_PATIENCE)))
                members[-1].join(f"member of {server.address.port}", history=0)
            before = newest_entry(cluster.redis)
            cluster.redis.pause()
            sleep(30)
            cluster.redis.resume()
            sleep(15)
            events = [event for member in members for event in member.fence()]
            ended = [event for event in events if event["type"] in {"left", "bye"}]
            wrong = len(declared_down(cluster.redis, before))
        print(f"| servers declared down, Redis stopped for 30 s | 0 | {wrong}, {len(ended)} clients out |")


def _read_until(client: JsonClient, **fields: str) -> None:
    while not fields.items() <= client.read_json().items():
        pass


# --- rolling restart ------------------------------------------------------------------


class _Doors:
    """Where clients connect: to the servers in turns, to any that accepts. Any thread."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses
        self._lock = threading.Lock()  # guards all below
        self._turn = 0
        self.opened: list[float] = []
        """When each connection was made; monotonic."""

    def open(self) -> TcpWire:
        with self._lock:
            self._turn += 1
            turn = self._turn
        for number in range(len(self._addresses)):
            try:
                wire = TcpWire(self._addresses[(turn + number) % len(self._addresses)], _PATIENCE)
            except ConnectionFailed:
                continue
            with self._lock:
                self.opened.append(monotonic())
            return wire
        raise ConnectionFailed("no server accepts")


def rolling_restart(clients: int, drain: int, per_second: int) -> None:
    """All servers are restarted, one after the other, while all clients talk."""
    with _cluster("--drain", str(drain)) as cluster, ExitStack() as resources:
        doors = _Doors([server.address for server in cluster.servers])
        members = [JsonParticipant(f"client {number}", doors.open, _RNG) for number in range(clients)]
        for member in members:
            resources.callback(member.stop)
            member.start()
        is_over = threading.Event()
        talker = threading.Thread(target=_talk, args=(members, per_second, is_over))
        talker.start()
        print(f"{clients} clients are there", file=sys.stderr)
        worst, came_back = [], 0
        for server in cluster.servers:
            connections = _connections(server)
            before = len(doors.opened)
            server.stop()
            server.restart()
            sleep(2)  # all are back
            back = doors.opened[before:]
            came_back += len(back)
            limit = 1.5 * connections / drain
            worst.append((_most_in_a_second(back), limit))
            print(f"of {connections}, {len(back)} came back: {worst[-1]}", file=sys.stderr)
        is_over.set()
        talker.join()
        deadline = monotonic() + _PATIENCE
        newest = max(max(member.sent.acked.values(), default=0) for member in members)
        while not all(member.is_up_to_date(newest) for member in members) and monotonic() < deadline:
            sleep(0.1)
        verdict = check([member.sent for member in members], [member.seen for member in members])
        said = sum(len(member.sent.said) for member in members)
        left = {name for member in members for name in member.left}
        errors = [error for member in members for error in member.errors]
    lost = len(verdict.lost) + len(verdict.unanswered)
    print(f"| rolling restart of 3 with {clients} talking clients, {said} messages: lost | 0 | {lost} |")
    print(f"| doubled | 0 | {len(verdict.duplicated)} |")
    print(
        f"| out of order, unexpected, errors | 0 | {len(verdict.reordered + verdict.unexpected + errors)} |"
    )
    print(f"| `left` of one who resumed, {came_back} times | 0 | {len(left)} |")
    for most, limit in worst:
        print(f"| most who came back in a second | {limit:.1f} | {most} |")
    for wrong in (verdict, errors):
        if any(wrong):
            print(str(wrong)[:2000], file=sys.stderr)


def _talk(members: Sequence[JsonParticipant], per_second: int, is_over: threading.Event) -> None:
    count = 0
    due = monotonic()
    while not is_over.wait(max(0.0, due - monotonic())):
        member = members[count % len(members)]
        member.say(f"<{count}> said while servers restart")
        count += 1
        due += 1 / per_second
        if count % (10 * per_second) == 0:
            for one in members:
                one.tick()


def _connections(server: Service) -> int:
    """Return how many clients a server has."""
    process = psutil.Process(server.program.process.pid)
    return sum(
        [
            one.status == psutil.CONN_ESTABLISHED and one.laddr.port == server.address.port
            for one in process.net_connections("tcp")
        ]
    )


def _most_in_a_second(moments: Sequence[float]) -> int:
    """Return how many of these moments are in the fullest second."""
    moments = sorted(moments)
    return max((sum(one <= other < one + 1 for other in moments) for one in moments), default=0)


# --- absent servers ---------------------------------------------------------------------


def absence(messages: int) -> None:
    """Measure how long a server that was absent while much was said takes to be up, and complete."""
    with _cluster() as cluster:
        talking, absent = cluster.servers[:2], cluster.servers[2]
        absent.stop()
        usual = _seconds_to_start(absent)
        absent.stop()
        before = _added(cluster.redis)
        _say_at_once(talking[0].address, messages)
        entries = _added(cluster.redis) - before
        took = max(0.0, _seconds_to_start(absent) - usual)
        print(
            f"| absent for {messages:,} messages in {entries:,} entries: ready | 10 s per 1,000,000 "
            f"| {took:.1f} s, so {1e6 * took / messages:.1f} s per 1,000,000 |"
        )
        absent.stop()
        before = _added(cluster.redis)
        positions = {_checkpoint(cluster.redis)}

        def is_enough() -> bool:
            positions.add(_checkpoint(cluster.redis))
            return len(positions) > _CHECKPOINTS

        said = _say_until([server.address for server in talking], is_enough)
        entries = _added(cluster.redis) - before
        _measure_start(lambda: _started(absent), f"absent for {_CHECKPOINTS} checkpoints", usual)
        print(f"| of {messages + said:,} messages, {said:,} of them in the newest {entries:,} entries | | |")
        _measure_start(cluster.add, "blank", usual)


def _measure_start(start: Callable[[], Service], what: str, usual: float) -> None:
    """Start a server that begins at a checkpoint; `usual` are the seconds in which it starts without."""
    began = monotonic() + usual
    server = start()
    took = max(0.0, monotonic() - began)
    server.program.stderr.wait_for("history complete", _PATIENCE * 5)
    print(f"| {what}: ready | 10 s per 1,000,000 | {took:.1f} s |")
    print(f"| {what}: complete | | {max(0.0, monotonic() - began):.1f} s |")


def _started(server: Service) -> Service:
    """Start a server again, and wait until it is part of the room."""
    server.restart()
    _wait_until_up(server.address)
    return server


def _seconds_to_start(server: Service) -> float:
    began = monotonic()
    _started(server)
    return monotonic() - began


def _added(redis: RedisServer) -> int:
    with redis.client() as client:
        return int(client.xinfo_stream("oneroom:{main}")["entries-added"])


def _checkpoint(redis: RedisServer) -> bytes:
    """Return the position of the newest checkpoint."""
    with redis.client() as client:
        return bytes(client.getrange("oneroom:{main}:checkpoint", 0, 7))


def _say_at_once(address: Address, messages: int) -> None:
    """Say so many messages in large blocks, each once the one before is acknowledged."""
    with JsonClient(address, timeout=_PATIENCE) as client:
        client.join("block", history=0)
        for start in range(0, messages, _BLOCK):
            client.send("".join(_say(f"block-{number}") for number in range(start, start + _BLOCK)))
            for _ in range(_BLOCK):
                client.read_line()


def _say_until(addresses: Sequence[Address], is_enough: Callable[[], bool]) -> int:
    """Say one message after the other on some connections; return how many."""
    counts: Counter[int] = Counter()
    is_over = threading.Event()

    def talk(number: int) -> None:
        with JsonClient(addresses[number % len(addresses)], timeout=_PATIENCE) as client:
            client.join(f"sayer {number}", history=0)
            while not is_over.is_set():
                ref = f"{number}-{counts[number]}"
                client.send(_say(ref))
                while client.read_json().get("ref") != ref:
                    pass
                counts[number] += 1

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(_SAYERS)]
    for thread in threads:
        thread.start()
    while not is_enough():
        sleep(0.2)
    is_over.set()
    for thread in threads:
        thread.join()
    return counts.total()


def _say(ref: str) -> str:
    return json.dumps({"type": "say", "ref": ref, "text": f"{ref} of some length, as people say"}) + "\n"


# --- refill -----------------------------------------------------------------------------


def refill(times: int) -> None:
    """A replica that lags is promoted, so many times, while five clients talk."""
    lacks = []
    with (
        tempfile.TemporaryDirectory(prefix="oneroom-bench-") as folder,
        ClusterEnvironment(Path(folder), _RNG, "--rate", "0") as environment,
    ):
        for _ in range(times):
            environment.talk()
            lacks.append(environment.promote_lagging_replica())
            environment.wait_until_recovered(_PATIENCE)
        verdict = environment.verdict()
        lost = len(verdict.lost) + len(verdict.unanswered)
        wrong = len(verdict.duplicated + verdict.reordered + verdict.unexpected + environment.errors())
        acked = sum(len(writer.sent.acked) for writer in environment.writers)
    print(
        f"| lagging replica promoted {times} times, without {min(lacks)} to {max(lacks)} entries, "
        f"{acked:,} acknowledged: lost | 0 | {lost} |"
    )
    print("| doubled, reordered, a new epoch | 0 |", wrong, "|")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table. Return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.cluster_faults", description=__doc__)
    parser.add_argument("--only", nargs="+", default=["down", "rolling", "absence", "refill"])
    parser.add_argument("--times", type=int, default=5, help="how often a server is killed")
    parser.add_argument("--clients", type=int, default=300)
    parser.add_argument("--drain", type=int, default=10, help="seconds")
    parser.add_argument("--rate", type=int, default=30, help="messages a second during the restarts")
    parser.add_argument("--messages", type=int, default=200_000, help="said while a server is absent")
    parser.add_argument("--promotions", type=int, default=20)
    options = parser.parse_args(arguments)
    if not shutil.which("redis-server"):
        print("redis-server is not installed", file=sys.stderr)
        return 1
    parts: dict[str, Callable[[], None]] = {
        "down": lambda: down(options.times),
        "rolling": lambda: rolling_restart(options.clients, options.drain, options.rate),
        "absence": lambda: absence(options.messages),
        "refill": lambda: refill(options.promotions),
    }
    print("| | must be | is |\n|---|---|---|")
    for name in options.only:
        parts[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
