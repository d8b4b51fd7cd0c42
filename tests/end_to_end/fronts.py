"""The documented proxies: real programs and files; tests change only ports, paths and limits."""

import os
import random
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chat_protocol.address import Address
from tests.support.certificates import Certificate
from tests.support.processes import ROOT, Program, running, start
from tests.support.raw import JsonClient
from tests.support.requirements import HAPROXY, NGINX, needs_haproxy, needs_nginx
from tests.support.timing import TIMEOUT

HOST = "chat.example.org"
MODERATOR = "only for this test"


class Listeners(NamedTuple):
    """The addresses that a front listens on."""

    terminals: Address
    browsers: Address
    plain_http: Address


class Kind(NamedTuple):
    """One proxy: its documented file, the commands that run and check it, the signal that reloads it."""

    documented: Path
    run: Callable[[Path], list[str]]
    check: Callable[[Path], list[str]]
    reload: signal.Signals
    loaded: str  # what it prints when it has read its file
    replaced: Callable[[Path, Any, Listeners], dict[str, str]]


def _haproxy_replaced(_folder: Path, certificate: Certificate, listeners: Listeners) -> dict[str, str]:
    return _haproxy_listeners(listeners) | {
        "    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n": "",
        "maxconn 8000": "maxconn 400",  # any machine allows that
        "/etc/haproxy/oneroom.pem": str(certificate.both),
    }


def _haproxy_cluster_replaced(
    _folder: Path, _certificate: Certificate, listeners: Listeners
) -> dict[str, str]:
    return _haproxy_listeners(listeners) | {"maxconn 8000": "maxconn 400"}


def _haproxy_listeners(listeners: Listeners) -> dict[str, str]:
    return {
        "*:6697,[::]:6697 v6only": str(listeners.terminals),
        "*:443,[::]:443 v6only": str(listeners.browsers),
        "*:80,[::]:80 v6only": str(listeners.plain_http),
    }


def _nginx_replaced(folder: Path, certificate: Certificate, listeners: Listeners) -> dict[str, str]:
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
        "listen 6697 ": f"listen {listeners.terminals} ",
        "listen [::]:6697 ssl so_keepalive=30s:10s:3;\n": "",
        "listen 443 ": f"listen {listeners.browsers} ",
        "listen [::]:443 ssl so_keepalive=30s:10s:3;\n": "",
        "listen 80;": f"listen {listeners.plain_http};",
        "listen [::]:80;\n": "",
    }


def _haproxy_in_the_open_replaced(
    _folder: Path, _certificate: Certificate | None, listeners: Listeners
) -> dict[str, str]:
    return {
        "*:8080": str(listeners.terminals),
        "*:8000": str(listeners.browsers),
        "127.0.0.1:8404": str(listeners.plain_http),  # who is up
        "maxconn 8000": "maxconn 400",
    }


_HAPROXY = Kind(
    ROOT / "docs" / "front" / "haproxy.cfg",
    # A master and its worker, as its systemd unit runs it.
    lambda file: [HAPROXY, "-W", "-db", "-f", str(file)],
    lambda file: [HAPROXY, "-c", "-f", str(file)],
    signal.SIGUSR2,
    "Loading success.",
    _haproxy_replaced,
)
KINDS: Mapping[str, Kind] = {
    "haproxy": _HAPROXY,
    "haproxy-cluster": _HAPROXY._replace(
        documented=ROOT / "docs" / "front" / "haproxy-cluster.cfg", replaced=_haproxy_cluster_replaced
    ),
    "haproxy-in-the-open": _HAPROXY._replace(
        documented=ROOT / "docs" / "front" / "haproxy-cluster.cfg", replaced=_haproxy_in_the_open_replaced
    ),
    "nginx": Kind(
        ROOT / "docs" / "front" / "nginx.conf",
        lambda file: [NGINX, "-e", "stderr", "-c", str(file), "-g", "daemon off; error_log stderr notice;"],
        lambda file: [NGINX, "-e", "stderr", "-t", "-c", str(file)],
        signal.SIGHUP,
        "start worker process ",
        _nginx_replaced,
    ),
}
EACH_KIND = [
    pytest.param("haproxy", marks=needs_haproxy),
    pytest.param("nginx", marks=needs_nginx),
]


