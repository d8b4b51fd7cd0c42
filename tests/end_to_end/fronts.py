"""The documented proxies: real programs, real files; only ports, paths and limits are a test's own."""

import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from chat_protocol.address import Address
from tests.support.certificates import Certificate
from tests.support.processes import ROOT, Program, start
from tests.support.requirements import HAPROXY, NGINX, needs_haproxy, needs_nginx
from tests.support.timing import TIMEOUT

HOST = "chat.example.org"


class Doors(NamedTuple):
    """Where a front listens."""

    terminals: Address
    browsers: Address
    plain_http: Address


class Kind(NamedTuple):
    """One proxy: its documented file, the commands that run and check it, the signal that reloads it."""

    documented: Path
    run: Callable[[Path], list[str]]
    check: Callable[[Path], list[str]]
    reload: signal.Signals
    replaced: Callable[[Path, Certificate, Doors], dict[str, str]]


def _haproxy_replaced(_folder: Path, certificate: Certificate, doors: Doors) -> dict[str, str]:
    return {
        "    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n": "",
        "maxconn 8000": "maxconn 400",  # what any machine allows
        "/etc/haproxy/oneroom.pem": str(certificate.both),
        "*:6697,[::]:6697 v6only": str(doors.terminals),
        "*:443,[::]:443 v6only": str(doors.browsers),
        "*:80,[::]:80 v6only": str(doors.plain_http),
    }


def _nginx_replaced(folder: Path, certificate: Certificate, doors: Doors) -> dict[str, str]:
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return {
        "user www-data;\n": "",
        "worker_rlimit_nofile 20000;\n": "",
        "worker_connections 8000": "worker_connections 500",
        "/run/nginx.pid": str(folder / "nginx.pid"),
        "/var/log/nginx/error.log": "stderr",
        "http {\n": "http {\n" + "".join(f"    {name}_temp_path {folder / name};\n" for name in temporary),
        "/etc/nginx/oneroom.crt": str(certificate.public),
        "/etc/nginx/oneroom.key": str(certificate.key),
        "listen 6697 ": f"listen {doors.terminals} ",
        "listen [::]:6697 ssl so_keepalive=30s:10s:3;\n": "",
        "listen 443 ": f"listen {doors.browsers} ",
        "listen [::]:443 ssl so_keepalive=30s:10s:3;\n": "",
        "listen 80;": f"listen {doors.plain_http};",
        "listen [::]:80;\n": "",
    }


KINDS: Mapping[str, Kind] = {
    "haproxy": Kind(
        ROOT / "docs" / "front" / "haproxy.cfg",
        # A master and its worker, as its systemd unit runs it.
        lambda file: [HAPROXY, "-W", "-db", "-f", str(file)],
        lambda file: [HAPROXY, "-c", "-f", str(file)],
        signal.SIGUSR2,
        _haproxy_replaced,
    ),
    "nginx": Kind(
        ROOT / "docs" / "front" / "nginx.conf",
        lambda file: [NGINX, "-e", "stderr", "-c", str(file), "-g", "daemon off;"],
        lambda file: [NGINX, "-e", "stderr", "-t", "-c", str(file)],
        signal.SIGHUP,
        _nginx_replaced,
    ),
}
EACH_KIND = [
    pytest.param("haproxy", marks=needs_haproxy),
    pytest.param("nginx", marks=needs_nginx),
]


class Front:
    """A documented proxy in front of a room and a gateway. Use `fronting` to start one."""

    def __init__(self, kind: Kind, file: Path, doors: Doors, certificate: Certificate) -> None:
        self.doors = doors
        self.certificate = certificate
        self._kind = kind
        self._file = file
        self._program: Program | None = None

    def check(self) -> str:
        """Let the proxy judge its file; return what it says, and fail if it objects."""
        command = self._kind.check(self._file)
        verdict = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        said = verdict.stdout + verdict.stderr
        assert verdict.returncode == 0, said
        return said

    def start(self) -> None:
        """Start it and wait until every door answers."""
        self._program = start(*self._kind.run(self._file))
        deadline = time.monotonic() + TIMEOUT
        for door in self.doors:
            while not _answers(door):
                assert time.monotonic() < deadline, f"nobody at {door}: {self._program.stderr.text}"
                assert self._program.process.poll() is None, self._program.stderr.text
                time.sleep(0.02)

    def reload(self) -> None:
        """Have it read its file again; new processes answer at some moment from now on."""
        assert self._program is not None
        self._program.process.send_signal(self._kind.reload)

    def stop(self) -> None:
        """End it and every connection through it; harmless when done already."""
        if self._program is None:
            return
        try:
            self._program.stop(within=TIMEOUT)
        finally:
            if self._program.process.poll() is None:
                self._program.kill()
            self._program = None


@contextmanager
def fronting(
    name: str,
    folder: Path,
    certificate: Certificate,
    *,
    room: Address,
    gateway: Address,
    changes: Mapping[str, str] | None = None,
) -> Iterator[Front]:
    """Run the documented file of a proxy in front of these two until the block ends.

    `changes` replaces more of the file's text, timeouts for instance.
    """
    kind = KINDS[name]
    doors = Doors(*(Address("127.0.0.1", port) for port in _free_ports(3)))
    text = kind.documented.read_text(encoding="utf-8")
    replaced = kind.replaced(folder, certificate, doors) | {
        "127.0.0.1:8080": str(room),
        "127.0.0.1:5000": str(gateway),
    }
    for old, new in (replaced | dict(changes or {})).items():
        assert old in text, f"{kind.documented.name} has no {old!r} any more"
        text = text.replace(old, new)
    file = folder / kind.documented.name
    file.write_text(text, encoding="utf-8")
    front = Front(kind, file, doors, certificate)
    try:
        front.start()
        yield front
    finally:
        front.stop()


def _free_ports(count: int) -> list[int]:
    """Return ports nobody listens on, from where the kernel takes none for connections of others."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(12_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found += [port] if port not in found else []
    return found


def _answers(door: Address) -> bool:
    with suppress(OSError), socket.create_connection(door, 1):
        return True
    return False
