import select
import socket
import threading
from collections.abc import Iterator
from time import monotonic

import pytest

from tcp_server.connection.poller import EpollPoller, PollPoller, WritePoller, write_poller
from tests.support.requirements import needs_epoll
from tests.support.timing import TIMEOUT


@pytest.fixture(
    params=[
        pytest.param(EpollPoller, marks=needs_epoll),
        PollPoller,
    ]
)
def poller(request: pytest.FixtureRequest) -> Iterator[WritePoller]:
    made: WritePoller = request.param()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        yield near, far


def fill(sock: socket.socket) -> None:
    try:
        while True:
            sock.send(b"x" * 65536)
    except BlockingIOError:
        pass


def drain(sock: socket.socket) -> None:
    sock.setblocking(False)
    try:
        while sock.recv(1 << 20):
            pass
    except BlockingIOError:
        pass


def wait_for_any(poller: WritePoller) -> list[int]:
    """Wait for descriptors, ignoring wake-ups without any."""
    deadline = monotonic() + TIMEOUT
    while monotonic() < deadline:
        if found := poller.wait(1.0):
            return found
    raise AssertionError("nothing became poller")


def test_a_writable_socket_is_reported_once(
    poller: WritePoller, pair: tuple[socket.socket, socket.socket]
) -> None:
    near, _ = pair
    for _ in range(2):
        poller.arm(near.fileno())
        assert wait_for_any(poller) == [near.fileno()]
        assert poller.wait(0) == []


def test_a_full_socket_is_reported_once_the_peer_reads(
    poller: WritePoller, pair: tuple[socket.socket, socket.socket]
) -> None:
    near, far = pair
    fill(near)
    poller.arm(near.fileno())
    assert poller.wait(0) == []
    assert poller.wait(0) == []
    drain(far)
    assert wait_for_any(poller) == [near.fileno()]


def test_a_broken_socket_is_reported(poller: WritePoller, pair: tuple[socket.socket, socket.socket]) -> None:
    near, _ = pair
    fill(near)
    poller.arm(near.fileno())
    near.shutdown(socket.SHUT_RDWR)
    assert wait_for_any(poller) == [near.fileno()]


def test_a_closed_socket_is_no_error(poller: WritePoller, pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    fill(near)
    fd = near.fileno()
    poller.arm(fd)
    near.close()
    assert set(poller.wait(0)) <= {fd}
    assert poller.wait(0) == []
    far.setblocking(False)
    poller.arm(far.fileno())
    assert wait_for_any(poller) == [far.fileno()]


def test_another_thread_may_arm_while_one_waits(
    poller: WritePoller, pair: tuple[socket.socket, socket.socket]
) -> None:
    near, _ = pair
    found: list[int] = []
    waiter = threading.Thread(target=lambda: found.extend(wait_for_any(poller)))
    waiter.start()
    poller.arm(near.fileno())
    waiter.join(10)
    assert found == [near.fileno()]


def test_wake_ends_a_wait(poller: WritePoller) -> None:
    for _ in range(100_000):  # more than a pipe holds
        poller.wake()
    started = monotonic()
    poller.wait(30)
    assert monotonic() - started < 10
    waiter = threading.Thread(target=poller.wait, args=(30,))
    while poller.wait(0):
        pass
    waiter.start()
    poller.wake()
    waiter.join(10)
    assert not waiter.is_alive()


def test_a_wait_times_out(poller: WritePoller) -> None:
    started = monotonic()
    assert poller.wait(0.02) == []
    assert 0.015 < monotonic() - started < 5


def test_the_best_poller_of_this_system_is_chosen() -> None:
    made = write_poller()
    made.close()
    assert isinstance(made, EpollPoller if hasattr(select, "epoll") else PollPoller)
