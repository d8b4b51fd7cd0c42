"""Weak points of gunicorn's threaded worker, tried against the gateway as users run it."""

import resource
import signal
import socket
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from chat_protocol.address import Address
from tests.hostile.raw_http import ASSETS, FILES
from tests.support.paused_log import Pipe, Terminal, logging_to
from tests.support.processes import Program, find_address, running, start
from tests.support.timing import TIMEOUT, at_most, eventually
from tests.web_gateway.conftest import RawBrowser, Room, Serving, text


def _serving(program: Program) -> Serving:
    return Serving(find_address(program.line.replace("http://", "")))


def _ask(address: Address, path: str = "/healthz", within: float = TIMEOUT) -> int:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=within) as response:
        return int(response.status)


def _shows_the_page(address: Address, within: float) -> bool:
    try:
        return _ask(address, "/", within) == 200
    except TimeoutError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_browsers_with_1001_and_ends_the_gateway(room: Room, number: signal.Signals) -> None:
    with (
        running("web_gateway", "--port", "0", "--server", str(room.address)) as program,
        ExitStack() as stack,
    ):
        children = psutil.Process(program.process.pid).children()
        chats = [stack.enter_context(_serving(program).chat(room)) for _ in range(30)]
        half_sent = stack.enter_context(socket.create_connection(program.address))
        half_sent.sendall(b"GET / HTTP/1.1\r\n")
        started = monotonic()
        program.process.send_signal(number)
        for browser, end in chats:
            with pytest.raises(ConnectionClosed) as closed:
                browser.recv(timeout=TIMEOUT)
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "the gateway stops")
            end.expect_end()
        half_sent.close()
        assert program.wait() == 0
        assert monotonic() - started < at_most(5)
        assert not any(child.is_running() for child in children)
        assert program.stderr.text == ""


def test_idle_http_connections_do_not_delay_the_end(room: Room) -> None:
    with (
        running("web_gateway", "--port", "0", "--server", str(room.address)) as program,
        ExitStack() as stack,
    ):
        for _ in range(3):
            # Kept alive by HTTP, as after a page that opened no WebSocket.
            idle = stack.enter_context(socket.create_connection(program.address))
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        started = monotonic()
        assert program.stop() == 0
        assert monotonic() - started < at_most(5)


def test_sessions_leave_no_thread_or_descriptor_behind(room: Room) -> None:
    with running("web_gateway", "--port", "0", "--server", str(room.address)) as program:
        [worker] = psutil.Process(program.process.pid).children()
        serving = _serving(program)

        def together(count: int) -> None:
            with ExitStack() as stack:
                for _ in range(count):
                    stack.enter_context(serving.chat(room))

        together(20)  # starts as many threads as the pool will need
        eventually(lambda: worker.num_fds() <= 20)
        descriptors, threads = worker.num_fds(), worker.num_threads()
        for _ in range(3):
            together(20)
        eventually(lambda: worker.num_fds() <= descriptors)
        assert worker.num_threads() <= threads


