"""A flood does not get readers on ordinary links disconnected as slow, nor delay what others say."""

import sys
from contextlib import ExitStack
from time import monotonic

import pytest

from tests.hostile.rounds import ROUNDS
from tests.support.processes import Program, running, start
from tests.support.raw import JsonClient
from tests.support.timing import at_most

FLAGS = (
    *("--host=127.0.0.1", "--port=0", "--trusted-proxy=127.0.0.1"),
    *("--rate=20", "--burst=100", "--max-per-address=0", "--joins=0"),
)
BACKLOG = 1024 * 1024 if ROUNDS > 1 else 256 * 1024
"""Of a reader. A small one shows in a short time what the default shows in some seconds."""

FLOODERS = 16
SECONDS = 1.5 if ROUNDS == 1 else 20.0
SPEEDS = ["1", "4", "8", "16", "50"]
"""The readers' links, in Mbit/s. The first is for floods from one address."""

ANSWERED_WITHIN = at_most(1.0)
"""Seconds within which somebody who chats must be answered."""


def chat(program: Program, seconds: float) -> float:
    """Say something again and again, short and long; return the longest time until it was acknowledged."""
    waits: list[float] = []
    with JsonClient(program.address) as client:
        client.send("PROXY TCP4 198.51.100.99 127.0.0.1 1 1\r\n")
        client.join("Анна", history=0)
        end = monotonic() + seconds
        while (began := monotonic()) < end:
            client.say_json(type="say", ref=str(began), text="слово " * (300 if len(waits) % 10 == 5 else 5))
            while client.read_json()["type"] != "ack":
                pass
            waits.append(monotonic() - began)
    return max(waits)


@pytest.mark.timeout(180 * ROUNDS)
@pytest.mark.parametrize(
    ("kind", "dialect", "addresses"),
    [
        ("long says", "json", 1),
        ("short says", "json", 1),
        ("tall says", "lines", 1),
        ("long says", "json", 8),
    ],
)
def test_readers_on_ordinary_links_stay(kind: str, dialect: str, addresses: int) -> None:
    with running("tcp_server", *FLAGS, f"--backlog={BACKLOG}") as program, ExitStack() as stack:
        readers = {}
        for number, speed in enumerate(SPEEDS if addresses == 1 else SPEEDS[1:]):
            entry = (str(program.port), dialect, str(SECONDS), speed, f"198.51.100.{number}")
            reader = start(sys.executable, "-m", "tests.hostile.reader", *entry)
            stack.callback(reader.kill)
            readers[speed] = reader
        for reader in readers.values():
            reader.stdout.wait_for("reading")
        for number in range(addresses):
            crowd = (str(program.port), kind, str(FLOODERS // addresses), f"203.0.113.{number}")
            stack.callback(start(sys.executable, "-m", "tests.hostile.flood", *crowd).kill)
        waited = chat(program, SECONDS)
        results = {
            speed: reader.stdout.wait_for("bytes", 30 + SECONDS).splitlines()[-1]
            for speed, reader in readers.items()
        }
        print(f"{kind}, {dialect}, {addresses}: {results}; others waited for at most {1000 * waited:.0f} ms")
        assert all(result.startswith("received") for result in results.values()), results
        assert waited < ANSWERED_WITHIN
