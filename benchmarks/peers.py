"""Other servers that broadcast lines, with their rate and buffer limits lifted."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.servers import ServerKind

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))

_NATS = """\
host: 127.0.0.1
port: {port}
max_connections: 100000
max_pending: 1GB
write_deadline: "60s"
ping_interval: "1h"
"""

_NGIRCD = """\
[Global]
Name = bench.local
Info = bench
Listen = 127.0.0.1
Ports = {port}
MotdFile = /nonexistent
AdminInfo1 = bench
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxNickLength = 16
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
SyslogFacility = local1
"""

_INSPIRCD = """\
<config format="xml">
<server name="bench.local" description="bench" network="bench" id="001">
<admin name="bench" nick="bench" email="bench@bench.local">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect name="all" allow="*" timeout="60" pingfreq="1h" hardsendq="1G" softsendq="1G" recvq="1M"
 threshold="100000" commandrate="1000000" fakelag="no" localmax="100000" globalmax="100000"
 maxconnwarn="no" resolvehostnames="no" useident="no" limit="100000">
<performance netbuffersize="65534" softlimit="100000" somaxconn="1024" clonesonconnect="no">
<options defaultmodes="">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{directory}/ircd.log">
<pid file="{directory}/ircd.pid">
<path datadir="{directory}" logdir="{directory}" runtimedir="{directory}">
"""

_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
max_connections -1
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages 0
set_tcp_nodelay true
persistence false
log_type error
"""


def peers() -> tuple[list[ServerKind], list[str]]:
    """Return the peers that are installed, and the Debian packages of those that are not."""
    found, absent = [], []
    for package, make in _PEERS.items():
        program = shutil.which(package, path=_PATH)
        if program is None:
            absent.append(package)
        else:
            found.append(make(program))
    return found, absent


def _write_settings(directory: Path, template: str, port: int) -> str:
    path = directory / "settings"
    path.write_text(template.format(port=port, directory=directory), encoding="ascii")
    path.chmod(0o644)
    return str(path)


def _redis(program: str) -> ServerKind:
    def command(directory: Path, port: int) -> Sequence[str]:
        flags = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), "--save", ""]
        room = ["--maxclients", "15000", "--tcp-backlog", "1024", "--loglevel", "warning"]
        return [program, *flags, *room, "--client-output-buffer-limit", "pubsub 0 0 0"]

    return ServerKind("Redis pub/sub", "redis", command)


def _nats(program: str) -> ServerKind:
    return ServerKind(
        "NATS", "nats", lambda directory, port: [program, "-c", _write_settings(directory, _NATS, port)]
    )


def _ngircd(program: str) -> ServerKind:
    def command(directory: Path, port: int) -> Sequence[str]:
        return [program, "-n", "-f", _write_settings(directory, _NGIRCD, port)]

    # It accepts one connection at a time, and a simultaneous one a second later.
    return ServerKind("ngIRCd", "irc", command, connecting=1, largest=1000)


def _inspircd(program: str) -> ServerKind:
    def command(directory: Path, port: int) -> Sequence[str]:
        as_root = ["--runasroot"] if os.geteuid() == 0 else []
        return [program, "--nofork", *as_root, f"--config={_write_settings(directory, _INSPIRCD, port)}"]

    return ServerKind("InspIRCd", "irc", command, connecting=500)  # it registers clients once a second


def _mosquitto(program: str) -> ServerKind:
    def command(directory: Path, port: int) -> Sequence[str]:
        return [program, "-c", _write_settings(directory, _MOSQUITTO, port)]

    return ServerKind("Mosquitto QoS 0", "mqtt", command)


_PEERS = {
    "redis-server": _redis,
    "nats-server": _nats,
    "inspircd": _inspircd,
    "ngircd": _ngircd,
    "mosquitto": _mosquitto,
}
