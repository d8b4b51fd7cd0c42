"""Measures endurance: thousands of idle members, thousands that leave at once, some that never read."""

import json
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self

from benchmarks.load import LoadGenerator, Workload
from benchmarks.servers import ServerKind, serving

_PING_INTERVAL = 0.05  # seconds
_TIMEOUT = 60.0  # seconds to wait for all members to leave
_KIB, _MIB = 1024, 1024 * 1024


def idle_memory(kind: ServerKind, members: int) -> dict[str, Any]:
    """Measure the KiB of memory for each idle member of the room."""
    if kind.protocol == "irc":  # each new member receives all names: the square of ten thousand
        members = min(members, 300)
    workload = Workload(members, talkers=0, connecting=kind.connecting)
    with serving(kind) as server:
        empty = server.resident()
        with LoadGenerator(server, kind.protocol, workload) as load:
            load.join()
            full = server.resident()
    return {"server": kind.name, "members": members, "kib_each": (full - empty) / members / _KIB}


def stalled_readers(kind: ServerKind, seconds: float) -> dict[str, Any]:
    """Measure which share of their rate the others keep if 20 members of 100 never read."""
    rates: dict[int, float] = {}
    grown = 0
    for stalled in (0, 20):
        workload = Workload(100, stalled=stalled)
        with serving(kind) as server, LoadGenerator(server, kind.protocol, workload, seconds) as load:
            load.join()
            before = server.resident()
            counts = load.talk()
            rates[stalled] = counts["sent"] / counts["seconds"]
            grown = server.peak() - before
            missing = counts["missing"]
    return {
        "server": kind.name,
        "kept": rates[20] / rates[0],
        "grown_mib": grown / _MIB,
        "missing": missing,
    }


def mass_join_and_leave(kind: ServerKind, members: int) -> dict[str, Any]:
    """Measure how long many take to join and to leave, and how long others wait meanwhile.

    Each leaving is told to everybody, as in a small room: by that the probe knows when all are gone.
    """
    command = kind.command
    kind = replace(kind, command=lambda folder, port: [*command(folder, port), "--crowd", "0"])
    with serving(kind) as server, _Probe(server.port) as probe:
        workload = Workload(members, talkers=0, connecting=500)
        with LoadGenerator(server, kind.protocol, workload) as load:
            joined = load.join()
            waited_in = probe.slowest(restart=True)
            load.disconnect()
            disconnected = time.monotonic()
            gone = probe.when_gone(members) - disconnected
        waited_out = probe.slowest()
    return {
        "server": kind.name,
        "members": members,
        "in": joined["seconds"],
        "gone": gone,
        "waited_in": waited_in,
        "waited_out": waited_out,
        "sigterm": _stop_during_leave(kind, workload),
    }


def _stop_during_leave(kind: ServerKind, workload: Workload) -> float:
    """Return the seconds until the server has ended, if SIGTERM comes while a crowd leaves."""
    with serving(kind) as server, LoadGenerator(server, kind.protocol, workload) as load:
        load.join()
        load.disconnect()
        return server.stop()


@dataclass
class _ProbeState:
    """What a probe has measured; guarded by its condition."""

    left: int = 0
    slowest: float = 0.0
    asked: float | None = None  # when the unanswered ping was sent


class _Probe:
    """A member that pings all the time and counts `left` events, in two threads of its own. Speaks JSON."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._changed = threading.Condition()  # guards `_state`
        self._state = _ProbeState()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._receive, self._ping)]

    def when_gone(self, members: int) -> float:
        """Wait until so many members have left. Return that moment on the monotonic clock."""
        with self._changed:
            self._changed.wait_for(lambda: self._state.left >= members, _TIMEOUT)
            return time.monotonic()

    def slowest(self, *, restart: bool = False) -> float:
        """Return the longest seconds to a pong, including one that has not come yet."""
        with self._changed:
            state = self._state
            waiting = time.monotonic() - state.asked if state.asked is not None else 0.0
            slowest = max(state.slowest, waiting)
            if restart:
                state.slowest = 0.0
            return slowest

    def _ping(self) -> None:
        while not self._stopping.wait(_PING_INTERVAL):
            with self._changed:
                if self._state.asked is not None:
                    continue
                self._state.asked = time.monotonic()
            with suppress(OSError):
                self._socket.sendall(b'{"type":"ping"}\n')

    def _receive(self) -> None:
        tail = b""
        while not self._stopping.is_set():
            try:
                chunk = self._socket.recv(1024 * 1024)
            except OSError:
                return
            lines = tail + chunk
            tail = lines[lines.rfind(b"\n") + 1 :]
            whole = lines[: len(lines) - len(tail)]
            with self._changed:
                state = self._state
                state.left += whole.count(b'{"type":"left"')
                if b'{"type":"pong"}' in whole and state.asked is not None:
                    state.slowest = max(state.slowest, time.monotonic() - state.asked)
                    state.asked = None
                self._changed.notify_all()
            if not chunk:
                return

    def __enter__(self) -> Self:
        self._socket.sendall(json.dumps({"type": "join", "name": "probe"}).encode() + b"\n")
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._socket.close()
