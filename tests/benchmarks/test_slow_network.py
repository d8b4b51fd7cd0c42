"""The slow network takes the time that TCP takes on a real one."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from time import monotonic

import pytest

from benchmarks.page.network import UNLIMITED, Network, SlowNetwork
from chat_protocol.address import Address
from tests.support.timing import at_most

ROUND_TRIP = 0.05


class _Answers(socketserver.BaseRequestHandler):
    """Answers `GET N` with so many bytes."""

    def handle(self) -> None:
        while words := self.request.recv(100).split():
            self.request.sendall(bytes(int(words[1])))


@pytest.fixture
def network() -> Iterator[SlowNetwork]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Answers) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        with SlowNetwork(Address("127.0.0.1", server.server_address[1])) as network:
            yield network
        server.shutdown()
        serving.join()


def connect(network: SlowNetwork) -> socket.socket:
    return socket.create_connection(network.address, 10)


def receive(browser: socket.socket, size: int) -> None:
    while size > 0:
        chunk = browser.recv(65536)
        assert chunk
        size -= len(chunk)


def fetch(browser: socket.socket, size: int, began: float | None = None) -> float:
    """Return the round trips that a request takes, from now or `began`; its answer has so many bytes."""
    began = monotonic() if began is None else began
    browser.sendall(f"GET {size} HTTP/1.1".encode())
    receive(browser, size)
    return (monotonic() - began) / ROUND_TRIP


def test_a_new_connection_costs_a_round_trip_and_a_large_answer_another(network: SlowNetwork) -> None:
    traffic = network.restart(Network(ROUND_TRIP, 1e9, 1e9))
    began = monotonic()  # the network counts from when it accepts, which may be before `connect` returns
    with connect(network) as browser:
        assert fetch(browser, 14_000, began) >= 2
        assert 1 <= fetch(browser, 14_000) < at_most(2)
    began = monotonic()
    with connect(network) as browser:
        assert fetch(browser, 30_000, began) >= 3
    assert traffic.connections == 2
    assert [(request.line, request.size) for request in traffic.requests] == [
        ("GET 14000", 14_000),
        ("GET 14000", 14_000),
        ("GET 30000", 30_000),
    ]
    assert traffic.received == 58_000


def test_all_connections_share_the_rate_and_are_closed_by_a_restart(network: SlowNetwork) -> None:
    network.restart(Network(0, 400_000, 1e9))
    with connect(network) as one, connect(network) as other:
        began = monotonic()
        for browser in (one, other):
            browser.sendall(b"GET 5000 HTTP/1.1")
        for browser in (one, other):
            receive(browser, 5000)
        assert monotonic() - began >= 8 * 10_000 / 400_000
        network.restart(UNLIMITED)
        assert one.recv(1) == other.recv(1) == b""
