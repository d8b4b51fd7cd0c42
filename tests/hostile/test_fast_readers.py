"""A client that reads as fast as it can is never disconnected as slow, even in a flood."""

import re
import sys
from contextlib import ExitStack

import pytest

from tests.hostile.reader import FLOOD
from tests.hostile.rounds import ROUNDS
from tests.support.processes import running, start

FLAGS = ("--host", "127.0.0.1", "--port", "0", "--rate", "20", "--burst", "100")
DIALECTS = ("json", "lines")
SECONDS = 2 * ROUNDS


@pytest.mark.timeout(180 * ROUNDS)
@pytest.mark.parametrize("flooders", [2, 16])
@pytest.mark.parametrize("kind", ["long lines", "long says", "tall says"])
def test_a_fast_reader_is_never_disconnected(kind: str, flooders: int) -> None:
    with running("tcp_server", *FLAGS) as program, ExitStack() as stack:
        readers = []
        for dialect in DIALECTS:
            reader = start(
                sys.executable, "-m", "tests.hostile.reader", str(program.port), dialect, str(SECONDS)
            )
            stack.callback(reader.kill)
            reader.stdout.wait_for("reading")
            readers.append(reader)
        flood = start(sys.executable, "-m", "tests.hostile.flood", str(program.port), kind, str(flooders))
        stack.callback(flood.kill)
        for reader in readers:
            reader.stdout.wait_for("bytes", 30 + SECONDS)
            received = re.search(r"received (\d+) bytes", reader.stdout.text)
            assert received, reader.stdout.text
            assert int(received[1]) > FLOOD, "there was no flood"
