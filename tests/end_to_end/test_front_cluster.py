"""HAProxy with its documented file before three servers and two gateways: who goes where when one fails.

The servers have a room each, and the gateways lead to different ones, so that a room tells who went where.
"""

import csv
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple
from urllib.request import urlopen

import pytest

from chat_protocol.address import Address
from chat_protocol.listener import listen
from chat_protocol.status_server import StatusServer
from tests.end_to_end.front_clients import Bot, Page, get
from tests.end_to_end.fronts import HOST, KINDS, MODERATOR, Front, addresses, free_ports, running_front
from tests.support.certificates import Certificate
from tests.support.processes import Program, running
from tests.support.raw import JsonClient
from tests.support.requirements import HAPROXY, needs_haproxy, needs_openssl
from tests.support.timing import TIMEOUT

pytestmark = [needs_haproxy, needs_openssl]

MAX_SESSIONS = 2


class Node(NamedTuple):
    """A server or a gateway, and the status that HAProxy is told: the reasons why it is not ready."""

    program: Program
    status: Address
    reasons: list[str]


class Cluster(NamedTuple):
    """Servers and gateways by name, and HAProxy."""

    room: dict[str, Node]
    page: dict[str, Node]
    front: Front
    stats: Address

    def find(self, name: str) -> str:
        """Return the server in whose room somebody is."""
        (found,) = (server for server in self.room if name in self.members(server))
        return found

    def members(self, server: str) -> list[str]:
        with JsonClient(self.room[server].program.address) as watcher:
            members = watcher.join("Сторож", history=0)["members"]
            watcher.leave()
        return [member["name"] if isinstance(member, dict) else member for member in members]

    def tell(self, backend: str, server: str, reason: str, *, then: str) -> None:
        """Make a node not ready, or ready if there is no reason, and wait until HAProxy knows."""
        node: Node = getattr(self, backend)[server]
        node.reasons[:] = [reason] if reason else []
        deadline = monotonic() + TIMEOUT
        while self._state(backend, server) != then:
            assert monotonic() < deadline, self._state(backend, server)
            sleep(0.02)

    def _state(self, backend: str, server: str) -> str:
        with urlopen(f"http://{self.stats}/;csv", timeout=TIMEOUT) as answer:
            rows = csv.DictReader(answer.read().decode().removeprefix("# ").splitlines())
        (state,) = (row["status"] for row in rows if (row["pxname"], row["svname"]) == (backend, server))
        return state


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Cluster]:
    with ExitStack() as stack:

        def node(module: str, *flags: str, **env: str) -> Node:
            reasons: list[str] = []
            status = StatusServer(listen("127.0.0.1", 0), lambda: "".join(reasons), None)
            status.start()
            stack.callback(status.close)
            program = stack.enter_context(running(module, "--port", "0", *flags, env=env))
            return Node(program, status.address, reasons)

        room_flags = ("--host", "127.0.0.1", "--trusted-proxy", "127.0.0.1", "--history", "memory")
        page_flags = ("--proxy-protocol", "--trusted-proxy", "127.0.0.1", "--allowed-host", HOST)
        limit = ("--max-sessions", str(MAX_SESSIONS))
        rooms = {
            name: node("tcp_server", *room_flags, ONEROOM_SERVER_MODERATOR_PASSWORD=MODERATOR)
            for name in "abc"
        }
        pages = {
            name: node("web_gateway", *page_flags, *limit, "--server", str(rooms[name].program.address))
            for name in "ab"
        }
        stats = Address("127.0.0.1", *free_ports(1))
        changes = {"127.0.0.1:8404": str(stats), "inter 2s fastinter 1s": "inter 100ms fastinter 50ms"}
        for name, room in rooms.items():
            changes[f"room-{name}:8080 port 9100"] = f"{room.program.address} port {room.status.port}"
        for name, page in pages.items():
            changes[f"web-{name}:5000 cookie {name} port 9100"] = (
                f"{page.program.address} cookie {name} port {page.status.port}"
            )
        folder = tmp_path_factory.mktemp("cluster")
        front = stack.enter_context(running_front("haproxy-cluster", folder, certificate, changes))
        yield Cluster(rooms, pages, front, stats)


