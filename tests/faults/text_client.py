"""A client of the plain or lines dialect that records what it sees while faults happen: only first words."""

import re
import socket
import threading
from contextlib import suppress

from chat_protocol.address import Address
from chat_protocol.contract import PROMPT
from tests.faults.checker import TextSeen
from tests.support.timing import TIMEOUT

_WORD = re.compile(rb"<[^<>\s]+>")
_LONGEST_WORD = 64


class TextClient:
    """A client of the plain or lines dialect. It only reads, and may come and go."""

    def __init__(self, name: str, address: Address, ending: str) -> None:
        """`ending` follows the name: nothing for plain, LF for lines."""
        self.seen = TextSeen(name)
        self._name = name
        self._address = address
        self._ending = ending
        self._stopping = threading.Event()
        self._joined = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._lock = threading.Lock()  # guards `_socket`
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Join the room; return once joined."""
        self._thread.start()
        assert self._joined.wait(TIMEOUT), f"{self._name} never joined"

    def stop(self) -> None:
        """Disconnect for good."""
        self._stopping.set()
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(TIMEOUT)

    def _run(self) -> None:
        while not self._stopping.wait(0.2):
            # A name of its own each time: text clients have no session to show.
            with suppress(OSError):
                self._run_connection(f"{self._name} {len(self.seen.runs)}")

    def _run_connection(self, name: str) -> None:
        with socket.create_connection(self._address, 3.0) as sock:
            with self._lock:
                self._socket = sock
            words: list[str] = []
            self.seen.runs.append(words)
            received = sock.recv(len(PROMPT), socket.MSG_WAITALL)
            sock.sendall(f"{name}{self._ending}".encode())
            self._joined.set()
            sock.settimeout(None)
            while not self._stopping.is_set() and (chunk := sock.recv(65536)):
                received += chunk
                end = 0
                for word in _WORD.finditer(received):
                    words.append(word.group().decode())
                    end = word.end()
                received = received[end:][-_LONGEST_WORD:]
