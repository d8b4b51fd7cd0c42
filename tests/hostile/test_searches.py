"""Expensive searches delay neither the room, nor other searches, nor the end of the server."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from time import monotonic

import pytest

from chat_protocol.messages import Message
from tcp_server.log.sqlite_history import SqliteHistory
from tests.hostile.canary import canary_at
from tests.hostile.rounds import ROUNDS
from tests.support.processes import Program, running
from tests.support.raw import JsonClient
from tests.support.timing import at_most

FLAGS = ("--host=127.0.0.1", "--port=0", "--rate=0")
AT = "2026-11-22T05:43:03.120Z"
LETTERS = "бвгджзклмнпрстфхцчшщ"
WORST = ("ъ нетути", " ".join(LETTERS * 6)[:256], "ъ а ъъ аа")
TEXT = ("ъ аъъ а " * 500)[:4000]
"""A text of the greatest length that is slow to search."""

MESSAGES = 2000
ENDS_WITHIN = at_most(4.0)
"""Seconds from SIGTERM to the end."""


def fill_log(path: Path) -> None:
    """Fill the log on disk with messages that are slow to search."""
    with closing(SqliteHistory(path)) as log:
        messages = [Message(number, AT, "Анна", TEXT) for number in range(1, MESSAGES + 1)]
        for message in messages:
            log.append(message)
        log.commit()


def fill_room(program: Program) -> None:
    """Fill the log in memory with messages that are slow to search."""
    with JsonClient(program.address, 60) as client:
        client.join("filler")
        for number in range(MESSAGES):
            client.say_json(type="say", ref=str(number), text=TEXT)
            if number % 100 == 99:
                client.fence()


def search_all(clients: Sequence[JsonClient], query: str) -> None:
    for client in clients:
        client.say_json(type="search", query=query)
    for client in clients:
        while client.read_json()["type"] not in {"found", "error"}:
            pass


@pytest.mark.parametrize("kept", ["memory", "disk"])
def test_expensive_searches_delay_nobody(tmp_path: Path, kept: str) -> None:
    history = tmp_path / "room.db" if kept == "disk" else Path("memory")
    if kept == "disk":
        fill_log(history)
    with ExitStack() as stack:
        program = stack.enter_context(running("tcp_server", *FLAGS, f"--history={history}"))
        if kept == "memory":
            fill_room(program)
        searchers = [stack.enter_context(JsonClient(program.address, 60)) for _ in range(4)]
        for number, searcher in enumerate(searchers):
            searcher.join(f"searcher{number}", history=0)
        with canary_at(program.address):
            for query in WORST * ROUNDS:
                search_all(searchers, query)
        for searcher in searchers:
            searcher.say_json(type="search", query=WORST[-1])
        began = monotonic()
        program.stop()
        assert monotonic() - began < ENDS_WITHIN
