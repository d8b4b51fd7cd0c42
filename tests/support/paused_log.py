"""Programs whose log stops taking lines: a terminal after Ctrl-S, a full pipe."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Final

from chat_protocol.address import Address
from tests.support.processes import ROOT, Output, find_address
from tests.support.timing import TIMEOUT

CTRL_S: Final = b"\x13"
CTRL_Q: Final = b"\x11"


class Pipe:
    """A pipe; a reader that does not read for long is a full one."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self._read = b""

    def pause(self) -> None:
        os.set_blocking(self.writing, False)
        with suppress(BlockingIOError):
            while True:
                os.write(self.writing, bytes(4096))
        os.set_blocking(self.writing, True)

    def resume(self) -> None:
        """Nothing to do: `wait_for` reads."""

    def wait_for(self, text: bytes) -> None:
        """Read until that text comes."""
        deadline = monotonic() + TIMEOUT
        while text not in self._read:
            assert monotonic() < deadline
            self._read += os.read(self.reading, 65536)

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


class Terminal(Pipe):
    """A terminal, paused by Ctrl-S."""

    def __init__(self) -> None:
        super().__init__()
        self.close()
        self.reading, self.writing = pty.openpty()

    def pause(self) -> None:
        os.write(self.reading, CTRL_S)

    def resume(self) -> None:
        os.write(self.reading, CTRL_Q)


@contextmanager
def logging_to(log: Pipe, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Address]]:
    """Run Python with a program of ours that logs there; enter the block once it has printed its address."""
    command = (sys.executable, *arguments)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log.writing) as process:
        assert process.stdout is not None
        stdout = Output(process.stdout)
        try:
            line = stdout.wait_for("\n", TIMEOUT)
            yield process, find_address(line.replace("http://", ""))
        finally:
            process.kill()
            log.close()
            stdout.join()
