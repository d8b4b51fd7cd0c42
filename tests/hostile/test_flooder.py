"""A client that sends at full speed does not slow down the others."""

import sys
from contextlib import ExitStack
from time import monotonic, perf_counter

import pytest

from tests.hostile.rounds import ROUNDS
from tests.support.processes import Program, running, start
from tests.support.raw import JsonClient
from tests.support.timing import at_most

FLAGS = ("--host", "127.0.0.1", "--port", "0")
RATES = {"by default": ("--rate", "20", "--burst", "100"), "without limits": ("--rate", "0")}
SAMPLES = 200
GROWTH = at_most(0.050)
"""Seconds by which the 99th percentile of the others' latency may grow."""

ATTEMPTS = 3
"""Tries, as a shared machine may be slow for a moment."""


class Listener:
    """Reads everything from the room at full speed and looks only for a given text."""

    def __init__(self, client: JsonClient) -> None:
        self._socket = client.socket
        self._heard = b""

    def wait_for(self, text: bytes, within: float = 10.0) -> None:
        """Read until the text comes; fail at the deadline or the end of the connection."""
        deadline = monotonic() + within
        while text not in self._heard:
            assert monotonic() < deadline, "never received"
            chunk = self._socket.recv(2**20)
            assert chunk, "disconnected"
            self._heard = self._heard[-100:] + chunk
        self._heard = self._heard.partition(text)[2]


class People:
    """Members of which one listens and the others talk in turn."""

    def __init__(self, program: Program, stack: ExitStack, talkers: int) -> None:
        self._clients = [stack.enter_context(JsonClient(program.address)) for _ in range(talkers + 1)]
        for number, client in enumerate(self._clients):
            client.join(f"honest{number}", history=0)
        for client in self._clients:
            client.fence()
        self._listeners = [Listener(client) for client in self._clients]
        self._said = 0

    def p99(self) -> float:
        """Return the 99th percentile of the latency of a message, in seconds."""
        taken = []
        for _ in range(SAMPLES):
            self._said += 1
            talker = 1 + self._said % (len(self._clients) - 1)
            text = f"message {self._said}."
            started = perf_counter()
            self._clients[talker].say_json(type="say", ref=text, text=text)
            self._listeners[0].wait_for(text.encode())
            taken.append(perf_counter() - started)
            self._listeners[talker].wait_for(text.encode())
        return sorted(taken)[SAMPLES * 99 // 100 - 1]


def latency_growth(rate: str, kind: str) -> float:
    """Return by how many seconds the 99th percentile grows with a flooder."""
    with running("tcp_server", *FLAGS, *RATES[rate]) as program, ExitStack() as stack:
        people = People(program, stack, talkers=10 if rate == "by default" else 1)
        quiet = people.p99()
        flooder = start(sys.executable, "-m", "tests.hostile.flood", str(program.port), kind)
        try:
            flooder.stdout.wait_for("flooding")
            flooded = people.p99()
            assert flooder.process.poll() is None, "the flooder has ended"
        finally:
            flooder.kill()
        print(f"{rate}, {kind}: p99 {1000 * quiet:.1f} ms quiet, {1000 * flooded:.1f} ms flooded")
        return flooded - quiet


@pytest.mark.timeout(180 * ROUNDS)
@pytest.mark.parametrize("kind", ["says", "lines", "garbage", "typing", "pings", "pages", "searches"])
@pytest.mark.parametrize("rate", RATES)
def test_a_flooder_slows_nobody_down(rate: str, kind: str) -> None:
    for _ in range(ROUNDS):
        assert any(latency_growth(rate, kind) < GROWTH for _ in range(ATTEMPTS))
