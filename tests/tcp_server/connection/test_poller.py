import select
import socket
import threading
from collections.abc import Iterator
from time import monotonic

import pytest

from tcp_server.connection.poller import EpollPoller, PollPoller, WritePoller, write_poller
from tests.support.requirements import needs_epoll


@pytest.fixture(
    params=[
        pytest.param(EpollPoller, marks=needs_epoll),
        PollPoller,
    ]
)
def ready(request: pytest.FixtureRequest) -> Iterator[WritePoller]:
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


def empty(sock: socket.socket) -> None:
    sock.setblocking(False)
    try:
        while sock.recv(1 << 20):
            pass
    except BlockingIOError:
        pass


def wait_for_any(ready: WritePoller) -> list[int]:
    """Wait past the wake-ups of the waiting itself."""
    deadline = monotonic() + 10
    while monotonic() < deadline:
        if found := ready.wait(1.0):
            return found
    raise AssertionError("nothing became ready")


def test_a_writable_socket_is_reported_once(
    ready: WritePoller, pair: tuple[socket.socket, socket.socket]
) -> None:
    near, _ = pair
    for _ in range(2):
        ready.arm(near.fileno())
        assert wait_for_any(ready) == [near.fileno()]
        assert ready.wait(0) == []


def test_a_full_socket_is_reported_when_it_is_read(
    ready: WritePoller, pair: tuple[socket.socket, socket.socket]
) -> None:
    near, far = pair
    fill(near)
    ready.arm(near.fileno())
    assert ready.wait(0) == []
    assert ready.wait(0) == []
    empty(far)
    assert wait_for_any(ready) == [near.fileno()]


def test_a_broken_socket_is_reported(ready: WritePoller, pair: tuple[socket.socket, socket.socket]) -> None:
    near, _ = pair
    fill(near)
    ready.arm(near.fileno())
    near.shutdown(socket.SHUT_RDWR)
    assert wait_for_any(ready) == [near.fileno()]


def test_a_closed_socket_is_no_trouble(ready: WritePoller, pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    fill(near)
    fd = near.fileno()
    ready.arm(fd)
    near.close()
    assert set(ready.wait(0)) <= {fd}
    assert ready.wait(0) == []
    far.setblocking(False)
    ready.arm(far.fileno())
    assert wait_for_any(ready) == [far.fileno()]


def test_another_thread_may_ask_while_one_waits(
    ready: WritePoller, pair: tuple[socket.socket, socket.socket]
) -> None:
    near, _ = pair
    found: list[int] = []
    waiter = threading.Thread(target=lambda: found.extend(wait_for_any(ready)))
    waiter.start()
    ready.arm(near.fileno())
    waiter.join(10)
    assert found == [near.fileno()]


def test_waking(ready: WritePoller) -> None:
    for _ in range(100_000):  # more than a pipe holds
        ready.wake()
    started = monotonic()
    ready.wait(30)
    assert monotonic() - started < 10
    waiter = threading.Thread(target=ready.wait, args=(30,))
    while ready.wait(0):
        pass
    waiter.start()
    ready.wake()
    waiter.join(10)
    assert not waiter.is_alive()


def test_time_runs_out(ready: WritePoller) -> None:
    started = monotonic()
    assert ready.wait(0.02) == []
    assert 0.015 < monotonic() - started < 5


def test_this_system_has_one() -> None:
    made = write_poller()
    made.close()
    assert isinstance(made, EpollPoller if hasattr(select, "epoll") else PollPoller)
