"""Thousands of connections that end with a reset, before or after the name, while others talk."""

import random
import threading
from contextlib import ExitStack
from time import monotonic

import psutil
import pytest

from tests.hostile.rounds import ROUNDS
from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient, RawClient
from tests.support.timing import TIMEOUT

FLAGS = ("--host", "127.0.0.1", "--port", "0", "--grace", "0")
ORDINARY = 20
RESETS = 5000
IN_SECONDS = 10.0
AT_ONCE = 50
"""Connections at the same time."""


def resources(program: Program) -> tuple[int, int]:
    """Return the numbers of descriptors and threads of the server."""
    process = psutil.Process(program.process.pid)
    return process.num_fds(), process.num_threads()


def attack(program: Program, seed: int) -> None:
    """Open and reset `RESETS` connections in `IN_SECONDS` seconds."""
    random_ = random.Random(seed)
    started = monotonic()
    for first in range(0, RESETS, AT_ONCE):
        crowd = [RawClient(program.address) for _ in range(AT_ONCE)]
        for number, client in enumerate(crowd, first):
            if number % 2:
                _give_name(client, f"r{number}", random_)
        for client in crowd:
            client.reset()
        pause = started + IN_SECONDS * first / RESETS - monotonic()
        if pause > 0:
            threading.Event().wait(pause)


def _give_name(client: RawClient, name: str, random_: random.Random) -> None:
    """Send a name, and perhaps read the prompt."""
    client.send(
        random_.choice([name, f"{name}\n", f'{{"type":"join","name":"{name}"}}\n{{"type":"ping"}}\n'])
    )
    if random_.random() < 0.5:
        client.expect(PROMPT)


@pytest.mark.timeout(180 * ROUNDS)
def test_five_thousand_resets_do_no_harm() -> None:
    with running("tcp_server", *FLAGS) as program, ExitStack() as stack:
        honest = [stack.enter_context(JsonClient(program.address)) for _ in range(ORDINARY)]
        for number, client in enumerate(honest):
            client.join(f"honest{number}")
        for client in honest:
            client.fence()
        before = resources(program)
        for seed in range(ROUNDS):
            received = _talk_during_attack(program, honest, seed)
            assert received == [ORDINARY * 10] * ORDINARY  # nobody is disconnected, nothing is lost
        deadline = monotonic() + TIMEOUT
        while any(now > then for now, then in zip(resources(program), before, strict=True)):
            assert monotonic() < deadline, f"{resources(program)} descriptors and threads, {before} before"
            threading.Event().wait(0.05)
        assert program.stderr.text == ""


def _talk_during_attack(program: Program, honest: list[JsonClient], seed: int) -> list[int]:
    """Have each member say ten messages during an attack; return how many each of them received."""
    attacker = threading.Thread(target=attack, args=(program, seed), name="attacker")
    attacker.start()
    received = [0] * len(honest)
    for turn in range(10):
        for number, client in enumerate(honest):
            client.say_json(type="say", ref=f"{seed}-{turn}", text=f"{number} {turn}")
        for number, client in enumerate(honest):
            received[number] += sum(event["type"] in ("message", "ack") for event in client.fence())
        attacker.join(IN_SECONDS / 10)
    attacker.join()
    for number, client in enumerate(honest):
        received[number] += sum(event["type"] in ("message", "ack") for event in client.fence())
    return received
