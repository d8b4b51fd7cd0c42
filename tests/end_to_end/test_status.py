"""What supervisors ask: alive, ready, and the figures."""

import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep, time
from urllib.request import Request, urlopen

import pytest

from chat_protocol.address import Address, parse_address
from chat_protocol.listener import listen
from chat_protocol.metrics import Metric, exposition
from chat_protocol.status_server import StatusServer
from chat_protocol.version import version
from tcp_server.config import Config as ServerConfig
from tcp_server.server import ChatServer
from tests.support.event_log import AS_JSON, wait_for_event
from tests.support.memory_stream import MemoryRedis, MemoryStream
from tests.support.processes import ROOT, Program, running, start
from tests.support.raw import JsonClient
from tests.support.requirements import needs_prometheus_client, needs_structlog
from tests.support.status import ask
from tests.support.timing import TIMEOUT
from web_gateway.config import Config as WebConfig
from web_gateway.gateway import Gateway

SUPERVISOR_WAITS = 0.5
"""Seconds; Kubernetes' default is 1."""


def figures(address: Address) -> dict[str, float]:
    """Return the figures by name and labels."""
    _, text = ask(address, "/metrics")
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


@contextmanager
def room(history: str = "memory", stream: MemoryStream | None = None) -> Iterator[ChatServer]:
    server = ChatServer(ServerConfig(host=("127.0.0.1",), port=0, history=history), stream)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    server.stop()
    thread.join()


@contextmanager
def status_of(server: ChatServer) -> Iterator[Address]:
    status = StatusServer(listen("127.0.0.1", 0), server.not_ready, exposition(server.metrics.read))
    status.start()
    yield status.address
    status.close()


def test_a_frozen_room_is_alive_and_answers_at_once() -> None:
    with room() as server, status_of(server) as address, server._sequencer._room_lock:
        began = monotonic()
        assert ask(address, "/livez") == ask(address, "/readyz") == (200, "ok\n")
        assert ask(address, "/metrics")[0] in (200, 404)
        assert monotonic() - began < 3 * SUPERVISOR_WAITS


def test_a_server_that_cannot_store_or_stops_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    with room() as server, status_of(server) as address:
        with monkeypatch.context() as patch:
            patch.setattr(type(server._history), "is_writable", False)
            assert ask(address, "/readyz") == (503, "the log cannot be written\n")
        assert ask(address, "/readyz") == (200, "ok\n")
        server.stop()
        assert ask(address, "/readyz") == (503, "the server stops\n")
        assert ask(address, "/livez") == (200, "ok\n")
        assert ask(address, "/")[0] == 404
        with urlopen(Request(f"http://{address}/livez", method="HEAD"), timeout=TIMEOUT) as answer:
            assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "3", b"")


@pytest.fixture(scope="module")
def server() -> Iterator[Program]:
    flags = ("--host", "127.0.0.1", "--port", "0", "--status", "127.0.0.1:0")
    with running("tcp_server", *flags, env=AS_JSON) as program:
        yield program


