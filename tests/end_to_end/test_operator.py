"""Whoever runs a server asks it who is there, and acts, over a socket that nobody else can use."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcp_server.operator_socket import _is_allowed
from tests.support.event_log import AS_JSON, events
from tests.support.processes import Program, run, running
from tests.support.raw import JsonClient, RawClient
from tests.support.requirements import needs_structlog

pytestmark = needs_structlog


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """In a folder whose name is too long for a Unix socket."""
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    return folder / "history.db"


@pytest.fixture
def server(history: Path) -> Iterator[Program]:
    flags = ("--host=127.0.0.1", "--port=0", "--rate=20", f"--history={history}", "--drain=60")
    with running("tcp_server", *flags, env=AS_JSON) as program:
        yield program


def operate(history: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "tcp_server", "status", f"--history={history}", *arguments)


def test_the_operator_sees_who_is_there_and_acts(server: Program, history: Path) -> None:
    folder = history.with_name("history.db.operator")
    assert folder.stat().st_mode & 0o777 == 0o700
    with JsonClient(server.address) as anna, RawClient(server.address) as boris:
        anna.join("Анна")
        boris.join_lines("Борис Б")
        assert anna.expect_json(type="joined")
        first, headings, *rows = operate(history).stdout.splitlines()
        assert first.startswith("ready; connections: 2; a second: 0 messages, ")
        assert headings.split() == ["id", "seconds", "unread", "may", "say", "dialect", "address", "name"]
        ports = [str(one.socket.getsockname()[1]) for one in (anna, boris)]
        assert [row.split()[0] for row in rows] == ports
        assert [row.split()[2:] for row in rows] == [
            ["0", "100", "json", "127.0.0.1", "Анна"],
            ["0", "100", "lines", "127.0.0.1", "Борис", "Б"],
        ]

        assert operate(history, "kick", "Вера").stdout == "connections ended: 0\n"
        assert operate(history, "kick", "Борис Б").stdout == "connections ended: 1\n"
        assert boris.read_to_end().decode() == "Вас удалили из чата.\n"
        boris.close()
        assert anna.expect_json(type="left", name="Борис Б", reason="kicked")

        assert operate(history, "kick").stderr.endswith(": kick needs the name of whom to kick: kick NAME\n")

        wrong = operate(history, "log-level", "loud")
        assert (wrong.returncode, wrong.stderr) == (
            1,
            "oneroom-server: 'loud' is not info or warning or error\n",
        )
        assert operate(history, "log-level", "error").returncode == 0
        assert operate(history, "drain").returncode == 0
        assert "not ready: the server stops; connections: 1" in operate(history).stdout

    server.process.send_signal(signal.SIGTERM)
    assert server.wait() == 0
    assert not folder.exists()
    acts = [one["act"] for one in events(server) if one["event"] == "operator acts"]
    assert acts == ["kick", "log-level", "drain"]
    record = Path(f"{history}.audit.jsonl").read_text().splitlines()
    assert [(one["act"], one["by"], one.get("target")) for one in map(json.loads, record)] == [
        ("kick", "operator", "Борис Б"),
        ("log-level", "operator", "error"),
        ("drain", "operator", None),
    ]


def test_without_a_server_that_is_said(history: Path) -> None:
    told = operate(history)
    assert told.returncode == 1
    socket_path = f"{history}.operator/socket"
    assert told.stderr == f"oneroom-server: no server answers at {socket_path}: No such file or directory\n"


@pytest.mark.parametrize(("uid", "may"), [(0, True), (1000, True), (1001, False)])
def test_nobody_else_may_ask(monkeypatch: pytest.MonkeyPatch, uid: int, may: bool) -> None:
    class Peer(socket.socket):
        def getsockopt(self, *_: object) -> bytes:  # type: ignore[override]
            return struct.pack("3i", 1, uid, 1)

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with Peer() as peer:
        assert _is_allowed(peer) is may
