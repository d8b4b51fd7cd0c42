"""Connecting to hosts with several addresses, some of them dead."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any

import pytest

from chat_protocol.address import Address
from chat_protocol.happy_eyeballs import ATTEMPT_DELAY, connect
from tests.support.requirements import needs_ipv6
from tests.support.timing import at_most

NAME = Address("room.example", 0)
V4, V6 = socket.AF_INET, socket.AF_INET6


@contextmanager
def dead(host: str = "127.0.0.2") -> Iterator[tuple[str, int]]:
    """Yield an address that does not answer: its queue of new connections is full, so packets are dropped."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((host, 0), backlog=0))
        for _ in range(2):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()


@contextmanager
def alive(host: str = "127.0.0.1") -> Iterator[tuple[str, int]]:
    with socket.create_server((host, 0), family=V6 if ":" in host else V4) as listener:
        yield listener.getsockname()[:2]


def refused() -> tuple[str, int]:
    """Return an address where nothing listens."""
    with alive("127.0.0.3") as address:
        return address


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Return the list of addresses that the name is resolved to."""
    addresses: list[tuple[str, int]] = []

    def getaddrinfo(*_: Any) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [
            (V6 if ":" in host else V4, socket.SOCK_STREAM, 0, "", (host, port)) for host, port in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return addresses


def test_a_dead_address_costs_a_quarter_of_a_second(resolve: list[tuple[str, int]]) -> None:
    with dead() as first, alive() as second:
        resolve[:] = first, second
        begun = monotonic()
        with connect(NAME, 10.0) as sock:
            assert sock.getpeername() == second
            assert sock.gettimeout() == 10.0
        assert ATTEMPT_DELAY <= monotonic() - begun < at_most(1.0)


def test_after_a_refusal_the_next_address_is_tried_at_once(resolve: list[tuple[str, int]]) -> None:
    with alive() as last:
        resolve[:] = *(refused() for _ in range(20)), last
        begun = monotonic()
        with connect(NAME, 10.0) as sock:
            assert sock.getpeername() == last
        assert monotonic() - begun < at_most(1.0)


@needs_ipv6
def test_the_families_take_turns(resolve: list[tuple[str, int]]) -> None:
    with dead() as first, dead("127.0.0.4") as second, alive("::1") as third:
        resolve[:] = first, second, third
        begun = monotonic()
        with connect(NAME, 10.0) as sock:
            assert sock.getpeername()[:2] == third
        assert monotonic() - begun < at_most(2 * ATTEMPT_DELAY)


def test_the_last_failure_is_raised(resolve: list[tuple[str, int]]) -> None:
    resolve[:] = refused(), refused()
    with pytest.raises(ConnectionRefusedError):
        connect(NAME, 10.0)


def test_the_timeout_is_for_all_addresses_together(resolve: list[tuple[str, int]]) -> None:
    with dead() as first, dead("127.0.0.4") as second:
        resolve[:] = first, second
        with pytest.raises(TimeoutError):
            connect(NAME, 0.4)


@needs_ipv6
def test_one_family_only() -> None:
    with alive("::1") as address:
        host, port = address
        with connect(Address(host, port), 10.0, V6) as sock:
            assert sock.family == V6
        with pytest.raises(OSError, match=r"not supported|No address"):
            connect(Address(host, port), 10.0, V4)
