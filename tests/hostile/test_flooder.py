"""One who sends at full speed: the others talk as before."""

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
"""Seconds by which the others' 99th percentile may grow."""

ATTEMPTS = 3
"""A machine that others use too may have a bad moment."""


class Ear:
    """Hears a room at full speed and finds in it only what it waits for."""

    def __init__(self, client: JsonClient) -> None:
        self._socket = client.socket
        self._heard = b""

    def wait_for(self, text: bytes, within: float = 10.0) -> None:
        """Read until that is heard; fail at the end of the time or of the connection."""
        deadline = monotonic() + within
        while text not in self._heard:
            assert monotonic() < deadline, "never heard"
            chunk = self._socket.recv(2**20)
            assert chunk, "cut"
            self._heard = self._heard[-100:] + chunk
        self._heard = self._heard.partition(text)[2]


class People:
    """Honest members: one listens, the others talk in turn."""

    def __init__(self, program: Program, stack: ExitStack, talkers: int) -> None:
        self._clients = [stack.enter_context(JsonClient(program.address)) for _ in range(talkers + 1)]
        for number, client in enumerate(self._clients):
            client.join(f"honest{number}", history=0)
        for client in self._clients:
            client.fence()
        self._ears = [Ear(client) for client in self._clients]
        self._said = 0

    def p99(self) -> float:
        """Return the 99th percentile of the seconds from saying something to its being heard."""
        taken = []
        for _ in range(SAMPLES):
            self._said += 1
            talker = 1 + self._said % (len(self._clients) - 1)
            text = f"honestly {self._said}."
            started = perf_counter()
            self._clients[talker].say_json(type="say", ref=text, text=text)
            self._ears[0].wait_for(text.encode())
            taken.append(perf_counter() - started)
            self._ears[talker].wait_for(text.encode())
        return sorted(taken)[SAMPLES * 99 // 100 - 1]


def growth(rate: str, kind: str) -> float:
    """Return by how many seconds the 99th percentile grows when a flooder comes."""
    with running("tcp_server", *FLAGS, *RATES[rate]) as program, ExitStack() as stack:
        people = People(program, stack, talkers=10 if rate == "by default" else 1)
        quiet = people.p99()
        flooder = start(sys.executable, "-m", "tests.hostile.flood", str(program.port), kind)
        try:
            flooder.stdout.wait_for("flooding")
            flooded = people.p99()
            assert flooder.process.poll() is None, "the flooder has given up"
        finally:
            flooder.kill()
        print(f"{rate}, {kind}: p99 {1000 * quiet:.1f} ms quiet, {1000 * flooded:.1f} ms flooded")
        return flooded - quiet


@pytest.mark.timeout(180 * ROUNDS)
@pytest.mark.parametrize("kind", ["says", "lines", "garbage", "typing", "pings", "pages", "searches"])
@pytest.mark.parametrize("rate", RATES)
def test_one_flooder_slows_nobody_down(rate: str, kind: str) -> None:
    for _ in range(ROUNDS):
        assert any(growth(rate, kind) < GROWTH for _ in range(ATTEMPTS))
