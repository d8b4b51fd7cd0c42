"""Two hundred clients that never complete a name, in several ways."""

import selectors
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from time import monotonic

import psutil
import pytest

from tests.hostile.rounds import ROUNDS
from tests.support.processes import Program, running
from tests.support.raw import PROMPT, DeafClient, JsonClient, RawClient
from tests.support.timing import TIMEOUT, at_most

FLAGS = ("--host", "127.0.0.1", "--port", "0", "--trusted-proxy", "127.0.0.1")
DEADLINE = 3.0
MARGIN = at_most(2.0)
"""Seconds beyond the deadline until the connection is closed."""

CLIENTS = 200
INTERVAL = 0.1
"""Seconds between two bytes of a client."""


def silent(_: int) -> bytes:
    return b""


def half_a_header(turn: int) -> bytes:
    return b"PROXY TCP4 203.0.113.7 192.0.2.1 40000 8"[turn : turn + 1]


def half_a_line(turn: int) -> bytes:
    return b'{"type":"join","name":"' + b"a" * 1000 if turn == 0 else b"a"


def half_a_character(turn: int) -> bytes:
    return b"\xd0" if turn == 0 else b""


def bad_names(turn: int) -> bytes:
    return b"a:b\n" if turn % 5 == 0 else b""


def bad_joins(turn: int) -> bytes:
    return b'{"type":"join","name":""}\n' if turn % 5 == 0 else b""


BEHAVIOURS: tuple[Callable[[int], bytes], ...] = (
    silent,
    half_a_header,
    half_a_line,
    half_a_character,
    bad_names,
    bad_joins,
)


class SlowClients(threading.Thread):
    """Sends for all of them, and records how long each lasted. Read `lasted` after `join`."""

    def __init__(self, program: Program) -> None:
        super().__init__(name="slow_clients")
        self._selector = selectors.DefaultSelector()
        self._clients: dict[RawClient, tuple[Callable[[int], bytes], float]] = {}
        for number in range(CLIENTS):
            # Half of them do not read, either.
            client = (DeafClient if number % 2 else RawClient)(program.address)
            client.socket.setblocking(False)
            self._clients[client] = BEHAVIOURS[number // 2 % len(BEHAVIOURS)], monotonic()
            self._selector.register(client.socket, selectors.EVENT_READ, client)
        self.lasted: list[float] = []
        self.all_connected = threading.Event()

    def run(self) -> None:
        turn = 0
        next_send = monotonic()
        give_up = monotonic() + 2 * (DEADLINE + MARGIN)
        while self._clients and monotonic() < give_up:
            for key, _ in self._selector.select(max(0.0, next_send - monotonic())):
                self._read(key.data)
            if monotonic() >= next_send:
                self._send_next(turn)
                turn += 1
                next_send += INTERVAL
                self.all_connected.set()
        self._selector.close()
        for client in self._clients:
            client.close()

    def _read(self, client: RawClient) -> None:
        try:
            ended = not client.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            self._selector.unregister(client.socket)
            _, since = self._clients.pop(client)
            self.lasted.append(monotonic() - since)
            client.close()

    def _send_next(self, turn: int) -> None:
        for client, (behaviour, _) in self._clients.items():
            with suppress(OSError):
                client.socket.send(behaviour(turn))


@pytest.mark.timeout(180 * ROUNDS)
def test_slow_clients_on_the_tcp_port() -> None:
    with running("tcp_server", *FLAGS, "--name-timeout", str(DEADLINE)) as program, ExitStack() as stack:
        member = stack.enter_context(JsonClient(program.address))
        member.join("Вера")
        process = psutil.Process(program.process.pid)
        before = process.num_threads()
        for turn in range(ROUNDS):
            slow_clients = SlowClients(program)
            slow_clients.start()
            assert slow_clients.all_connected.wait(10)
            for number in range(10):
                started = monotonic()
                with JsonClient(program.address) as honest:
                    honest.join(f"n{turn}-{number}")
                    assert monotonic() - started < at_most(1)
                    honest.fence()
            assert process.memory_info().rss < 100 * 2**20
            slow_clients.join()
            assert len(slow_clients.lasted) == CLIENTS, "some were never disconnected"
            assert max(slow_clients.lasted) < DEADLINE + MARGIN
            member.fence()
        deadline = monotonic() + TIMEOUT
        while process.num_threads() > before:
            assert monotonic() < deadline, "their threads have not ended"
            threading.Event().wait(0.05)
        assert program.stderr.text == ""


@pytest.mark.parametrize("half", [b"\xd0", b"{\xd0"])
def test_incomplete_characters_at_full_speed(half: bytes) -> None:
    """Input that does not decide the dialect costs next to nothing, at any rate."""
    with running("tcp_server", *FLAGS, "--rate", "20") as program, ExitStack() as stack:
        member = stack.enter_context(JsonClient(program.address))
        member.join("Вера")
        process = psutil.Process(program.process.pid)
        clients = [stack.enter_context(RawClient(program.address)) for _ in range(16)]
        threads = [threading.Thread(target=_send_forever, args=(client, half)) for client in clients]
        for thread in threads:
            thread.start()
        before, started = process.cpu_times().user, monotonic()
        while monotonic() < started + 2:
            member.fence()
            threading.Event().wait(0.05)
        assert process.cpu_times().user - before < 1.0
        started = monotonic()
        assert program.stop(signal.SIGTERM) == 0
        assert monotonic() - started < at_most(5)
        for client in clients:
            with suppress(OSError):
                client.socket.shutdown(socket.SHUT_RDWR)  # the kernel need not tell a full one of the end
        for thread in threads:
            thread.join()


def _send_forever(client: RawClient, data: bytes) -> None:
    with suppress(OSError):
        while True:
            client.socket.sendall(data * 4096)


def test_a_slow_name_within_the_deadline_is_accepted() -> None:
    """A name may come byte by byte."""
    with running("tcp_server", *FLAGS, "--name-timeout", "3") as program, RawClient(program.address) as slow:
        slow.expect(PROMPT)
        for byte in '{"type":"join","name":"Улитка"}\n'.encode():
            slow.send(bytes([byte]))
        slow.read_until('"welcome"')
