"""The proxy does to connections what it is told to, and nothing else."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

import pytest

from chat_protocol.address import Address
from tests.faults.proxy import Conditions, Proxy
from tests.support.raw import RawClient
from tests.support.timing import TIMEOUT


@pytest.fixture
def echo() -> Iterator[Address]:
    """A server that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve(sock: socket.socket) -> None:
        with sock, suppress(OSError):
            sock.settimeout(10)
            while chunk := sock.recv(65536):
                sock.sendall(chunk)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threads.append(threading.Thread(target=serve, args=(listener.accept()[0],)))
                threads[-1].start()

    threads.append(threading.Thread(target=accept))
    threads[0].start()
    yield Address(*listener.getsockname())
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join(10)


@pytest.fixture
def proxy(echo: Address) -> Iterator[Proxy]:
    with Proxy(echo, random.Random(1)) as proxy:
        yield proxy


def greet(client: RawClient) -> None:
    """Say something, and hear it."""
    client.send("hello")
    client.expect("hello")


def assert_unanswered(client: RawClient) -> None:
    """Say something that is not heard."""
    client.send("is anybody there?")
    with pytest.raises(AssertionError, match="nothing more"):
        client.expect("is")


@pytest.mark.parametrize("conditions", [Conditions(), Conditions(delay=0.02, rate=2_000_000, pieces=9)])
def test_bytes_are_forwarded_unchanged(proxy: Proxy, conditions: Conditions) -> None:
    proxy.conditions = conditions
    data = random.Random(2).randbytes(300_000)
    with RawClient(proxy.address) as client:
        writer = threading.Thread(target=client.socket.sendall, args=(data,))
        writer.start()
        client.expect(data)
        writer.join(10)
        client.socket.shutdown(socket.SHUT_WR)
        client.expect_end()


def test_a_rate_delays_bytes(proxy: Proxy) -> None:
    proxy.conditions = Conditions(rate=100_000)
    with RawClient(proxy.address) as client:
        began = monotonic()
        client.send(b"x" * 10_000)
        client.expect(b"x" * 10_000)
        assert monotonic() - began >= 0.2  # there and back


def test_a_chunk_comes_in_pieces(proxy: Proxy) -> None:
    proxy.conditions = Conditions(delay=0.01, pieces=8)
    sizes: set[int] = set()
    deadline = monotonic() + TIMEOUT
    with RawClient(proxy.address) as client:
        while len(sizes) <= 3:
            assert monotonic() < deadline, f"only pieces of {sizes} bytes"
            client.send(b"x" * 100)
            got = 0
            while got < 100:
                sizes.add(chunk := len(client.socket.recv(100)))
                got += chunk


def test_a_reset_reaches_both_ends(proxy: Proxy) -> None:
    with RawClient(proxy.address) as one, RawClient(proxy.address) as other:
        for client in (one, other):
            greet(client)
        assert proxy.reset() == 2
        for client in (one, other):
            with pytest.raises(ConnectionResetError):
                client.socket.recv(1)
    with RawClient(proxy.address) as new:
        greet(new)


def test_a_share_of_the_connections_is_affected(proxy: Proxy) -> None:
    clients = [RawClient(proxy.address) for _ in range(4)]
    for client in clients:
        greet(client)
    assert proxy.swallow(0.5) == 2
    assert proxy.reset(0.5) == 1
    for client in clients:
        client.close()


def test_swallowed_connections_forward_nothing(proxy: Proxy) -> None:
    with RawClient(proxy.address) as lost, RawClient(proxy.address, timeout=0.2) as silent:
        for client in (lost, silent):
            greet(client)
        assert proxy.swallow() == 2
        assert_unanswered(silent)
        with RawClient(proxy.address) as new:
            greet(new)
        proxy.reset_swallowed()
        with pytest.raises(ConnectionResetError):
            lost.socket.recv(1)


def test_what_goes_to_the_target_arrives_though_its_answer_does_not(proxy: Proxy) -> None:
    with RawClient(proxy.address, timeout=0.2) as silent:
        greet(silent)
        proxy.mute()
        assert_unanswered(silent)
    with RawClient(proxy.address) as new:
        greet(new)


def test_a_target_that_does_not_listen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = Address(*gone.getsockname())
    with Proxy(address, random.Random(1)) as proxy, RawClient(proxy.address) as client:
        assert client.read_to_end() == b""
