"""The output of a live message in the pager, if it is longer than the screen."""

import shlex
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from chat_client.events import ConnectionLost, NewMessage
from chat_protocol.messages import Body, BodyRequest, Bye, Leave, Live
from cli_client.pager import Parts, is_longer, pager_of
from tests.chat_client.fake_room import FakeConnection, FakeRoom, message
from tests.cli_client.terminal_session import CTRL_C, ENTER, TerminalSession, client_at, leave

LIVE = replace(message(1, text="make"), live=Live("done", seconds=1.0))
LONG = "".join(f"\x1b[31mline {number}\x1b[0m\x1b[2J\x1b]0;title\x07\n" for number in range(60))

# Keeps what it gets and its settings, and ends with Enter.
PAGER = """
trap "" INT; printf "%s %s" "$LESS" "$LESSSECURE" >"$0.env"; cat >"$0"; echo reading; read -r _ </dev/tty
"""


def body(text: str, *, start: int = 0, more: bool = False) -> Body:
    return Body(id=1, start=start, text=text, end=len(LONG.encode()), more=more)


def ask(room: FakeRoom, terminal: TerminalSession, output: Sequence[Body]) -> FakeConnection:
    """Enter, and let the output of message 1 be shown."""
    client = room.accept()
    client.welcome(messages=[LIVE])
    terminal.wait_for("1 here")
    terminal.enter_line("/show 1")
    for part in output:
        request = client.receive(BodyRequest)
        client.send(replace(part, ref=request.ref))
    return client


def test_long_output_is_shown_in_the_pager(room: FakeRoom, tmp_path: Path) -> None:
    file = tmp_path / "paged"
    pager = shlex.join(["sh", "-c", PAGER, str(file)])
    with client_at(room.address, "--name", "Анна", PAGER=pager, LESS="") as terminal:
        first = LONG[: LONG.index("line 30")]
        rest = LONG[len(first) :]
        parts = [body(first, more=True), body(rest, start=len(first.encode()))]
        client = ask(room, terminal, parts)
        terminal.wait_for("reading")
        terminal.type(CTRL_C)  # ends neither: it is the pager's
        client.send(message(2))
        terminal.type(ENTER)
        terminal.wait_for("сообщение 2")  # not before the pager has ended
        terminal.enter_line("/ignore")
        terminal.wait_for("Nobody’s messages are hidden here.")
        lines = terminal.wait_for(lambda lines: lines[-1] == "● Анна · 1 here")
        assert not any("line 5" in line for line in lines)
        leave(terminal, client)
    paged = file.read_text()
    assert [f"line {number}" in paged for number in range(60)] == [True] * 60
    assert "\x1b[0;31m" in paged
    assert "\x1b[2J" not in paged
    assert "\x1b]" not in paged
    assert (tmp_path / "paged.env").read_text().endswith(" 1")


@pytest.mark.parametrize(
    ("pager", "output", "seen"),
    [
        ("false", "one\ntwo\n", ["two"]),  # it is short
        ("/nonexistent/pager -x", LONG, ["line 59", "/nonexistent/pager: No such file or directory"]),
    ],
)
def test_output_that_is_printed(room: FakeRoom, pager: str, output: str, seen: Sequence[str]) -> None:
    with client_at(room.address, "--name", "Анна", PAGER=pager) as terminal:
        client = ask(room, terminal, [body(output)])
        for text in seen:
            terminal.wait_for(text)
        leave(terminal, client)


def test_a_signal_ends_the_pager_too(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", PAGER="sh -c 'echo reading; exec sleep 600'") as terminal:
        client = ask(room, terminal, [body(LONG)])
        terminal.wait_for("reading")
        terminal.process.send_signal(signal.SIGTERM)
        client.expect(Leave(forget=False))
        client.send(Bye("left"))
        assert terminal.end() == 0


def test_parts_that_will_not_be_complete_are_not_lost() -> None:
    parts, first = Parts(), body("a\n", more=True)
    assert parts.take(first) == []
    assert parts.take(NewMessage(message(2), own=False)) == []
    assert parts.take(ConnectionLost("lost")) == [first]
    assert parts.take(body("b\n")) == [body("b\n")]


def test_which_pager(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pager_of({"PAGER": "less -R '+G x'"}) == ["less", "-R", "+G x"]
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    assert pager_of({}) == pager_of({"PAGER": "less '"}) == ["less"]
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert pager_of({"PAGER": ""}) == []


def test_how_many_rows_a_text_needs() -> None:
    assert not is_longer("a\nb", 80, 2)
    assert is_longer("a\nb\nc", 80, 2)
    assert is_longer("界" * 81, 80, 2)
    assert not is_longer("界" * 80, 80, 2)
