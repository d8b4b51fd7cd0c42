"""`make cluster` after its set-up: one room on three servers, one of which is killed."""

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.request import urlopen

import pytest

from chat_protocol.address import Address
from tests.end_to_end.fronts import free_ports
from tests.support.processes import ROOT, Program, start
from tests.support.raw import JsonClient
from tests.support.requirements import needs_haproxy, needs_redis
from tests.support.timing import TIMEOUT

NAMES = ["redis", "server a", "server b", "server c", "gateway a", "gateway b", "haproxy"]


@contextmanager
def cluster(folder: Path, port: int | str, web_port: int | str) -> Iterator[Program]:
    flags = ("--folder", str(folder), "--again-after", "0.5")
    program = start(sys.executable, "tools/cluster.py", str(port), str(web_port), *flags, cwd=ROOT)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.stop()


@needs_haproxy
@needs_redis
def test_a_room_goes_on_when_one_of_its_servers_is_killed(tmp_path: Path) -> None:
    port, web_port = free_ports(2)
    with cluster(tmp_path, port, web_port) as program, ExitStack() as stack:
        said = program.stdout.wait_for("Ctrl-C stops all.\n")
        lines = re.findall(r"^(\w+(?: \w)?) +127\.0\.0\.1:(\d+) +pid (\d+)", said, re.MULTILINE)
        assert [name for name, _, _ in lines] == NAMES
        ports = {name: int(number) for name, number, _ in lines}
        (victim,) = re.findall(r"^Try: kill -9 (\d+)$", said, re.MULTILINE)
        assert ("server a", victim) in [(name, pid) for name, _, pid in lines]
        (terminal,) = re.findall(
            rf"^Open http://localhost:{web_port} or: (\S+) localhost:{port}$", said, re.MULTILINE
        )
        assert (ROOT / terminal).samefile(Path(sys.executable).with_name("oneroom"))
        status = f"{terminal}-server status --history {tmp_path}/$server.db"
        assert f"Who is where: for server in a b c; do {status}; done\n" in said
        with urlopen(f"http://localhost:{web_port}/", timeout=TIMEOUT) as page:
            assert page.status == 200

        front = Address("127.0.0.1", port)
        clients = {name: stack.enter_context(JsonClient(front)) for name in ("Анна", "Боря", "Вера")}
        sessions = {name: client.join(name, history=0)["session"] for name, client in clients.items()}
        os.kill(int(victim), signal.SIGKILL)
        # Nearly always one: each has another server, unless a busy machine was too slow for HAProxy.
        cut = [name for name, client in clients.items() if is_cut(client)]
        for name in cut:
            clients[name] = stack.enter_context(come_back(front, name, sessions[name]))
        speaker = next(iter([*cut, *clients]))
        clients[speaker].say_json(type="say", ref="1", text="ещё здесь")
        for name in clients.keys() - {speaker}:
            assert "left" not in clients[name].read_until("ещё здесь").decode()
        program.stdout.wait_for("server a is started again, pid ")
    assert program.process.poll() == 0
    program.assert_no_crash()
    for number in ports.values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", number)) != 0


@pytest.mark.parametrize(
    ("port", "web_port", "why"),
    [
        ("abc", "5000", "make cluster PORT=abc: a port is a number from 1 to 65000"),
        ("8080", "65535", "make cluster WEB_PORT=65535: a port is a number from 1 to 65000"),
        ("8080", "8080", "PORT and WEB_PORT are both 8080: each needs a port of its own"),
    ],
)
def test_ports_that_cannot_be_used_are_told_in_one_line(
    tmp_path: Path, port: str, web_port: str, why: str
) -> None:
    with cluster(tmp_path, port, web_port) as program:
        assert program.wait() == 1
    assert program.stderr.text == f"{why}\n"


def come_back(front: Address, name: str, session: str) -> JsonClient:
    """Join again as every client does: until it works, as the killed server may be on its way back."""
    deadline = monotonic() + TIMEOUT
    while True:
        client = JsonClient(front)
        try:
            assert client.join("Другая", session=session, history=0)["name"] == name
        except AssertionError:
            client.close()
            assert monotonic() < deadline
            sleep(0.1)
        else:
            return client


def is_cut(client: JsonClient) -> bool:
    """Return whether a client's server is gone."""
    try:
        client.fence()
    except (AssertionError, OSError):
        return True
    return False


def test_a_taken_port_is_explained(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with cluster(tmp_path, number, *free_ports(1)) as program:
            assert program.wait() == 1
        advice = f"port {number} is taken; with another one: make cluster PORT="
        assert program.stderr.text.startswith(advice)
