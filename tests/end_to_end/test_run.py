"""`make run` after its set-up: both programs together, and nothing left of them afterwards."""

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest

from chat_protocol.address import Address
from tests.support.processes import Program, find_address, start
from tests.support.raw import PROMPT, RawClient


@contextmanager
def both(server_port: int = 0, gateway_port: int = 0) -> Iterator[Program]:
    program = start(sys.executable, "tools/run.py", str(server_port), str(gateway_port))
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.stop()


def addresses(program: Program) -> list[Address]:
    """Wait for both programs' lines and return where the server and where the gateway serve."""
    lines = program.stdout.wait_for(lambda text: text.count("\n") == 2, 20).splitlines()
    return [find_address(line) for line in lines]


def is_free(address: Address) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) != 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_asked_to_stop(how: signal.Signals) -> None:
    with both() as program:
        server, gateway = addresses(program)
        with RawClient(server) as client:
            client.expect(PROMPT)
        with urlopen(f"http://{gateway}/", timeout=10) as page:
            assert page.status == 200
        assert program.stop(how) == 0
        program.assert_no_crash()
        assert is_free(server)
        assert is_free(gateway)


def test_a_taken_server_port_is_said_and_nothing_stays() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, both(taken.getsockname()[1]) as program:
        assert program.wait(20) == 1
        assert "TCP server has ended" in program.stderr.text
        program.assert_no_crash()


def test_a_taken_gateway_port_ends_the_server_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, both(0, taken.getsockname()[1]) as program:
        assert program.wait(20) == 1
        assert is_free(program.address)
        assert "gateway has ended" in program.stderr.text
        program.assert_no_crash()
