"""Starts real clients of the text dialects at a server: nc, ncat, socat, telnet, plink."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pexpect

from tests.support.processes import Program
from tests.support.raw import PROMPT
from tests.support.timing import TIMEOUT

FLAGS = ("--host", "127.0.0.1", "--port", "0", "--history", "memory", "--grace", "0")

NC = ("nc", "-N", "{host}", "{port}")
NCAT = ("ncat", "{host}", "{port}")
SOCAT = ("socat", "-t", "5", "-", "TCP:{host}:{port}")
PUTTY = b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03"
"""What PuTTY sends at first."""


def run(server: Program, command: tuple[str, ...], sent: str) -> str:
    """Run a program at the server with that on its stdin; return what it printed."""
    return run_bytes(server, command, sent.encode()).decode()


def run_bytes(server: Program, command: tuple[str, ...], sent: bytes) -> bytes:
    host, port = server.address
    filled = [word.format(host=host, port=port) for word in command]
    return subprocess.run(filled, input=sent, capture_output=True, timeout=TIMEOUT, check=False).stdout


@contextmanager
def in_terminal(server: Program, *command: str) -> Iterator["pexpect.spawn[bytes]"]:
    """Run a program in a terminal; it has ended afterwards."""
    host, port = server.address
    program, *arguments = [word.format(host=host, port=port) for word in command]
    child: pexpect.spawn[bytes] = pexpect.spawn(program, arguments, timeout=TIMEOUT)
    child.delaybeforesend = None
    try:
        child.expect_exact(PROMPT.strip().encode())
        yield child
    finally:
        child.close(force=True)