def test_a_service_manager_is_told(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(TIMEOUT)
        service = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        program = start(sys.executable, "-m", "tcp_server", "--host=127.0.0.1", "--port=0", env=service)
        assert manager.recv(100) == b"READY=1"
        assert manager.recv(100) == b"WATCHDOG=1"
        program.process.terminate()
        while (state := manager.recv(100)) == b"WATCHDOG=1":
            pass
        assert state == b"STOPPING=1"
        assert program.wait() == 0


@needs_structlog
@needs_prometheus_client
def test_the_server_counts(server: Program) -> None:
    address = parse_address(wait_for_event(server, "status served")["listening"])
    before = figures(address)
    with JsonClient(server.address) as anna, JsonClient(server.address) as boris:
        anna.join("Анна")
        boris.join("Борис")
        for number in range(3):
            anna.say_json(type="say", ref=str(number), text="привет")
            anna.fence()
        boris.fence()
        after = figures(address)
        grown = {name: after[name] - before.get(name, 0) for name in after}
        assert grown["oneroom_messages_total"] == 3
        assert grown["oneroom_connections"] == 2
        assert grown["oneroom_deliveries_total"] >= 10  # 2 joins, 1 joined, 3 acks, 3 messages, pongs
        assert grown["oneroom_sent_bytes_total"] > 500
        assert 0 < grown["oneroom_deliver_seconds_total"] < 5
        assert grown['oneroom_batch_seconds_bucket{le="+Inf"}'] == grown["oneroom_batch_seconds_count"] >= 8
        assert 0 < grown["oneroom_batch_seconds_sum"] < 5
        assert after[f'oneroom_info{{version="{version()}"}}'] == 1
        assert after["process_resident_memory_bytes"] > 1e7
        assert after["oneroom_log_writable"] == 1


@needs_structlog
def test_a_gateway_is_ready_while_the_room_answers(server: Program) -> None:
    one_of_two = f"127.0.0.1:1,{server.address}"
    flags = ("--port", "0", "--status", "127.0.0.1:0", "--server", one_of_two)
    with running("web_gateway", *flags, env=AS_JSON) as gateway:
        address = parse_address(wait_for_event(gateway, "worker started")["status"])
        assert ask(address, "/livez") == (200, "ok\n")
        deadline = monotonic() + TIMEOUT
        while ask(address, "/readyz")[0] != 200:
            assert monotonic() < deadline
    flags = ("--port", "0", "--status", "127.0.0.1:0", "--server", "127.0.0.1:1")
    with running("web_gateway", *flags, env=AS_JSON) as gateway:
        address = parse_address(wait_for_event(gateway, "worker started")["status"])
        wait_for_event(gateway, "room unreachable")  # without a browser
        assert ask(address, "/readyz") == (503, "the room does not answer\n")
        assert ask(address, "/livez") == (200, "ok\n")


def test_the_dashboard_and_the_alerts_use_figures_that_exist(tmp_path: Path) -> None:
    gateway = Gateway(WebConfig())
    with room(str(tmp_path / "room.db"), MemoryStream(MemoryRedis(time))) as server:
        known = {metric.name for metric in (*server.metrics.read(), *gateway.read_metrics())}
    gateway.relay.start()
    gateway.stop()
    for file in ("grafana.json", "alerts.yml"):
        text = (ROOT / "docs" / "monitoring" / file).read_text()
        used = {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"\boneroom_\w+", text)}
        assert used <= known, file
        assert file == "alerts.yml" or used == known
        assert set(re.findall(r"\bprocess_\w+", text)) <= {"process_resident_memory_bytes"}


def test_a_cluster_says_how_it_is(tmp_path: Path) -> None:
    redis = MemoryRedis(time)
    with room(str(tmp_path / "room.db"), MemoryStream(redis)) as server:

        def figure(name: str) -> object:
            return next(metric.value for metric in server.metrics.read() if metric.name == name)

        def expect(**figures: float) -> None:
            deadline = monotonic() + TIMEOUT
            while not all(figure(f"oneroom_cluster_{name}") == value for name, value in figures.items()):
                assert monotonic() < deadline, [*server.metrics.read()]
                sleep(0.01)

        expect(servers=1, up=1, redis_heard=1, current=1, disagreeing=0, in_flight_bytes=0)
        redis.go_away()
        with JsonClient(server.addresses[0][:2]) as anna:
            anna.send(b'{"type":"join","name":"Anna"}\n')
            expect(up=1, redis_heard=0, current=0)
        redis.come_back()


@needs_prometheus_client
def test_a_figure_for_each_value_of_a_label() -> None:
    metrics = [Metric("a_total", "A.", {"x": 1, "y": 2.5}, "label"), Metric("b", "B.", 3)]
    scrape = exposition(lambda: metrics)
    assert scrape is not None
    lines = scrape().decode().splitlines()
    assert {'a_total{label="x"} 1.0', 'a_total{label="y"} 2.5', "b 3.0"} <= set(lines)
    assert "# TYPE a_total counter" in lines
