"""What the documents tell operators to type can be typed, and what they say is logged is logged."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.processes import ROOT
from tests.tcp_server.sqlite_log import open_history, say

DOCUMENTS = [ROOT / "docs" / f"{name}.md" for name in ("operations", "troubleshooting", "security", "tls")]
MODULES = {"oneroom-server": "tcp_server", "oneroom-web": "web_gateway"}
MAINTENANCE = ("backup", "check", "compact", "export", "replay", "restore", "status", "hook")
_COMMAND = re.compile(r"`(oneroom-(?:server|web) [^`]+)`|^ *(oneroom-(?:server|web) .+)$", re.MULTILINE)

PLACES = {"NAME": "Анна", "HOST:PORT": "127.0.0.1:1", "RECORDING": "journal", "text|jsonl|html": "text"}
"""What stands for something else in the documents."""

WRONG_USAGE = 2
"""The exit status for flags that are not known and settings that cannot be used."""


def documented() -> Iterator[list[str]]:
    """Yield the commands of both programs that are in the documents."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8").replace("\\\n", " ")
        for command in _COMMAND.findall(text):
            yield shlex.split("".join(command), comments=True)


@pytest.mark.parametrize("command", sorted({*map(tuple, documented())}), ids=" ".join)
def test_what_operators_are_told_to_type(command: tuple[str, ...], tmp_path: Path) -> None:
    history = tmp_path / "history.db"
    with open_history(history) as log:
        say(log, "раз")
    processes.run(sys.executable, "-m", "tcp_server", "backup", "--history", history, tmp_path / "copy.db")
    (tmp_path / "ci.token").write_text("0" * 32)
    (tmp_path / "hooks.toml").touch(0o600)
    program, *arguments = [PLACES.get(word, word).replace("/etc/oneroom", str(tmp_path)) for word in command]
    arguments = [str(tmp_path / word) if word.endswith(".db") else word for word in arguments]
    is_maintenance = arguments[0] in MAINTENANCE
    if program == "oneroom-server":
        arguments += ["--history", str(history)]
    if not is_maintenance:
        arguments.append("--check-config")
    if arguments[:1] == ["backup"]:
        arguments.append("--replace")
    done = processes.run(sys.executable, "-m", MODULES[program], *arguments)
    assert done.returncode < WRONG_USAGE, done.stderr
    assert "Traceback" not in done.stderr


def test_events_are_documented_and_logged() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("tcp_server", "web_gateway", "chat_protocol")
        for path in (ROOT / folder).rglob("*.py")
    )
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = operations.partition("| event | level |")[2].partition("\n\n")[0]
    told = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    told = told.partition("## The log says")[2].partition("\n## ")[0]
    events = [
        event.rstrip(": …")
        for row in (table + told).splitlines()
        for event in re.findall(r"`([^`]+)`", row.split("|")[1] if row.startswith("| `") else "")
    ]
    assert len(events) > 30
    assert not [event for event in events if f'"{event}' not in sources]
    logged = re.findall(r'log_(?:event|often)\(\s*\w+,\s*"([^":]+)', sources)
    assert len(logged) > 30
    assert not {*logged} - {event.partition(":")[0] for event in events}
