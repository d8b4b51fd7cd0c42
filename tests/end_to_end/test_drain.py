"""A restart that is announced: first not ready, then the clients are sent elsewhere one by one."""

import json
import selectors
import signal
import socket
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from chat_client import connect as join
from chat_protocol.address import Address, parse_address
from chat_protocol.contract import RETURN_WITHIN
from chat_protocol.drain import Spread
from tests.support.event_log import AS_JSON, wait_for_event
from tests.support.processes import Program, find_address, running
from tests.support.raw import JsonClient, RawClient
from tests.support.requirements import needs_structlog
from tests.support.status import ask
from tests.support.timing import IS_LONG, TIMEOUT, at_most

SECONDS = 0.4
LOCAL = ("--port", "0", "--status", "127.0.0.1:0", "--drain")

pytestmark = needs_structlog


def test_a_spread_is_even_and_gives_out_all() -> None:
    spread = Spread(range(1000), 10.0, now=0.0)
    portions = [spread.take(tenth / 10) for tenth in range(1, 101)]
    assert {len(portion) for portion in portions} <= {9, 10, 11}
    assert sorted(one for portion in portions for one in portion) == list(range(1000))
    assert portions[0] != sorted(portions[0], reverse=True)
    assert not spread
    assert not Spread([], 1.0, now=0.0)


@contextmanager
def room(seconds: float, *flags: str) -> Iterator[tuple[Program, Address]]:
    """Run a server that drains; give its status address too."""
    with running("tcp_server", "--host", "127.0.0.1", *LOCAL, str(seconds), *flags, env=AS_JSON) as program:
        yield program, parse_address(wait_for_event(program, "status served")["listening"])


def when_all_have_ended(ends: Sequence[Callable[[], object]]) -> list[float]:
    """Run these at the same time; return when each has returned."""

    def run(end: Callable[[], object]) -> float:
        end()
        return monotonic()

    with ThreadPoolExecutor(len(ends)) as threads:
        return sorted(threads.map(run, ends))


def test_a_server_sends_its_clients_elsewhere_one_by_one() -> None:
    with room(SECONDS) as (program, status), ExitStack() as stack:
        clients = [stack.enter_context(JsonClient(program.address)) for _ in range(20)]
        for number, client in enumerate(clients):
            client.join(f"json{number}")
        lines = stack.enter_context(RawClient(program.address))
        lines.join_lines("lines")
        program.process.terminate()
        wait_for_event(program, "draining", connections=21)
        assert ask(status, "/readyz") == (503, "the server stops\n")
        assert ask(status, "/livez") == (200, "ok\n")
        late = stack.enter_context(JsonClient(program.address))
        late.join("late")  # who sends clients has not seen it yet

        def expect_bye(client: JsonClient) -> None:
            told = [json.loads(line) for line in client.read_to_end().splitlines()]
            client.close()
            assert told[-1] == {"type": "bye", "reason": "restart", "retry_within": RETURN_WITHIN}
            assert {one["name"] for one in told if one["type"] == "left"} <= {"lines"}

        def expect_end() -> None:
            told = lines.read_to_end().decode()
            lines.close()
            assert told.endswith("Сервер перезапускается. Зайдите, пожалуйста, снова!\n")

        ended = when_all_have_ended([*(partial(expect_bye, one) for one in [*clients, late]), expect_end])
        assert ended[-1] - ended[0] > SECONDS / 3
        assert program.wait() == 0


def test_a_room_full_of_people_is_sent_elsewhere_evenly() -> None:
    people, seconds = (2_000, 10.0) if IS_LONG else (100, 0.5)
    limits = ("--max-connections", "0", "--crowd", "10")  # not told of each other
    with (
        room(seconds, *limits) as (program, _),
        selectors.DefaultSelector() as selector,
        ExitStack() as stack,
    ):
        for number in range(people):
            client = stack.enter_context(JsonClient(program.address))
            client.join(f"guest {number}", history=0)
            selector.register(client.socket, selectors.EVENT_READ, bytearray())
        program.process.terminate()
        wait_for_event(program, "draining", connections=people)
        ends: list[float] = []
        while selector.get_map():
            for key, _ in selector.select(TIMEOUT):
                assert isinstance(key.fileobj, socket.socket)
                if chunk := key.fileobj.recv(65536):
                    key.data.extend(chunk)
                    continue
                assert json.loads(key.data.splitlines()[-1])["reason"] == "restart"
                ends.append(monotonic())
                selector.unregister(key.fileobj)
                key.fileobj.close()
        assert program.wait() == 0
    if IS_LONG:
        busiest = max(bisect_left(ends, end + 1) - number for number, end in enumerate(ends))
        assert busiest <= 1.5 * people / seconds


