"""Run one room on three servers of this machine, to see what happens when one is killed: `make cluster`.

Redis, the servers, two gateways, and HAProxy in front of them if it is installed. Whatever ends is started
again once the others have noticed. What they keep and log is in a folder, also for the next time.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from tools.children import STOP_SIGNALS, Child, StopRequested, stop_on_signals

_ROOT: Final = Path(__file__).resolve().parent.parent
_HOST: Final = "127.0.0.1"
_SERVERS: Final = "abc"
_GATEWAYS: Final = "ab"
_READY_WITHIN: Final = 30.0  # seconds
_LOOK_EVERY: Final = 0.1  # seconds
_MAX_PORT: Final = 65000  # so that there are free ones above


class _Failed(Exception):
    """A program did not start. The text says which and why."""


class _Program:
    """One of the programs, which answers on a port."""

    def __init__(self, name: str, port: int, folder: Path, *command: str | Path, note: str = "") -> None:
        self.name = name
        self.port = port
        self.log = folder / f"{name.replace(' ', '-')}.log"
        self.note = note
        self.again_at: float | None = None  # when it is to be started again, after it has ended
        self._child = Child(*command, log=self.log, ONEROOM_CONTAINER="yes")
        self.start = self._child.start
        self.stop = self._child.stop

    @property
    def pid(self) -> int:
        assert self._child.process is not None
        return self._child.process.pid

    @property
    def has_ended(self) -> bool:
        return self._child.process is not None and self._child.process.poll() is not None

    @property
    def answers(self) -> bool:
        with suppress(OSError), socket.create_connection((_HOST, self.port), 1):
            return True
        return False

    def wait_until_ready(self) -> None:
        deadline = monotonic() + _READY_WITHIN
        while not self.answers:
            if self.has_ended or monotonic() > deadline:
                *_, last = ["", *self.log.read_text(errors="replace").splitlines()]
                raise _Failed(f"{self.name} did not start; the last line of {self.log}: {last}")
            sleep(_LOOK_EVERY)


class _Ports:
    """Hands out free ports of this machine."""

    def __init__(self, *taken: int) -> None:
        self._taken = {*taken}

    def take(self, wanted: int) -> int:
        """Return a port, or the next free one."""
        port = next(port for port in range(wanted, 65536) if port not in self._taken and _is_free(port))
        self._taken.add(port)
        return port


def _is_free(port: int) -> bool:
    try:
        socket.create_server((_HOST, port)).close()
    except OSError:
        return False
    return True


def _read_port(name: str, text: str) -> int:
    """Return a port that `make` was given. Raises `_Failed`."""
    port = int(text) if re.fullmatch("[0-9]{1,5}", text) else 0
    if not 0 < port <= _MAX_PORT:
        raise _Failed(f"make cluster {name}={text}: a port is a number from 1 to {_MAX_PORT}")
    return port


class _Plan:
    """The programs in the order of their start, and what they need of each other."""

    def __init__(self, folder: Path, port: int, web_port: int) -> None:
        """Choose free ports, but for the two in front. Raises `_Failed`."""
        if port == web_port:
            raise _Failed(f"PORT and WEB_PORT are both {port}: each needs a port of its own")
        self.programs: list[_Program] = []
        self._folder = folder
        self._port = port
        self._web_port = web_port
        self._ports = _Ports(port, web_port)
        for name, wanted in (("PORT", port), ("WEB_PORT", web_port)):
            if not _is_free(wanted):
                other = self._ports.take(wanted)
                raise _Failed(f"port {wanted} is taken; with another one: make cluster {name}={other}")
        self._changes = {  # of HAProxy's file
            "*:8080": f"{_HOST}:{port}",
            "*:8000": f"{_HOST}:{web_port}",
            "maxconn 20000": "maxconn 1000",
        }
        redis = self._add_redis()
        rooms = [self._add_server(name, redis) for name in _SERVERS]
        for name in _GATEWAYS:
            self._add_gateway(name, rooms)
        if haproxy := shutil.which("haproxy", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"):
            self._add_haproxy(haproxy)

    def _add(self, name: str, port: int, note: str, *command: str | Path) -> None:
        self.programs.append(_Program(name, port, self._folder, *command, note=note))

    def _add_redis(self) -> int:
        """Add Redis; return its port."""
        redis_server = shutil.which("redis-server")
        if redis_server is None:
            raise _Failed("redis-server is not installed: apt install redis-server")
        port = self._ports.take(self._port + 10)
        where = ("--bind", _HOST, "--port", str(port), "--dir", self._folder)
        self._add("redis", port, "", redis_server, *where, "--appendonly", "yes", "--save", "")
        return port

    def _add_server(self, name: str, redis: int) -> str:
        """Add a server; return where the room is."""
        port, status = self._ports.take(self._port + 1), self._ports.take(self._port + 11)
        room = f"{_HOST}:{port}"
        self._changes[f"room-{name}:8080 port 9100"] = f"{room} port {status}"
        self._add(
            f"server {name}",
            port,
            f"http://{_HOST}:{status}/readyz",
            *(sys.executable, "-m", "tcp_server", f"--host={_HOST}", f"--port={port}"),
            *(f"--cluster=redis://{_HOST}:{redis}", f"--node={name}"),
            *(f"--history={self._folder / name}.db", f"--status={_HOST}:{status}"),
            f"--trusted-proxy={_HOST}",
        )
        return room

    def _add_gateway(self, name: str, rooms: Sequence[str]) -> None:
        port, status = self._ports.take(self._web_port + 1), self._ports.take(self._port + 11)
        old, new = "web-{0}:5000 cookie {0} port 9100", "{1} cookie {0} port {2}"
        self._changes[old.format(name)] = new.format(name, f"{_HOST}:{port}", status)
        self._add(
            f"gateway {name}",
            port,
            f"http://{_HOST}:{status}/readyz",
            *(sys.executable, "-m", "web_gateway", f"--port={port}", f"--server={','.join(rooms)}"),
            *("--proxy-protocol", f"--trusted-proxy={_HOST}", f"--status={_HOST}:{status}"),
            f"--old-static={self._folder / 'pages'}",
        )

    def _add_haproxy(self, haproxy: str) -> None:
        stats = f"{_HOST}:{self._ports.take(self._port + 20)}"
        text = (_ROOT / "docs" / "front" / "haproxy-cluster.cfg").read_text(encoding="utf-8")
        for old, new in {**self._changes, "127.0.0.1:8404": stats}.items():
            assert old in text, old
            text = text.replace(old, new)
        file = self._folder / "haproxy.cfg"
        file.write_text(text, encoding="utf-8")
        self._add("haproxy", self._port, f"who is up: http://{stats}", haproxy, "-db", "-f", file)


def _shown(path: Path) -> str:
    """Return how a path is typed in the folder in which `make` was called."""
    return str(path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path)


def _describe(programs: Sequence[_Program], port: int, web_port: int, again_after: float) -> None:
    for program in programs:
        print(f"{program.name:<10} {_HOST}:{program.port:<6} pid {program.pid:<8} {program.note}".rstrip())
    ports = {program.name: program.port for program in programs}
    client = _shown(Path(sys.executable).with_name("oneroom"))
    if "haproxy" in ports:
        print(f"Open http://localhost:{web_port} or: {client} localhost:{port}")
    else:
        pages = " or ".join(f"http://localhost:{ports[f'gateway {name}']}" for name in _GATEWAYS)
        rooms = " or ".join(f"{client} localhost:{ports[f'server {name}']}" for name in _SERVERS)
        print(f"HAProxy is not installed (apt install haproxy). Open {pages} or: {rooms}")
    victim = next(program for program in programs if program.name == "server a")
    folder = _shown(victim.log.parent)
    status = f"{client}-server status --history {folder}/$server.db"
    print(f"Who is where: for server in {' '.join(_SERVERS)}; do {status}; done")
    print(f"Try: kill -9 {victim.pid}")
    print(f"What ends is started again after {again_after:g} s. Logs: {folder}. Ctrl-C stops all.")
    sys.stdout.flush()


def _keep_running(programs: Sequence[_Program], again_after: float) -> None:
    """Start again what ends, until a signal."""
    while True:
        for program in programs:
            if program.again_at is None:
                if program.has_ended:
                    print(f"{program.name} (pid {program.pid}) has ended", flush=True)
                    program.again_at = monotonic() + again_after
            elif monotonic() >= program.again_at:
                program.again_at = None
                program.start()
                print(f"{program.name} is started again, pid {program.pid}", flush=True)
        sleep(_LOOK_EVERY)


def main() -> int:
    """Return 0 when asked to stop, 1 if something could not be started."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("port", help="of the room, for terminals")
    parser.add_argument("web_port", help="of the page")
    parser.add_argument("--folder", type=Path, default=_ROOT / "build" / "cluster")
    parser.add_argument("--again-after", type=float, default=20.0, metavar="SECONDS")
    flags = parser.parse_args()
    stop_on_signals()
    os.environ.pop("ONEROOM_CERTIFICATE", None)
    flags.folder.mkdir(parents=True, exist_ok=True)
    programs: list[_Program] = []
    try:
        port, web_port = _read_port("PORT", flags.port), _read_port("WEB_PORT", flags.web_port)
        for program in _Plan(flags.folder, port, web_port).programs:
            programs.append(program)
            program.start()
            program.wait_until_ready()
        _describe(programs, port, web_port, flags.again_after)
        _keep_running(programs, flags.again_after)
    except _Failed as error:
        print(error, file=sys.stderr)
        return 1
    except StopRequested:
        return 0
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        for program in reversed(programs):
            program.stop()
    return 1


if __name__ == "__main__":
    sys.exit(main())
