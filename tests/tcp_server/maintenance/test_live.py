"""What the commands for the log know of live messages: the output of commands."""

from pathlib import Path

import pytest

from chat_protocol.codec import decode_events
from chat_protocol.messages import Body, Live, Message
from tcp_server.log.sqlite_history import SqliteHistory
from tests.support.processes import running
from tests.support.raw import JsonClient
from tests.tcp_server.connection.programs import FLAGS
from tests.tcp_server.maintenance.commands import run
from tests.tcp_server.sqlite_log import AT

LINES = "".join(f"{number} {'x' * 990}\n" for number in range(1200))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "room.db"
    history = SqliteHistory(path)
    for number, state in ((1, "open"), (2, "done")):
        live = Message(number, AT, "Анна", "make <b>", kind="live", live=Live(state, 1.0, bytes=len(LINES)))
        history.append(live, b"anna")
    history.bodies.add(1, 0, "\x1b[31mодин\n")
    history.bodies.add(2, 0, LINES)
    history.commit()
    history.close()
    return path


def test_the_output_is_exported(path: Path) -> None:
    text = run("export", "--history", path).stdout
    assert "Анна: ▸ make <b>" in text
    assert "\n    один\n" in text
    assert "\n    […]\n" in text
    events = decode_events(run("export", "--format=jsonl", "--history", path).stdout.encode())
    assert [type(event) for event in events] == [Message, Body, Message, Body, Body]
    assert events[1] == Body(id=1, start=0, text="\x1b[31mодин\n", end=14)
    first, last = events[3:]
    assert isinstance(first, Body)
    assert isinstance(last, Body)
    start, stop = first.left_out or (0, 0)
    assert first.text == LINES[:start]
    assert (last.start, last.text) == (stop, LINES[stop:])
    assert "<pre>один</pre>" in run("export", "--format=html", "--history", path).stdout


def test_a_check_counts_it_and_copies_have_it(path: Path, tmp_path: Path) -> None:
    report = run("check", "--history", path).stdout
    assert "2 outputs of commands, 1.0 MB\n" in report
    assert report.endswith("whole\n")
    copy, salvaged = tmp_path / "copy.db", tmp_path / "salvaged.db"
    run("backup", copy, "--history", path)
    run("restore", copy, "--salvage", "--history", salvaged)
    assert "2 outputs of commands, 1.0 MB\n" in run("check", "--history", salvaged).stdout
    history = SqliteHistory(salvaged)
    body = history.bodies.find(2)
    assert body is not None
    assert body.end == len(LINES)
    states = [message.live and message.live.state for message in history.before(9, 9)]
    history.close()
    assert states == ["lost", "done"]  # nobody knows any more whose it was


def test_a_check_finds_a_part_that_is_missing(path: Path) -> None:
    history = SqliteHistory(path)
    history._db.execute("DELETE FROM body_parts WHERE message = 1")
    history.close()
    assert "the output of #1 is not whole\n" in run("check", "--history", path, code=1).stdout


def test_a_recording_has_the_output(tmp_path: Path) -> None:
    log, recording = tmp_path / "log.db", tmp_path / "recording"
    with (
        running("tcp_server", *FLAGS[:4], "--history", str(log), "--record", str(recording)) as server,
        JsonClient(server.address) as anna,
    ):
        anna.join("Анна")
        anna.say_json(type="start", ref="s", title="make")
        number = anna.expect_json(type="ack", ref="s")["id"]
        anna.say_json(type="output", id=number, offset=0, text="один\n")
        anna.expect_json(type="received", end=9)
        anna.say_json(type="end", ref="e", id=number, code=0)
        anna.expect_json(type="changed", act="end")
        anna.expect_json(type="ack", ref="e")
        assert run("replay", recording, "--history", log).stdout.endswith("\nthe same as the log\n")
    history = SqliteHistory(log)
    history._db.execute("UPDATE body_parts SET text = CAST('два\n' AS BLOB)")
    history.close()
    different = run("replay", recording, "--history", log, code=1).stdout
    assert different.endswith(f"first in the output of #{number}\n")