def test_a_client_that_was_sent_away_comes_back_and_loses_nothing(tmp_path: Path) -> None:
    history = ("--history", str(tmp_path / "history.db"))
    with room(0.1, *history) as (program, _), join(program.address, "Анна") as anna:
        anna.say("раз")
        assert program.stop() == 0
        with running("tcp_server", "--host", "127.0.0.1", "--port", str(program.port), *history):
            anna.say("два", TIMEOUT)
            assert [message.text for message in anna.history()] == ["раз", "два"]


def test_who_has_just_connected_is_told_too() -> None:
    """The server ends while a hundred come: they have sent their names, and nobody is reset."""
    with room(0) as (program, _), ExitStack() as stack:
        program.process.send_signal(signal.SIGSTOP)
        clients = [stack.enter_context(RawClient(program.address)) for _ in range(100)]
        for number, client in enumerate(clients):
            client.send(f"guest {number}\n")
        program.process.terminate()
        program.process.send_signal(signal.SIGCONT)
        for client in clients:
            assert client.read_to_end().decode().endswith(("До встречи!\n", "Введите ваше имя: "))
            client.close()
        assert program.wait() == 0


def test_the_second_signal_ends_a_server_at_once() -> None:
    with room(60) as (program, status), JsonClient(program.address) as anna:
        anna.join("Анна")
        program.process.terminate()
        wait_for_event(program, "draining")
        assert ask(status, "/readyz")[0] == 503
        anna.fence()
        began = monotonic()
        program.process.terminate()
        anna.expect_json(type="bye", reason="shutdown")
        anna.close()
        assert program.wait() == 0
        assert monotonic() - began < at_most(2)


@contextmanager
def gateway(seconds: float) -> Iterator[tuple[Program, Address, list[Address]]]:
    """Run a server, and a gateway that drains, with two workers; give the page's and its status addresses."""
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0") as server,
        running(
            "web_gateway",
            *LOCAL,
            str(seconds),
            "--workers",
            "2",
            "--server",
            str(server.address),
            env=AS_JSON,
        ) as program,
    ):
        started = [wait_for_event(program, "worker started", worker=number) for number in (1, 2)]
        address = find_address(program.line.replace("http://", ""))
        yield program, address, [parse_address(one["status"]) for one in started]


@contextmanager
def browse(address: Address, name: str) -> Iterator[ClientConnection]:
    with connect(f"ws://{address}/ws", open_timeout=TIMEOUT) as browser:
        browser.send(json.dumps({"type": "join", "name": name}))
        browser.recv(TIMEOUT)
        yield browser


def read_to_end(browser: ClientConnection) -> list[dict[str, Any]]:
    told = []
    with suppress(ConnectionClosed):
        while True:
            told += [json.loads(line) for line in str(browser.recv(TIMEOUT)).splitlines()]
    return told


def test_a_gateway_sends_its_browsers_elsewhere_one_by_one() -> None:
    with gateway(SECONDS) as (program, address, status), ExitStack() as stack:
        browsers = [stack.enter_context(browse(address, f"browser{number}")) for number in range(20)]
        master = psutil.Process(program.process.pid)
        for process in [master, *master.children()]:  # as systemd does
            process.terminate()
        for _ in range(2):
            wait_for_event(program, "draining")
        assert [ask(one, "/readyz") for one in status] == [(503, "the gateway stops\n")] * 2
        stack.enter_context(browse(address, "late"))

        def expect_bye(browser: ClientConnection) -> None:
            told = read_to_end(browser)
            assert (browser.close_code, browser.close_reason) == (1012, "the gateway restarts")
            assert told[-1] == {"type": "bye", "reason": "restart", "retry_within": RETURN_WITHIN}
            assert not [one for one in told if one["type"] == "left"]

        ended = when_all_have_ended([partial(expect_bye, one) for one in browsers])
        assert ended[-1] - ended[0] > SECONDS / 3
        assert program.wait() == 0


def test_the_second_signal_ends_a_gateway_at_once() -> None:
    with gateway(60) as (program, address, _), browse(address, "Анна") as anna:
        program.process.terminate()
        wait_for_event(program, "draining")
        began = monotonic()
        assert program.stop() == 0
        assert monotonic() - began < at_most(5)
        assert not read_to_end(anna)
        assert anna.close_code == 1001


def test_a_person_at_a_terminal_does_not_wait() -> None:
    with gateway(60) as (program, _, _), room(60) as (server, _):
        began = monotonic()
        assert (program.stop(signal.SIGINT), server.stop(signal.SIGINT)) == (0, 0)
        assert monotonic() - began < at_most(5)
