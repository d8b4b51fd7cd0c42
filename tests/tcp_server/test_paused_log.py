"""A log that stops taking lines: a terminal after Ctrl-S, a full pipe. The room does not notice."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.paused_log import Pipe, Terminal, logging_to
from tests.support.raw import JsonClient
from tests.support.timing import at_most


@pytest.mark.parametrize("kind", [Pipe, Terminal])
def test_a_room_goes_on_and_ends_while_its_log_is_paused(kind: type[Pipe], tmp_path: Path) -> None:
    path, log = tmp_path / "room.db", kind()
    flags = ("--host=127.0.0.1", "--port=0", f"--history={path}")
    with logging_to(log, "-m", "tcp_server", *flags) as (process, address):
        with JsonClient(address) as anna, JsonClient(address) as boris:
            anna.join("Анна")
            boris.join("Борис")
            anna.expect_json(type="joined")
            log.pause()
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")  # what is said is refused, and that is logged
                anna.say_json(type="say", ref="1", text="раз")
                anna.expect_json(type="error", code="unavailable")
                assert boris.fence() == []
            log.resume()
            log.wait_for(b"ERROR history cannot be written")
            log.pause()
            anna.say_json(type="say", ref="1", text="раз")  # logged: it is written again
            anna.expect_json(type="ack")
            boris.expect_json(type="message")
        process.terminate()
        assert process.wait(at_most(5)) == 0
