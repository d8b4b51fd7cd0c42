"""Whoever reads as fast as can be is never cut as slow, however many flood the room."""

import re
import sys
from contextlib import ExitStack

import pytest

from tests.hostile.attentive import FLOOD
from tests.hostile.rounds import ROUNDS
from tests.support.processes import running, start

FLAGS = ("--host", "127.0.0.1", "--port", "0", "--rate", "20", "--burst", "100")
DIALECTS = ("json", "lines")
SECONDS = 2 * ROUNDS


@pytest.mark.timeout(180 * ROUNDS)
@pytest.mark.parametrize("flooders", [2, 16])
@pytest.mark.parametrize("kind", ["long lines", "tall lines", "long says", "tall says"])
def test_an_attentive_reader_is_never_cut(kind: str, flooders: int) -> None:
    with running("tcp_server", *FLAGS) as program, ExitStack() as stack:
        readers = []
        for dialect in DIALECTS:
            reader = start(
                sys.executable, "-m", "tests.hostile.attentive", str(program.port), dialect, str(SECONDS)
            )
            stack.callback(reader.kill)
            reader.stdout.wait_for("reading")
            readers.append(reader)
        flood = start(sys.executable, "-m", "tests.hostile.flood", str(program.port), kind, str(flooders))
        stack.callback(flood.kill)
        for reader in readers:
            reader.stdout.wait_for("bytes", 30 + SECONDS)
            heard = re.search(r"heard (\d+) bytes", reader.stdout.text)
            assert heard, reader.stdout.text
            assert int(heard[1]) > FLOOD, "there was no flood"
