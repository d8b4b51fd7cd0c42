"""What happened is told by the log alone: incidents, staged with real programs."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from time import monotonic

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.event_log import AS_JSON, events, wait_for_event
from tests.support.processes import Program, running, start
from tests.support.raw import PROMPT, DeafClient, JsonClient, RawClient
from tests.support.requirements import needs_structlog
from tests.support.timing import TIMEOUT

pytestmark = needs_structlog

SECRETS = ("Аннушка", "масло", "сезам", "отвори")
"""A name, a text, and passwords: none may be in a log."""


@pytest.fixture(scope="module")
def server() -> Iterator[Program]:
    """A room behind the proxy 127.0.0.1, which says where clients come from."""
    flags = ("--host", "127.0.0.1", "--port", "0", "--trusted-proxy", "127.0.0.1", "--max-per-address", "8")
    limits = ("--write-timeout", "0.3", "--close-timeout", "0.2", "--grace", "0")
    secret = AS_JSON | {"ONEROOM_SERVER_PASSWORD": "сезам"}
    with running("tcp_server", *flags, *limits, env=secret) as program:
        yield program
    wait_for_event(program, "stopping", reason="SIGTERM")
    wait_for_event(program, "stopped")
    assert_says_nothing_private(program)


def assert_says_nothing_private(program: Program) -> None:
    said = program.stderr.text + json.dumps(events(program), ensure_ascii=False)
    assert not [secret for secret in SECRETS if secret in said]
    assert not [one for one in events(program) if "address" in one and one["level"] == "info"]


def behind_proxy(client: RawClient, address: str) -> None:
    """Say as the proxy that the client comes from there."""
    client.send(f"PROXY TCP4 {address} 198.51.100.1 40000 8080\r\n")


def port_of(client: RawClient) -> int:
    port: int = client.socket.getsockname()[1]
    return port


def test_a_start_tells_version_and_settings(server: Program) -> None:
    started = wait_for_event(server, "started", listening=str(server.address))
    assert started["version"]
    assert started["settings"]["password"] == "***"
    assert started["settings"]["max_per_address"] == 8
    assert "burst" not in started["settings"]  # that is the version's default


def test_who_comes_and_goes_without_name_and_address(server: Program) -> None:
    with JsonClient(server.address) as client:
        client.join("Аннушка", password="сезам")
        client.say_json(type="say", ref="1", text="масло")
        client.expect_json(type="ack")
        came = wait_for_event(server, "in", id=port_of(client))
        client.leave()
        port = port_of(client)
    left = wait_for_event(server, "out", id=port)
    assert came.keys() == {"timestamp", "level", "event", "id", "dialect"}
    assert (came["dialect"], left["reason"]) == ("json", "left")


def test_a_reader_that_is_cut(server: Program) -> None:
    with DeafClient(server.address) as deaf, JsonClient(server.address) as talker:
        deaf.join("глухой", password="сезам", history=0)
        talker.join("говорящий", password="сезам", history=0)
        for number in range(60):
            talker.say_json(type="say", ref=str(number), text="масло" * 800)
        cut = wait_for_event(server, "reader cut", id=port_of(deaf), reason="write_timeout")
        assert cut["waiting"] > 0
        wait_for_event(server, "out", id=port_of(deaf), reason="slow")


def test_wrong_passwords_until_the_door_is_closed(server: Program) -> None:
    for _ in range(6):
        with JsonClient(server.address) as guesser:
            behind_proxy(guesser, "192.0.2.7")
            guesser.expect(PROMPT)
            guesser.say_json(type="join", name="Аннушка", password="отвори")
            guesser.expect_json(type="error")
    wrong = wait_for_event(server, "wrong password", reason="room")
    closed = wait_for_event(server, "too many wrong passwords", reason="room")
    assert {wrong["level"], closed["level"]} == {"warning"}
    assert wrong["address"] == closed["address"] == "192.0.2.7"


def test_connections_that_are_turned_away(server: Program) -> None:
    with ExitStack() as stack:
        for _ in range(9):
            client = stack.enter_context(RawClient(server.address))
            behind_proxy(client, "192.0.2.8")
        wait_for_event(server, "refused", reason="max_per_address", address="192.0.2.8")


def test_a_proxy_header_that_is_not_trusted(server: Program) -> None:
    with socket.create_connection(server.address, TIMEOUT, ("127.0.0.2", 0)) as proxy:
        proxy.sendall(b"PROXY TCP4 192.0.2.9 198.51.100.1 40000 8080\r\n")
        port = proxy.getsockname()[1]
        refused = wait_for_event(server, "refused", reason="proxy_header")
    assert (refused["address"], refused["id"]) == ("127.0.0.2", port)


def test_a_limit_on_descriptors_that_is_too_low() -> None:
    command = f"ulimit -n 64; exec {sys.executable} -m tcp_server --host 127.0.0.1 --port 0"
    program = start("sh", "-c", command, env=AS_JSON)
    try:
        lowered = wait_for_event(
            program, "fewer connections: the limit on descriptors is too low (ulimit -n)"
        )
        assert (lowered["descriptors"], lowered["max_connections"]) == (64, 32)
    finally:
        program.kill()


def test_a_room_that_cannot_be_reached_that_is_none_and_a_gateway_that_is_full() -> None:
    with socket.socket() as room:
        room.bind(("127.0.0.1", 0))  # and refuses connections until it listens
        room.settimeout(TIMEOUT)
        address = f"127.0.0.1:{room.getsockname()[1]}"
        with running(
            "web_gateway", "--port", "0", "--server", address, "--max-sessions", "1", env=AS_JSON
        ) as gateway:
            wait_for_event(gateway, "started", server=address)
            with open_page(gateway):
                lost = wait_for_event(gateway, "room unreachable", server=address)
                assert "Connection refused" in lost["error"]
            room.listen()
            with open_page(gateway):
                end = accept(room, PROMPT)
                wait_for_event(gateway, "room reachable again")
                wait_for_event(gateway, "in", id=end.getpeername()[1])
                with pytest.raises(InvalidStatus):
                    connect_to(gateway)
                full = wait_for_event(gateway, "refused", reason="max_sessions", status=503)
                assert full["address"] == "127.0.0.1"
                port = end.getpeername()[1]
                end.close()
                wait_for_event(
                    gateway, "out", id=port, code=1012, reason="the room has closed the connection"
                )
            with open_page(gateway):
                accept(room, "SSH-2.0-OpenSSH_9.2\r\n").close()
                wait_for_event(
                    gateway, "room unreachable", error=f"the server at {address} is not a chat room"
                )
        wait_for_event(gateway, "stopping")
        wait_for_event(gateway, "stopped")
        assert_says_nothing_private(gateway)


def connect_to(gateway: Program) -> ClientConnection:
    return connect(f"ws://{gateway.address}/ws", open_timeout=TIMEOUT)


def open_page(gateway: Program) -> ClientConnection:
    """Connect as soon as the one place is free: that of a closed session is a moment later."""
    deadline = monotonic() + TIMEOUT
    while monotonic() < deadline:
        with suppress(InvalidStatus):
            return connect_to(gateway)
    raise AssertionError("the place does not become free")


def accept(room: socket.socket, greeting: str) -> socket.socket:
    """Accept the gateway's connection to the room, and greet it."""
    end, _ = room.accept()
    end.sendall(greeting.encode())
    return end
