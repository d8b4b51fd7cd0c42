"""Slow HTTP clients delay nobody, and each is disconnected at its deadline."""

import json
import re
import select
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from time import monotonic

import psutil
import pytest
from websockets.sync.client import connect

from chat_protocol.address import Address
from tests.hostile.raw_http import UPGRADE, ask, request
from tests.hostile.rounds import ROUNDS
from tests.support.processes import Program, find_address, running, start
from tests.support.timing import TIMEOUT, at_most, eventually
from tests.web_gateway.conftest import RawBrowser, Room, serving_here
from web_gateway import browser as browser_module
from web_gateway import relay as relay_module
from web_gateway.config import Config

_CROWD = 200
_DEADLINE = 3.0  # seconds: no honest client takes as long, on a busy machine either
_HEAD = b"Host: 127.0.0.1\r\n"
_SLOW = {
    "nothing": b"",
    "half a request line": b"GET /static/js/ro",
    "half a head": b"GET / HTTP/1.1\r\n" + _HEAD + b"X-Slow: ",
    "half a handshake": b"GET /ws HTTP/1.1\r\n" + _HEAD + UPGRADE.encode()[:-4],
    "half a body": b"POST / HTTP/1.1\r\n" + _HEAD + b"Content-Length: 100\r\n\r\nx",
    "half a chunk": b"POST / HTTP/1.1\r\n" + _HEAD + b"Transfer-Encoding: chunked\r\n\r\n64\r\nx",
    "half a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}

# The deadline is ten seconds; here it is shorter, so that the tests need not last as long.
_SHORT_DEADLINE = """
import web_gateway.worker as worker
worker.HEAD_TIMEOUT = {deadline}
if {counted}:
    worker.rate_limit_key = lambda address, _: address  # count this machine too
from web_gateway.cli import main
main()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Address]:
    with running("tcp_server", "--host", "127.0.0.1", "--port", "0") as program:
        yield program.address


@contextmanager
def _gateway(
    server: Address, *flags: str, deadline: float = _DEADLINE, counted: bool = False, log: str = ""
) -> Iterator[Program]:
    """Run the gateway; `log` is the pattern of what it may write to its log."""
    code = _SHORT_DEADLINE.format(deadline=deadline, counted=counted)
    program = start(sys.executable, "-c", code, "--port", "0", "--server", str(server), *flags)
    try:
        program.stdout.wait_for("\n")
        yield program
        assert program.stop() == 0
        program.assert_no_crash()
        assert re.fullmatch(log, program.stderr.text), program.stderr.text
    finally:
        program.kill()


def _address(program: Program) -> Address:
    return find_address(program.line.replace("http://", ""))


@contextmanager
def _crowd(address: Address, *sent: bytes, count: int = _CROWD) -> Iterator[list[socket.socket]]:
    """Open `count` connections and send each of `sent` in turn."""
    crowd: list[socket.socket] = []
    try:
        for _, beginning in zip(range(count), cycle(sent), strict=False):
            crowd.append(socket.create_connection(address, TIMEOUT))
            crowd[-1].sendall(beginning)
        yield crowd
    finally:
        for connection in crowd:
            connection.close()


def _join(address: Address) -> float:
    """Return the seconds that a new client needs to load the page and to join."""
    started = monotonic()
    assert ask(address, request("/")).status == 200
    with connect(f"ws://{address}/ws", open_timeout=TIMEOUT) as browser:
        browser.send(json.dumps({"type": "join", "name": "Анна"}))
        assert json.loads(browser.recv(timeout=TIMEOUT))["type"] == "welcome"
        browser.send('{"type":"leave"}')
        taken = monotonic() - started
        assert "bye" in str(browser.recv(timeout=TIMEOUT))
    return taken


def _expect_all_closed(crowd: list[socket.socket], within: float) -> None:
    """Fail unless every connection is closed in time, with or without an answer."""
    deadline = monotonic() + within
    left = set(crowd)
    while left:
        assert monotonic() < deadline, f"{len(left)} are still connected"
        for connection in select.select(list(left), [], [], 0.2)[0]:
            try:
                if not connection.recv(65536):
                    left.remove(connection)
            except ConnectionError:
                left.remove(connection)


@pytest.mark.timeout(180 * ROUNDS)
@pytest.mark.parametrize("flags", [[], ["--max-sessions", "4"]], ids=["many threads", "few threads"])
def test_slow_requests_delay_nobody(server: Address, flags: list[str]) -> None:
    with _gateway(server, *flags) as program:
        assert _join(_address(program)) < TIMEOUT  # everything is loaded now
        kinds = tuple(_SLOW.values())
        for sent in [kinds, *[(kind,) for kind in kinds]] if ROUNDS > 1 else [kinds]:
            with _crowd(_address(program), *sent) as crowd:
                assert _join(_address(program)) < at_most(1.0)
                _expect_all_closed(crowd, within=_DEADLINE + at_most(3.0))


def test_a_byte_at_a_time_does_not_extend_the_deadline(server: Address) -> None:
    with _gateway(server, "--max-sessions", "4") as program:
        address = _address(program)
        _join(address)
        with _crowd(address, b"GET / HTTP/1.1\r\n" + _HEAD) as crowd:
            started = monotonic()
            sending = list(crowd)
            while sending:
                assert monotonic() - started < _DEADLINE + at_most(3.0), "bytes extend the deadline"
                for connection in list(sending):
                    try:
                        connection.sendall(b"X")
                    except OSError:
                        sending.remove(connection)
                if sending:
                    assert _join(address) < at_most(1.0)


def test_more_than_can_wait_push_out_the_oldest(server: Address) -> None:
    with _gateway(server) as program, _crowd(_address(program), b"GET", count=600) as crowd:
        assert _join(_address(program)) < at_most(1.0)
        [worker] = psutil.Process(program.process.pid).children()
        assert worker.num_fds() < 256 + 64
        assert worker.num_threads() < 32
        _expect_all_closed(crowd, within=_DEADLINE + at_most(3.0))


def test_idle_kept_connections_are_closed(server: Address) -> None:
    with _gateway(server) as program:
        asked = request("/healthz").replace(b"Connection: close\r\n", b"")
        with _crowd(_address(program), asked) as crowd:
            assert _join(_address(program)) < at_most(1.0)
            _expect_all_closed(crowd, within=5.0 + at_most(3.0))


@pytest.mark.parametrize(
    "half", [b"\x81", b"\x81\xfe", b"\x81\xfe\x10\x00mas", b"\x81\xfe\x10\x00maskx", b"\x01\x81maskx"]
)
def test_an_incomplete_frame_ends_in_a_timeout(half: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_module, "IDLE_TIMEOUT", 0.5)
    monkeypatch.setattr(browser_module, "_LAST_WAIT", 0.2)
    monkeypatch.setattr(browser_module, "CLOSE_TIMEOUT", 0.2)
    monkeypatch.setattr(relay_module, "_SWEEP_INTERVAL", 0.05)
    room = Room()
    try:
        with serving_here(Config(server=(room.address,))) as serving:
            with RawBrowser(serving.address) as slow:
                room.accept()
                slow.socket.sendall(half)
                close = slow.read_close()
                assert (close.code, close.reason) == (1013, "idle timeout")
            assert serving.gateway
            eventually(lambda: serving.gateway is not None and serving.gateway.admission.sessions == 0)
    finally:
        room.close()


def test_many_incomplete_frames_keep_nobody_out(server: Address) -> None:
    with _gateway(server, deadline=60.0) as program:
        address = _address(program)
        _join(address)
        with ExitStack() as stack:
            for _ in range(_CROWD):
                stack.enter_context(RawBrowser(address, behind=b"\x81\xfe\x10\x00mask{"))
            assert _join(address) < at_most(1.0)


def test_one_address_cannot_keep_every_thread_busy() -> None:
    room = Room()  # it sends no prompt, so that a health check takes a second
    try:
        log = r"(.* WARNING (refused reason=max_per_address|room unreachable) .*\n)*"
        flags = ("--max-per-address", "3")
        with _gateway(room.address, *flags, deadline=60.0, counted=True, log=log) as program:
            with _crowd(_address(program), request("/healthz"), count=3) as busy:
                [worker] = psutil.Process(program.process.pid).children()
                eventually(lambda: worker.num_threads() >= 2 + len(busy))
                assert ask(_address(program), request("/")).status == 429
                for connection in busy:
                    assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
            eventually(lambda: ask(_address(program), request("/")).status == 200)
    finally:
        room.close()