def test_clients_that_keep_a_finished_connection_open_block_nobody(room: Room) -> None:
    with (
        running("web_gateway", "--port", "0", "--server", str(room.address)) as program,
        ExitStack() as stack,
    ):
        started = monotonic()
        for _ in range(20):
            lingering = stack.enter_context(socket.create_connection(program.address))
            lingering.sendall(b"GET /nowhere HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            lingering.settimeout(TIMEOUT)
            assert b" 404 " in lingering.recv(4096)
            # The server is closing it now; gunicorn waits for that in the thread that accepts.
        assert _ask(program.address) == 200
        assert monotonic() - started < at_most(2), "one wait alone would have taken as long"


_STRICT = """
import web_gateway.gunicorn_server as server
import web_gateway.worker as worker
worker.HEAD_TIMEOUT = worker.ANSWER_TIMEOUT = 0.5
server.SPARE_THREADS = 1
from web_gateway.cli import main
main()
"""


@pytest.fixture
def strict(room: Room) -> Iterator[Program]:
    """A gateway with two threads and short timeouts."""
    flags = ("--port", "0", "--server", str(room.address), "--max-sessions", "1")
    program = start(sys.executable, "-c", _STRICT, *flags)
    try:
        program.stdout.wait_for("\n")
        yield program
        assert program.stop() == 0
        program.assert_no_crash()
    finally:
        program.kill()


@pytest.mark.parametrize(
    "asked", [b"GET / HTTP/1.1\r\nHost:", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"]
)
def test_half_a_request_holds_no_thread_beyond_its_deadline(strict: Program, asked: bytes) -> None:
    with ExitStack() as stack:
        started = monotonic()
        slow = [stack.enter_context(socket.create_connection(strict.address)) for _ in range(2)]
        for connection in slow:
            connection.sendall(asked)  # all threads are busy now
            connection.settimeout(TIMEOUT)
        assert _ask(strict.address, "/") == 200
        for connection in slow:
            while connection.recv(4096):
                pass
        assert monotonic() - started < at_most(4)


def test_an_unread_response_holds_no_thread_beyond_its_deadline(strict: Program) -> None:
    sizes = {name: len(file.bodies["identity"]) for name, file in ASSETS.files.items()}
    longest = max(sizes, key=lambda name: sizes[name])
    request = f"GET {FILES}/{longest} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(2):
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(strict.address)
            deaf.sendall(request * (6_000_000 // sizes[longest]))  # twice what the kernel keeps
        eventually(lambda: not _shows_the_page(strict.address, within=0.3))  # all threads are busy now
        eventually(lambda: _shows_the_page(strict.address, within=TIMEOUT))


_IMPATIENT = """
import web_gateway.browser as browser
import web_gateway.relay as relay
browser.PING_INTERVAL = 0.05
browser.IDLE_TIMEOUT = 3.3
browser._LAST_WAIT = 3.0
relay._SWEEP_INTERVAL = 0.05
from web_gateway.cli import main
main()
"""


def test_a_gateway_that_was_stopped_for_a_while_keeps_its_sessions(room: Room) -> None:
    program = start(sys.executable, "-c", _IMPATIENT, "--port", "0", "--server", str(room.address))
    try:
        program.stdout.wait_for("\n")
        gateway = psutil.Process(program.process.pid)
        with _serving(program).chat(room) as (browser, end):
            for process in (gateway, *gateway.children()):
                process.suspend()
            sleep(0.5)  # longer than the browser may be silent, and nothing pings it now
            for process in (gateway, *gateway.children()):
                process.resume()
            browser.send('{"type":"ping"}')
            assert end.read_line() == '{"type":"ping"}'
            end.send('{"type":"pong"}\n')
            assert browser.recv(timeout=TIMEOUT) == '{"type":"pong"}'
    finally:
        program.kill()


def test_a_session_blocked_on_the_room_does_not_delay_the_end(room: Room) -> None:
    with running("web_gateway", "--port", "0", "--server", str(room.address)) as program:
        with RawBrowser(program.address) as browser:
            room.accept()  # and does not read
            longest = text('{"n":"' + "x" * 60_000 + '"}').serialize(mask=True)
            browser.socket.settimeout(0.3)
            with suppress(TimeoutError):
                while True:
                    browser.socket.sendall(longest)
            assert program.stop(within=at_most(5)) == 0
        assert program.stderr.text == ""


def test_gunicorn_opens_no_control_socket(room: Room, tmp_path: Path) -> None:
    homeless = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": ""}
    with running("web_gateway", "--port", "0", "--server", str(room.address), env=homeless) as program:
        assert program.stop() == 0
    assert list(tmp_path.iterdir()) == [], "gunicorn would make a folder for the socket"


def test_out_of_descriptors_new_connections_wait_and_sessions_go_on(room: Room) -> None:
    with (
        running("web_gateway", "--port", "0", "--server", str(room.address)) as program,
        _serving(program).chat(room) as (browser, end),
    ):
        browser.send('{"type":"typing"}')
        assert end.read_line() == '{"type":"typing"}', "the session is complete"
        [worker] = psutil.Process(program.process.pid).children()
        used = worker.num_fds()
        soft, hard = resource.prlimit(worker.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (used, hard))
        with ExitStack() as others, socket.create_connection(program.address) as waiting:
            for _ in range(4):  # what has just been closed leaves a few descriptors
                others.enter_context(socket.create_connection(program.address))
            waiting.sendall(b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            program.stderr.wait_for("refused reason=resources error=[Errno 24]")
            browser.send('{"type":"ping"}')
            assert end.read_line() == '{"type":"ping"}'
            resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (soft, hard))
            waiting.settimeout(TIMEOUT)
            assert b" 404 " in waiting.recv(4096)


_THREADLESS = """
import sys, threading, pathlib
start = threading.Thread.start
def start_if_allowed(thread):
    if pathlib.Path(sys.argv[1]).exists():
        raise RuntimeError("can't start new thread")
    start(thread)
threading.Thread.start = start_if_allowed
from web_gateway.cli import main
main(sys.argv[2:])
"""


def test_out_of_threads_new_connections_are_refused_and_sessions_go_on(room: Room, tmp_path: Path) -> None:
    shortage = tmp_path / "shortage"
    flags = ("--port", "0", "--server", str(room.address))
    program = start(sys.executable, "-c", _THREADLESS, str(shortage), *flags)
    try:
        program.stdout.wait_for("\n")
        with _serving(program).chat(room) as (browser, end):
            shortage.touch()
            for _ in range(30):
                with suppress(OSError):  # unless a thread happens to be free
                    _ask(program.address)
            program.stderr.wait_for("refused reason=resources error=can't start new thread")
            browser.send('{"type":"ping"}')
            assert end.read_line() == '{"type":"ping"}'
            shortage.unlink()
            assert _ask(program.address, within=at_most(2.0)) == 200
        assert program.stop() == 0
        program.assert_no_crash()
        assert program.stderr.text.count("refused reason=resources") == 2  # the first, and how many more
    finally:
        program.kill()


_LOUD = """
import logging
from web_gateway.gateway import Gateway
start = Gateway.start
def start_loudly(gateway):
    for name in ("web_gateway", "gunicorn.error"):
        logging.getLogger(name).error("%s is loud", name)
    start(gateway)
Gateway.start = start_loudly
from web_gateway.cli import main
main()
"""


@pytest.mark.parametrize("kind", [Pipe, Terminal])
def test_a_paused_log_delays_no_page(room: Room, kind: type[Pipe]) -> None:
    log = kind()
    log.pause()
    with logging_to(log, "-c", _LOUD, "--port=0", f"--server={room.address}") as (process, address):
        assert _ask(address) == 200
        log.resume()
        log.wait_for(b"web_gateway is loud")
        log.wait_for(b"gunicorn.error is loud")
        process.terminate()
        assert process.wait(TIMEOUT) == 0


def test_several_workers_share_the_port(room: Room) -> None:
    flags = ("--port", "0", "--server", str(room.address), "--workers", "2")
    with running("web_gateway", *flags) as program, ExitStack() as stack:
        eventually(lambda: len(psutil.Process(program.process.pid).children()) == 2)
        for _ in range(6):
            browser, end = stack.enter_context(_serving(program).chat(room))
            end.send('{"type":"pong"}\n')
            assert browser.recv(timeout=TIMEOUT) == '{"type":"pong"}'
