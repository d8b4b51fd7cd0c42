"""A host name whose first address is dead, for the terminal client and the gateway."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from time import monotonic

import pytest

from chat_protocol.address import Address
from tests.chat_protocol.test_happy_eyeballs import dead
from tests.support.processes import ROOT, Program, running, start
from tests.support.timing import TIMEOUT, at_most

# Resolves room.example to two addresses, as DNS would.
_RESOLVING = """
import socket, sys
resolve = socket.getaddrinfo
def getaddrinfo(host, port, *rest, **more):
    if host not in ("room.example", b"room.example"):
        return resolve(host, port, *rest, **more)
    return [(2, 1, 6, "", address) for address in (({host!r}, {port}), ("127.0.0.1", port))]
socket.getaddrinfo = getaddrinfo
from {package}.cli import main
sys.exit(main())
"""


@pytest.fixture
def server() -> Iterator[Program]:
    with running("tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory") as program:
        yield program


def test_the_client_enters_over_the_second_address(server: Program) -> None:
    room = str(Address("room.example", server.port))
    with dead() as (host, port):
        begun = monotonic()
        done = subprocess.run(
            (
                sys.executable,
                "-c",
                _RESOLVING.format(package="cli_client", host=host, port=port),
                room,
                "--name=Анна",
            ),
            cwd=ROOT,
            input="привет\n",
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert monotonic() - begun < at_most(2.0)  # with the start of the program


def test_the_gateway_reaches_the_room_over_the_second_address(server: Program) -> None:
    room = str(Address("room.example", server.port))
    with dead() as (host, port):
        code = _RESOLVING.format(package="web_gateway", host=host, port=port)
        gateway = start(sys.executable, "-c", code, "--port=0", "--server", room)
        try:
            gateway.stdout.wait_for("\n")
            begun = monotonic()
            with urllib.request.urlopen(f"http://{gateway.address}/healthz", timeout=TIMEOUT) as answer:
                assert json.load(answer)["room"]
            assert monotonic() - begun < at_most(1.0)
        finally:
            assert gateway.stop() == 0
