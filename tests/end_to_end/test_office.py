"""An office behind one address comes back after its server has died, in spite of the limit on joins."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from chat_client.backoff import Backoff
from chat_protocol.address import Address
from chat_protocol.connection import Connection
from chat_protocol.messages import Bye, Join, Welcome
from chat_protocol.proxy_header import format_header
from tests.support.processes import find_address, running
from tests.support.timing import IS_LONG, TIMEOUT, at_most

PEOPLE, JOINS = (500, 120) if IS_LONG else (60, 15)
OFFICE = "203.0.113.7"
FROM_THE_OFFICE = format_header((OFFICE, 1), ("192.0.2.1", 8080))
BEHIND_A_PROXY = ("--host=127.0.0.1", "--trusted-proxy=127.0.0.1", "--max-per-address=0")


class Person:
    """One of the office: tries again as all our clients do."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.session: str | None = None
        self.refusals = 0

    def come(self, room: Address, stack: ExitStack) -> Welcome:
        backoff = Backoff()
        deadline = monotonic() + TIMEOUT
        while monotonic() < deadline:
            connection = stack.enter_context(
                Connection.open(room, source=FROM_THE_OFFICE, idle_timeout=TIMEOUT)
            )
            connection.send(Join(self.name, self.session))
            first = next(connection.events())
            if isinstance(first, Welcome):
                self.session = first.session
                return first
            assert first == Bye("full")
            connection.close()
            self.refusals += 1
            sleep(backoff.next(refused=True))
        raise AssertionError(f"refused {self.refusals} times")


def test_all_come_back_after_the_server_has_died(tmp_path: Path) -> None:
    history = ("--history", str(tmp_path / "history.db"))
    people = [Person(f"person{number}") for number in range(PEOPLE)]
    with ExitStack() as stack, ThreadPoolExecutor(PEOPLE) as threads:
        with running("tcp_server", *BEHIND_A_PROXY, *history, "--port=0", "--joins=0") as server:
            room = server.address
            welcomes = list(threads.map(lambda person: person.come(room, stack), people))
            assert not any(welcome.resumed for welcome in welcomes)
            server.kill()
        with running("tcp_server", *BEHIND_A_PROXY, *history, f"--port={room.port}", f"--joins={JOINS}"):
            began = monotonic()
            welcomes = list(threads.map(lambda person: person.come(room, stack), people))
            assert all(welcome.resumed for welcome in welcomes)
            assert monotonic() - began < at_most(10)
            newcomers = [Person(f"newcomer{number}") for number in range(JOINS)]
            for person in newcomers:
                person.come(room, stack)
            assert sum(person.refusals for person in newcomers) <= 1  # those who are back do not count


def test_pages_that_come_back_do_not_count_in_the_gateway_either() -> None:
    with (
        running("tcp_server", "--host=127.0.0.1", "--port=0") as server,
        running(
            "web_gateway", "--port=0", f"--server={server.address}", "--trusted-proxy=127.0.0.1", "--joins=3"
        ) as program,
    ):
        address = find_address(program.line.replace("http://", ""))

        def visit(name: str, session: str | None = None) -> str:
            with connect(
                f"ws://{address}/ws", additional_headers={"X-Forwarded-For": OFFICE}, open_timeout=TIMEOUT
            ) as browser:
                browser.send(json.dumps({"type": "join", "name": name, "session": session}))
                welcome = json.loads(str(browser.recv(TIMEOUT)).partition("\n")[0])
                return str(welcome["session"])

        session = visit("Анна")
        for _ in range(10):
            assert visit("Анна", session) == session
        visit("Борис")
        with pytest.raises(InvalidStatus, match="429"):  # not without end
            [visit("Анна", session) for _ in range(5)]
