"""A room with several servers, some of which refuse, stall or are full."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any

import pytest

from chat_protocol.address import Address
from chat_protocol.connection import Connection
from chat_protocol.contract import BANNED, FULL, PROMPT
from chat_protocol.errors import Banned, ConnectionFailed, NoPrompt, RoomFull
from tests.support.timing import TIMEOUT
from web_gateway import servers as module
from web_gateway.servers import Servers


class Greeter:
    """A server that says the same to everybody, and then closes; nothing: it stalls."""

    def __init__(self, greeting: bytes, host: str) -> None:
        self.greeting = greeting
        self.asked = 0
        self._listener = socket.create_server((host, 0))
        self.address = Address(*self._listener.getsockname())
        self._clients: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self.greeting == b"end":
                client.close()
                return
            self.asked += 1
            if self.greeting:
                client.sendall(self.greeting)
                client.close()
            else:
                self._clients.append(client)

    def close(self) -> None:
        self.greeting = b"end"
        with socket.socket() as last:
            last.connect(self.address)
            self._thread.join()
        for one in (self._listener, *self._clients):
            one.close()


@contextmanager
def greeters(*greetings: bytes) -> Iterator[list[Greeter]]:
    with ExitStack() as stack:
        made = [Greeter(greeting, f"127.0.0.{number}") for number, greeting in enumerate(greetings, 2)]
        for one in made:
            stack.callback(one.close)
        yield made


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return the list of what is logged: event and server."""
    events: list[tuple[str, str]] = []

    def log(_level: int, event: str, *, server: str, **_: Any) -> None:
        events.append((event, server))

    monkeypatch.setattr(module, "log_event", log)
    return events


def refused() -> Address:
    with socket.create_server(("127.0.0.9", 0)) as listener:
        return Address(*listener.getsockname())


def reach(servers: Servers, timeout: float = TIMEOUT) -> None:
    servers.open(Connection.open_on, timeout).close()


def test_all_servers_are_used(logged: list[tuple[str, str]]) -> None:
    with greeters(PROMPT, PROMPT, PROMPT) as made:
        servers = Servers([one.address for one in made])
        for _ in range(60):
            reach(servers)
        assert min(one.asked for one in made) > 0
    assert logged == []


@pytest.mark.parametrize("broken", [b"220 mail.example\r\n", b""])
def test_a_broken_server_is_tried_once_and_then_rests(
    broken: bytes, logged: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with greeters(broken, PROMPT) as (bad, good):
        servers = Servers([bad.address, good.address])
        for _ in range(20):
            reach(servers, 0.4)
        assert (bad.asked, good.asked) == (1, 20)
        assert logged == [("room unreachable", str(bad.address))]
        bad.greeting = PROMPT
        monkeypatch.setattr(module, "monotonic", lambda: monotonic() + module.REST)
        while bad.asked == 1:
            reach(servers)
    assert logged[1:] == [("room reachable again", str(bad.address))]


def test_addresses_of_one_name_are_servers_too(
    logged: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with greeters(PROMPT, PROMPT) as made:
        found = [one.address for one in made] + [refused(), refused()]

        def look_up(*_: Any, **__: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", one) for one in found]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        servers = Servers([Address("room.example", 8080)])
        for _ in range(40):
            reach(servers)
        assert min(one.asked for one in made) > 0
        assert logged == []  # one of them answers
        found[:] = [refused()]
        with pytest.raises(ConnectionFailed, match=r"^cannot reach room.example:8080: Connection refused$"):
            reach(servers)
    assert logged == [("room unreachable", "room.example:8080")]


def test_a_wrong_name_is_told_and_harms_nobody(logged: list[tuple[str, str]]) -> None:
    wrong = Address("room.invalid", 8080)
    with greeters(PROMPT) as [good]:
        servers = Servers([wrong, good.address])
        for _ in range(5):
            reach(servers)
    assert logged == [("room unreachable", "room.invalid:8080")]
    with pytest.raises(ConnectionFailed, match=r"^cannot reach room.invalid:8080: "):
        reach(Servers([wrong]))


def test_a_full_server_is_passed_over_and_a_ban_counts(logged: list[tuple[str, str]]) -> None:
    with greeters(FULL, PROMPT) as (full, good):
        servers = Servers([full.address, good.address])
        while not full.asked:
            reach(servers)
        with pytest.raises(RoomFull):
            reach(Servers([full.address, refused()]))
    with greeters(BANNED) as [banned], pytest.raises(Banned):
        reach(Servers([banned.address]))
    assert all(event == "room unreachable" for event, _ in logged)  # the refused one, if it was tried


def test_resting_servers_are_tried_when_there_are_no_others(logged: list[tuple[str, str]]) -> None:
    with greeters(b"") as [stalled]:
        servers = Servers([stalled.address, refused()])
        with pytest.raises(ConnectionFailed):
            reach(servers, 0.1)
        with pytest.raises(NoPrompt):
            reach(Servers([stalled.address]), 0.1)
        stalled.greeting = PROMPT
        reach(servers)
    assert ("room reachable again", str(stalled.address)) in logged
