"""The original chat, where it is there, and a stand-in that behaves as it does, everywhere.

Both are real processes on ports of their own. `transcripts.json` holds what the original
was heard to say.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from chat_protocol.address import Address
from tests.support.processes import ROOT, Program, start
from tests.support.raw import PROMPT, RawClient
from tests.support.requirements import ORIGINAL

HERE: Final = Path(__file__).parent

# Runs a script of the original unchanged but for the port in it, and has it print what the
# stand-in prints by itself: where it listens, and when a client is in. That is so when it is
# read from again, for the name has been read before.
_WRAPPED = """
import runpy, socket, sys
script, port = sys.argv[1:]
read = []

class Socket(socket.socket):
    def connect(self, address):
        super().connect(("127.0.0.1", int(port)))
    def bind(self, address):
        super().bind(("127.0.0.1", int(port)))
    def listen(self):
        super().listen()
        print(f"listens on 127.0.0.1:{self.getsockname()[1]}", flush=True)
    def recv(self, size):
        if "server" in script:
            peer = self.getpeername()[1]
            if peer in read:
                print(f" {peer} is in;", flush=True)
            read.append(peer)
        return super().recv(size)

socket.socket = Socket
runpy.run_path(script, run_name="__main__")
"""


class Scripts(NamedTuple):
    """A server and a client that belong together, each as a command that a port is added to."""

    server: tuple[str, ...]
    client: tuple[str, ...]


_PYTHON = (sys.executable, "-u")
SCRIPTS: Final = {
    "stand-in": Scripts((*_PYTHON, str(HERE / "server.py")), (*_PYTHON, str(HERE / "client.py")))
}
"""The stand-in, and the original where it is there. No test is skipped where it is not."""

if (ORIGINAL / "client.py").is_file():
    SCRIPTS["original"] = Scripts(
        (*_PYTHON, "-c", _WRAPPED, str(ORIGINAL / "server.py")),
        (*_PYTHON, "-c", _WRAPPED, str(ORIGINAL / "client.py")),
    )


class Chat(NamedTuple):
    """A running server of any kind; `wait_until_in` returns when that client is in under that name."""

    address: Address
    wait_until_in: Callable[[RawClient, str], object]


@contextmanager
def serving(which: str) -> Iterator[Chat]:
    """Run one of the servers until the block ends."""
    program = start(*SCRIPTS[which].server, "0")

    def wait_until_in(client: RawClient, _: str) -> None:
        port = client.socket.getsockname()[1]
        program.stdout.wait_for(f" {port} is in;")

    try:
        program.stdout.wait_for("listens on")
        found = re.search(r"listens on 127\.0\.0\.1:(\d+)", program.stdout.text)
        assert found is not None
        yield Chat(Address("127.0.0.1", int(found[1])), wait_until_in)
    finally:
        program.kill()


@contextmanager
def client_of(which: str, chat: Chat) -> Iterator[tuple[Program, Callable[[str], None]]]:
    """Run one of the clients; yield it, and what types a line into it."""
    process = subprocess.Popen(
        [*SCRIPTS[which].client, str(chat.address.port)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    program = Program(process)

    def type_line(line: str) -> None:
        assert process.stdin is not None
        process.stdin.write(f"{line}\n".encode())
        process.stdin.flush()

    try:
        program.stdout.wait_for(PROMPT)
        yield program, type_line
    finally:
        process.kill()  # it knows no other end: its threads outlive its input
        assert process.stdin is not None
        process.stdin.close()
        program.wait()