class Front:
    """A documented proxy in front of a room and a gateway. Use `running_front` to start one."""

    def __init__(self, kind: Kind, file: Path, listeners: Listeners, certificate: Certificate | None) -> None:
        self.listeners = listeners
        self._certificate = certificate
        self._kind = kind
        self._file = file
        self._env = {"ONEROOM_CONTAINER": "yes"}
        if certificate:
            self._env["ONEROOM_CERTIFICATE"] = str(certificate.both)
        self._program: Program | None = None

    @property
    def certificate(self) -> Certificate:
        """Its certificate; one in the open has none."""
        assert self._certificate is not None
        return self._certificate

    def check(self) -> str:
        """Have the proxy check its file; return what it prints, fail if it rejects the file."""
        verdict = subprocess.run(
            self._kind.check(self._file),
            env=os.environ | self._env,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        said = verdict.stdout + verdict.stderr
        assert verdict.returncode == 0, said
        return said

    def start(self) -> None:
        """Start it and wait until every listener answers."""
        self._program = start(*self._kind.run(self._file), env=self._env)
        self._wait_until_loaded(1)
        deadline = time.monotonic() + TIMEOUT
        for listener in self.listeners:
            while not _answers(listener):
                assert time.monotonic() < deadline, (
                    f"nothing listens on {listener}: {self._program.stderr.text}"
                )
                assert self._program.process.poll() is None, self._program.stderr.text
                time.sleep(0.02)

    def reload(self) -> None:
        """Make it read its file again, and wait until it has."""
        assert self._program is not None
        times = self._program.stderr.text.count(self._kind.loaded)
        self._program.process.send_signal(self._kind.reload)
        self._wait_until_loaded(times + 1)

    def _wait_until_loaded(self, times: int) -> None:
        """Wait until it has read its file so often, and a signal would not be lost."""
        assert self._program is not None
        self._program.stderr.wait_for(lambda text: text.count(self._kind.loaded) >= times)
        deadline = time.monotonic() + TIMEOUT
        while not _handles(self._program.process.pid, signal.SIGTERM, self._kind.reload):
            assert time.monotonic() < deadline, "it handles no signals"
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it and all connections through it. Does nothing if it is stopped."""
        if self._program is None:
            return
        try:
            self._program.stop(within=TIMEOUT)
        finally:
            if self._program.process.poll() is None:
                self._program.kill()
            self._program = None


@contextmanager
def running_front(
    name: str, folder: Path, certificate: Certificate | None, changes: Mapping[str, str]
) -> Iterator[Front]:
    """Run a proxy with its documented file until the block ends; one in the open has no certificate.

    `changes` replaces parts of the file's text, such as the addresses of the room and timeouts.
    """
    kind = KINDS[name]
    listeners = Listeners(*(Address("127.0.0.1", port) for port in free_ports(3)))
    text = kind.documented.read_text(encoding="utf-8")
    for old, new in (kind.replaced(folder, certificate, listeners) | dict(changes)).items():
        assert old in text, f"{kind.documented.name} no longer has {old!r}"
        text = text.replace(old, new)
    file = folder / kind.documented.name
    file.write_text(text, encoding="utf-8")
    front = Front(kind, file, listeners, certificate)
    try:
        front.start()
        yield front
    finally:
        front.stop()


class Services(NamedTuple):
    """A room, a gateway to it, and a documented proxy in front of both."""

    server: Program
    front: Front


@contextmanager
def services_behind(
    kind: str,
    folder: Path,
    certificate: Certificate,
    changes: Mapping[str, str] | None = None,
    host: str = HOST,
) -> Iterator[Services]:
    # As docs/tls.md starts them, on ports of their own.
    with (
        running(
            "tcp_server",
            *("--host", "127.0.0.1", "--port", "0", "--trusted-proxy", "127.0.0.1"),
            env={"ONEROOM_SERVER_MODERATOR_PASSWORD": MODERATOR},
        ) as server,
        running(
            "web_gateway",
            *("--port", "0", "--server", str(server.address), "--trusted-proxy", "127.0.0.1"),
            *("--proxy-protocol", "--allowed-host", host),
        ) as gateway,
        running_front(
            kind,
            folder,
            certificate,
            {"127.0.0.1:8080": str(server.address), "127.0.0.1:5000": str(gateway.address)}
            | dict(changes or {}),
        ) as front,
    ):
        yield Services(server, front)


def addresses(server: Program, *names: str) -> list[list[str]]:
    """Return the addresses of members, as a moderator sees them."""
    with JsonClient(server.address, TIMEOUT) as moderator:
        moderator.join("Смотритель", history=0)
        moderator.say_json(type="authenticate", password=MODERATOR)
        moderator.fence()
        found = []
        for name in names:
            moderator.say_json(type="whois", name=name)
            found.append(next(event for event in moderator.fence() if event["type"] == "whois")["addresses"])
        moderator.leave()
        return found


def free_ports(count: int) -> list[int]:
    """Return free ports outside the range that the kernel uses for outgoing connections."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(12_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found += [port] if port not in found else []
    return found


def _handles(pid: int, *numbers: signal.Signals) -> bool:
    """Return whether a process has handlers for these signals and does not block them."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except FileNotFoundError:  # no Linux
        return True
    masks = {
        name: int(mask, 16) for name, mask in re.findall(r"^(Sig\w+):\s*([0-9a-f]+)$", status, re.MULTILINE)
    }
    handled = masks["SigCgt"] & ~masks["SigBlk"]
    return all(handled >> number - 1 & 1 for number in numbers)


def _answers(listener: Address) -> bool:
    with suppress(OSError), socket.create_connection(listener, 1):
        return True
    return False
