"""Standard streams that are closed, full, or have no letters for what is written."""

import io
import logging
import subprocess
import sys

import pytest

from chat_protocol.announcement import announce
from chat_protocol.standard_streams import encodable
from tests.support.processes import ROOT


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


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", "\\u044f \\xe9"), ("cp1251", "я \\xe9"), ("utf-8", "я é")]
)
def test_letters_that_a_stream_lacks_are_escaped(encoding: str, shown: str) -> None:
    assert encodable("я é", io.TextIOWrapper(io.BytesIO(), encoding)) == shown
