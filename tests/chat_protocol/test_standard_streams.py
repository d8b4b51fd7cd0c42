"""Standard streams that are closed, full, or have no letters for what is written."""

import io
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from chat_protocol.announcement import announce
from chat_protocol.standard_streams import encodable, print_or_exit
from tests.support.processes import ROOT
from tests.support.timing import TIMEOUT


def test_closed_streams_are_replaced_by_the_null_device() -> None:
    program = (
        "import os; from chat_protocol.standard_streams import reserve; reserve();"
        "[os.fstat(fd) for fd in range(3)]; assert os.open('/dev/null', 0) > 2"
    )
    closed = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", program)
    assert subprocess.run(closed, cwd=ROOT, check=False).returncode == 0


class _Full(io.StringIO):
    """A stream on a full disk."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


def test_what_cannot_be_announced_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "stdout", _Full())
    with caplog.at_level(logging.WARNING):
        announce("ready on port 1")
        announce("ready on port 2")  # it counts as closed now
    said = "standard output cannot be written ({}): ready on port {}"
    assert caplog.messages == [said.format("No space left on device", 1), said.format("it is closed", 2)]


class _Writes(io.RawIOBase):
    """A file that remembers what each call has written."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self.pieces.append(bytes(piece))
        return len(piece)


def test_a_line_is_announced_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log may go to the same file: its lines must not come in between."""
    file = _Writes()
    as_with_python_u = io.TextIOWrapper(cast("BinaryIO", file), "utf-8", write_through=True)
    monkeypatch.setattr(sys, "stdout", as_with_python_u)
    announce("ready on port 1")
    assert [piece for piece in file.pieces if piece] == [b"ready on port 1\n"]


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", "\\u044f \\xe9"), ("cp1251", "я \\xe9"), ("utf-8", "я é")]
)
def test_letters_that_a_stream_lacks_are_escaped(encoding: str, shown: str) -> None:
    assert encodable("я é", io.TextIOWrapper(io.BytesIO(), encoding)) == shown


@pytest.mark.parametrize(
    "program", ["cli_client --help", "tcp_server --version", "web_gateway --print-config"]
)
def test_a_full_disk_is_told(program: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", *program.split()]
        done = subprocess.run(
            command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False
        )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.endswith(": No space left on device\n")


class _WithoutReader(io.StringIO):
    """A pipe whose reader has gone."""

    def flush(self) -> None:
        raise BrokenPipeError


def test_a_reader_that_has_gone_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", _WithoutReader())
    print_or_exit("text\n", str)
    assert sys.stdout is None  # or the end of the program would fail
    print_or_exit("text\n", str)
    assert capsys.readouterr().err == ""