def test_haproxy_accepts_the_file(cluster: Cluster, tmp_path: Path) -> None:
    assert not re.search(r"warn", cluster.front.check(), re.IGNORECASE)
    documented = KINDS["haproxy-cluster"].documented.read_text()
    (tmp_path / "haproxy.cfg").write_text(re.sub(r"(room|web)-\w:", "127.0.0.1:", documented))
    env = {name: value for name, value in os.environ.items() if not name.startswith("ONEROOM")}
    checked = subprocess.run(
        (HAPROXY, "-c", "-f", tmp_path / "haproxy.cfg"), env=env, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_newcomers_are_spread_and_have_their_own_addresses(cluster: Cluster) -> None:
    names = [f"Бот {number}" for number in range(6)]
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(Bot(cluster.front, "127.0.0.2")).join(name, history=0)
        found = [cluster.find(name) for name in names]
        assert {server: found.count(server) for server in found} == {"a": 2, "b": 2, "c": 2}
        told = addresses(cluster.room[found[0]].program, names[0])
        assert told == [["127.0.0.2"]]


def test_who_stops_gets_no_newcomers_and_keeps_those_inside(cluster: Cluster) -> None:
    with Bot(cluster.front) as inside:
        inside.join("Внутри", history=0)
        server = cluster.find("Внутри")
        cluster.tell("room", server, "the server stops", then="NOLB")
        for number in range(3):
            with Bot(cluster.front) as bot:
                bot.join(f"Новый {number}", history=0)
                assert cluster.find(f"Новый {number}") != server
        inside.fence()
        cluster.tell("room", server, "", then="UP")


def test_from_who_is_not_ready_people_are_sent_elsewhere(cluster: Cluster) -> None:
    with Bot(cluster.front) as inside:
        session = inside.join("Изгнанник", history=0)["session"]
        server = cluster.find("Изгнанник")
        cluster.tell("room", server, "the log cannot be written", then="DOWN")
        inside.read_to_end()
        with Bot(cluster.front) as again:
            again.join("Изгнанник", history=0, session=session)
            assert any("Изгнанник" in cluster.members(other) for other in cluster.room if other != server)
    cluster.tell("room", server, "", then="UP")


def page_in(cluster: Cluster, name: str, cookie: str = "") -> Page:
    page = Page(cluster.front, "127.0.0.3", {"Cookie": cookie} if cookie else {})
    page.say_json(type="join", name=name, history=0)
    page.wait_for(type="welcome")
    return page


def cookie_of(cluster: Cluster) -> str:
    answer = get(cluster.front, "/")
    assert answer.status == 200
    set_cookie = answer.headers["Set-Cookie"]
    assert re.fullmatch(r"oneroom_gateway=[ab]; path=/; HttpOnly; Secure; SameSite=Lax", set_cookie)
    return set_cookie.partition(";")[0]


def test_a_browser_stays_with_its_gateway_until_that_one_fails(cluster: Cluster) -> None:
    cookies = {cookie_of(cluster) for _ in range(4)}
    assert cookies == {"oneroom_gateway=a", "oneroom_gateway=b"}
    for cookie in cookies:
        gateway = cookie[-1]
        for number in range(MAX_SESSIONS):
            with page_in(cluster, f"Анна {gateway}{number}", cookie) as page:
                assert cluster.find(f"Анна {gateway}{number}") == gateway
                page.leave()
    cluster.tell("page", "a", "the room does not answer", then="DOWN")
    with page_in(cluster, "Беженка", "oneroom_gateway=a"):
        assert cluster.find("Беженка") == "b"
    cluster.tell("page", "a", "", then="UP")


def test_a_full_gateway_is_passed_by(cluster: Cluster) -> None:
    with ExitStack() as stack:
        for number in range(MAX_SESSIONS):
            stack.enter_context(page_in(cluster, f"Гость {number}", "oneroom_gateway=b"))
        page = stack.enter_context(page_in(cluster, "Лишний", "oneroom_gateway=b"))
        assert cluster.find("Лишний") == "a"
        assert addresses(cluster.room["a"].program, "Лишний") == [["127.0.0.3"]]
        page.leave()


def test_the_page_is_there_while_no_gateway_reaches_a_room(cluster: Cluster) -> None:
    for gateway in cluster.page:
        cluster.tell("page", gateway, "the room does not answer", then="DOWN")
    assert get(cluster.front, "/").status == 200
    for gateway in cluster.page:
        cluster.tell("page", gateway, "", then="UP")


def test_a_dead_server_is_passed_by_before_its_check_has_failed(cluster: Cluster) -> None:
    # The last test: the fixture is without a server now.
    cluster.room["c"].program.kill()
    with ExitStack() as stack:
        for number in range(6):
            stack.enter_context(Bot(cluster.front)).join(f"Живой {number}", history=0)
