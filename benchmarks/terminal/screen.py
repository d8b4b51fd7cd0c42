"""A program in a pseudo-terminal that shows nothing: it only looks for what the program writes."""

import os
import select
import threading
import time
from pathlib import Path

import pexpect
import psutil


class Watched:
    """A running program. A thread reads all that it writes, and notes when a text that is waited for came."""

    def __init__(self, command: list[str], home: Path) -> None:
        environment = os.environ | {
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "TMUX": "",
        }
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            command[0], command[1:], env=environment, dimensions=(24, 80), timeout=20
        )
        self._child.delaybeforesend = None
        self._process = psutil.Process(self._child.pid)
        self.written = 0
        self._lock = threading.Lock()  # guards the next three
        self._wanted = b""
        self._tail = b""
        self._seen = threading.Event()
        self._ends = False
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def cpu(self) -> float:
        """Return the CPU seconds used so far."""
        times = self._process.cpu_times()
        return times.user + times.system

    def type(self, text: str) -> None:
        """Type a text."""
        self._child.send(text)

    def expect(self, wanted: bytes) -> None:
        """Wait from now on for `wanted`; see `wait`."""
        with self._lock:
            self._wanted, self._tail = wanted, b""
            self._seen.clear()

    def wait(self, timeout: float) -> bool:
        """Wait for what is expected; return whether it came."""
        return self._seen.wait(timeout)

    def echo(self, char: str) -> float:
        """Type a character; return the seconds until it is written, 1.0 if it takes longer."""
        self.expect(char.encode())
        began = time.perf_counter()
        self.type(char)
        return time.perf_counter() - began if self.wait(1.0) else 1.0

    def close(self) -> None:
        """Kill the program."""
        self._ends = True
        self._thread.join()
        self._child.delayafterclose = 0
        self._child.close(force=True)

    def _read(self) -> None:
        while not self._ends:
            if not select.select([self._child.child_fd], [], [], 0.1)[0]:
                continue
            try:
                block = os.read(self._child.child_fd, 65536)
            except OSError:
                return
            self.written += len(block)
            with self._lock:
                if self._wanted and not self._seen.is_set():
                    searched = self._tail + block
                    if self._wanted in searched:
                        self._seen.set()
                    self._tail = searched[-len(self._wanted) :]
