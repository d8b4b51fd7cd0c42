"""gunicorn's traps: each is tried against the server as users run it."""

import resource
import signal
import socket
import sys
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from time import monotonic, sleep

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from chat_protocol.address import Address
from tests.support.processes import Program, find_address, running, start
from tests.web_gateway.conftest import PATIENCE, Room, Serving


def _serving(program: Program) -> Serving:
    return Serving(find_address(program.line.replace("http://", "")))


def _eventually(condition: Callable[[], bool], within: float = PATIENCE) -> None:
    deadline = monotonic() + within
    while not condition():
        assert monotonic() < deadline, "it never came to be"
        sleep(0.02)


def _ask_health(address: Address, within: float = PATIENCE) -> int:
    with urllib.request.urlopen(f"http://{address}/healthz", timeout=within) as response:
        return int(response.status)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_closes_everybody_with_1001_and_ends_at_once(room: Room, number: signal.Signals) -> None:
    with (
        running("web_gateway", "--port", "0", "--server", str(room.address)) as program,
        ExitStack() as stack,
    ):
        children = psutil.Process(program.process.pid).children()
        chats = [stack.enter_context(_serving(program).chat(room)) for _ in range(30)]
        half_asked = stack.enter_context(socket.create_connection(program.address))
        half_asked.sendall(b"GET / HTTP/1.1\r\n")
        started = monotonic()
        program.process.send_signal(number)
        for browser, end in chats:
            with pytest.raises(ConnectionClosed) as closed:
                browser.recv(timeout=PATIENCE)
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "the gateway stops")
            end.expect_end()
        half_asked.close()
        assert program.wait(5) == 0
        assert monotonic() - started < 5
        assert not any(child.is_running() for child in children)
        assert program.stderr.text == ""


def test_a_browser_that_ignores_the_end_does_not_delay_it(room: Room) -> None:
    with (
        running("web_gateway", "--port", "0", "--server", str(room.address)) as program,
        ExitStack() as stack,
    ):
        for _ in range(3):
            # Kept alive by HTTP, as by a page that is only looked at.
            idle = stack.enter_context(socket.create_connection(program.address))
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        started = monotonic()
        assert program.stop(within=5) == 0
        assert monotonic() - started < 5


def test_sessions_leave_no_thread_or_descriptor_behind(room: Room) -> None:
    with running("web_gateway", "--port", "0", "--server", str(room.address)) as program:
        [worker] = psutil.Process(program.process.pid).children()
        serving = _serving(program)

        def together(count: int) -> None:
            with ExitStack() as stack:
                for _ in range(count):
                    stack.enter_context(serving.chat(room))

        together(20)  # as many threads as the pool will need
        _eventually(lambda: worker.num_fds() <= 20)
        descriptors, threads = worker.num_fds(), worker.num_threads()
        for _ in range(3):
            together(20)
        _eventually(lambda: worker.num_fds() <= descriptors)
        assert worker.num_threads() <= threads


def test_clients_that_keep_a_finished_connection_open_freeze_nobody(room: Room) -> None:
    with (
        running("web_gateway", "--port", "0", "--server", str(room.address)) as program,
        ExitStack() as stack,
    ):
        started = monotonic()
        for _ in range(8):
            lingering = stack.enter_context(socket.create_connection(program.address))
            lingering.sendall(b"GET /nowhere HTTP/1.0\r\n\r\n")
            lingering.settimeout(PATIENCE)
            assert b" 404 " in lingering.recv(4096)
            # Its server side is now being closed, for which gunicorn waits where it accepts.
        assert _ask_health(program.address) == 200
        assert monotonic() - started < 2, "one wait alone would have taken as long"


_HASTY = """
import web_gateway.gunicorn_server as server
server.HEAD_TIMEOUT = 0.5
from web_gateway.cli import main
main()
"""


def test_half_a_request_holds_no_thread_beyond_its_deadline(room: Room) -> None:
    flags = ("--port", "0", "--server", str(room.address), "--max-sessions", "1")
    program = start(sys.executable, "-c", _HASTY, *flags)
    try:
        program.stdout.wait_for("\n")
        with ExitStack() as stack:
            started = monotonic()
            slow = [stack.enter_context(socket.create_connection(program.address)) for _ in range(17)]
            for connection in slow:
                connection.sendall(b"GET / HTTP/1.1\r\nHost:")  # all threads are taken now
                connection.settimeout(PATIENCE)
            assert _ask_health(program.address) == 200
            for connection in slow:
                assert connection.recv(1) == b""
            assert monotonic() - started < 4
        assert program.stop() == 0
        program.assert_no_crash()
    finally:
        program.kill()


def test_out_of_descriptors_the_new_wait_and_those_inside_stay(room: Room) -> None:
    with (
        running("web_gateway", "--port", "0", "--server", str(room.address)) as program,
        _serving(program).chat(room) as (browser, end),
    ):
        [worker] = psutil.Process(program.process.pid).children()
        used = worker.num_fds()
        soft, hard = resource.prlimit(worker.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (used, hard))
        with socket.create_connection(program.address) as waiting:
            waiting.sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
            program.stderr.wait_for("cannot take another connection")
            browser.send('{"type":"ping"}')
            assert end.read_line() == '{"type":"ping"}'
            resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (soft, hard))
            waiting.settimeout(PATIENCE)
            assert b" 404 " in waiting.recv(4096)


def test_several_workers_share_the_port(room: Room) -> None:
    flags = ("--port", "0", "--server", str(room.address), "--workers", "2")
    with running("web_gateway", *flags) as program, ExitStack() as stack:
        _eventually(lambda: len(psutil.Process(program.process.pid).children()) == 2)
        for _ in range(6):
            browser, end = stack.enter_context(_serving(program).chat(room))
            end.send('{"type":"pong"}\n')
            assert browser.recv(timeout=PATIENCE) == '{"type":"pong"}'
