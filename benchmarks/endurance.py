"""What a server has to bear: thousands who are silent, thousands who run, some who never read."""

import json
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from benchmarks.load import Crowd, Workload
from benchmarks.servers import Kind, serving

_BEAT = 0.05  # seconds between two pings of the canary
_PATIENCE = 60.0  # seconds until something that was waited for counts as never
_KIB, _MIB = 1024, 1024 * 1024


def idle_memory(kind: Kind, members: int) -> dict[str, Any]:
    """KiB of memory that each silent member of the room costs."""
    if kind.protocol == "irc":  # each who enters is told all names: the square of ten thousand
        members = min(members, 300)
    with serving(kind) as server:
        empty = server.resident()
        with Crowd(server, kind.protocol, Workload(members, talkers=0, connecting=kind.connecting)) as crowd:
            crowd.enter()
            held = server.resident()
    return {"server": kind.name, "members": members, "kib_each": (held - empty) / members / _KIB}


def deaf_readers(kind: Kind, seconds: float) -> dict[str, Any]:
    """What 20 members of 100 that never read cost the others."""
    rates: dict[int, float] = {}
    grown = 0
    for deaf in (0, 20):
        with (
            serving(kind) as server,
            Crowd(server, kind.protocol, Workload(100, deaf=deaf), seconds) as crowd,
        ):
            crowd.enter()
            before = server.resident()
            heard = crowd.talk()
            rates[deaf] = heard["sent"] / heard["seconds"]
            grown = server.peak() - before
            missing = heard["missing"]
    return {
        "server": kind.name,
        "kept": rates[20] / rates[0],
        "grown_mib": grown / _MIB,
        "missing": missing,
    }


def crowd_comes_and_goes(kind: Kind, members: int) -> dict[str, Any]:
    """How long a crowd takes to come in and to be gone, and how long others wait meanwhile."""
    with serving(kind) as server, _Canary(server.port) as canary:
        workload = Workload(members, talkers=0, connecting=500)
        with Crowd(server, kind.protocol, workload) as crowd:
            came = crowd.enter()
            waited_in = canary.slowest(restart=True)
            crowd.vanish()
            vanished = time.monotonic()
            gone = canary.when_gone(members) - vanished
        waited_out = canary.slowest()
    return {
        "server": kind.name,
        "members": members,
        "in": came["seconds"],
        "gone": gone,
        "waited_in": waited_in,
        "waited_out": waited_out,
        "sigterm": _sigterm_amid(kind, workload),
    }


def _sigterm_amid(kind: Kind, workload: Workload) -> float:
    """Seconds until the server has ended, told so while a crowd runs."""
    with serving(kind) as server, Crowd(server, kind.protocol, workload) as crowd:
        crowd.enter()
        crowd.vanish()
        return server.stop()


@dataclass
class _Beats:
    """What a canary has noticed; guarded by its condition."""

    left: int = 0
    slowest: float = 0.0
    asked: float | None = None  # when the ping that is not answered yet was sent


class _Canary:
    """Someone who stays: pings all the time and counts who leaves. Speaks JSON, in a thread of its own."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._changed = threading.Condition()  # guards `_beats`
        self._beats = _Beats()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._listen, self._beat)]

    def when_gone(self, members: int) -> float:
        """Wait until so many have left, and return when that was on the monotonic clock."""
        with self._changed:
            self._changed.wait_for(lambda: self._beats.left >= members, _PATIENCE)
            return time.monotonic()

    def slowest(self, *, restart: bool = False) -> float:
        """Seconds that an answer took at most, one that is still missing included."""
        with self._changed:
            beats = self._beats
            waiting = time.monotonic() - beats.asked if beats.asked is not None else 0.0
            slowest = max(beats.slowest, waiting)
            if restart:
                beats.slowest = 0.0
            return slowest

    def _beat(self) -> None:
        while not self._over.wait(_BEAT):
            with self._changed:
                if self._beats.asked is not None:
                    continue
                self._beats.asked = time.monotonic()
            with suppress(OSError):
                self._socket.sendall(b'{"type":"ping"}\n')

    def _listen(self) -> None:
        tail = b""
        while not self._over.is_set():
            try:
                chunk = self._socket.recv(1024 * 1024)
            except OSError:
                return
            lines = tail + chunk
            tail = lines[lines.rfind(b"\n") + 1 :]
            whole = lines[: len(lines) - len(tail)]
            with self._changed:
                beats = self._beats
                beats.left += whole.count(b'{"type":"left"')
                if b'{"type":"pong"}' in whole and beats.asked is not None:
                    beats.slowest = max(beats.slowest, time.monotonic() - beats.asked)
                    beats.asked = None
                self._changed.notify_all()
            if not chunk:
                return

    def __enter__(self) -> Self:
        self._socket.sendall(json.dumps({"type": "join", "name": "canary"}).encode() + b"\n")
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._socket.close()
