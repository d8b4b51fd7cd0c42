"""A client's connection, with a scripted server."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from chat_protocol import codec
from chat_protocol import messages as m
from chat_protocol.address import Address
from chat_protocol.connection import Connection
from chat_protocol.contract import FULL, MAX_REPLY_LINE, PROMPT
from chat_protocol.errors import BadMessage, ConnectionFailed, LineTooLong, NotARoom, RoomFull
from tests.chat_protocol.scripted_server import scripted_server
from tests.support.timing import at_most


def wait_for_end(client: socket.socket) -> None:
    try:
        while client.recv(65536):
            pass
    except ConnectionResetError:
        pass


def test_a_prompt_byte_by_byte() -> None:
    def script(client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in PROMPT:
            client.sendall(bytes([byte]))
        client.sendall(codec.encode(m.Pong()))

    with scripted_server(script) as address, Connection.open(address) as connection:
        assert connection.receive() == codec.encode(m.Pong())
        assert connection.receive() == b""


def test_a_full_room() -> None:
    with (
        scripted_server(lambda client: client.sendall(FULL)) as address,
        pytest.raises(RoomFull, match=str(address.port)),
    ):
        Connection.open(address)


def test_lines_in_the_same_packet_as_the_prompt() -> None:
    with (
        scripted_server(
            lambda client: client.sendall(PROMPT + codec.encode_all([m.Pong(), m.Bye("full")]))
        ) as address,
        Connection.open(address) as connection,
    ):
        assert list(connection.events()) == [m.Pong(), m.Bye("full")]


def test_commands_arrive_as_lines() -> None:
    received: list[bytes] = []

    def script(client: socket.socket) -> None:
        client.sendall(PROMPT)
        with client.makefile("rb") as lines:
            received.extend(lines)

    with scripted_server(script) as address, Connection.open(address) as connection:
        connection.send(m.Join("Анна"))
        connection.send_bytes(b'{"type":"ping"}\n')
    assert codec.decode_commands(b"".join(received)) == [m.Join("Анна"), m.Ping()]


def test_lines_of_several_threads_do_not_mix() -> None:
    received: list[bytes] = []

    def script(client: socket.socket) -> None:
        client.sendall(PROMPT)
        with client.makefile("rb") as lines:
            received.extend(lines)

    with scripted_server(script) as address, Connection.open(address) as connection:
        says = [m.Say(text=letter * 50_000) for letter in "abcd"] * 10
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(connection.send, says))
    arrived = [
        command.text for command in codec.decode_commands(b"".join(received)) if isinstance(command, m.Say)
    ]
    assert sorted(arrived) == sorted(say.text for say in says)


@pytest.mark.parametrize("prompt", [b"SSH-2.0-OpenSSH_9.2\r\n", PROMPT[:-3] + b"...", PROMPT[:10], b""])
def test_another_service_is_not_a_room(prompt: bytes) -> None:
    with (
        scripted_server(lambda client: client.sendall(prompt)) as address,
        pytest.raises(NotARoom, match=str(address.port)),
    ):
        Connection.open(address)


def test_a_refused_connection_names_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address(*listener.getsockname())
    with pytest.raises(ConnectionFailed, match=f"cannot reach {address}"):
        Connection.open(address)


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_impossible_host_names(host: str) -> None:
    with pytest.raises(ConnectionFailed, match="not a host name"):
        Connection.open(Address(host, 1))


def test_a_server_without_a_prompt() -> None:
    with scripted_server(wait_for_end) as address, pytest.raises(ConnectionFailed, match="does not answer"):
        Connection.open(address, timeout=0.2)


def test_a_slow_prompt_does_not_extend_the_deadline() -> None:
    gone = threading.Event()

    def script(client: socket.socket) -> None:
        for byte in PROMPT:
            if gone.wait(0.1):
                return
            client.sendall(bytes([byte]))

    begun = monotonic()
    with scripted_server(script) as address:
        with pytest.raises(ConnectionFailed, match="does not answer"):
            Connection.open(address, timeout=0.4)
        gone.set()
    assert monotonic() - begun < at_most(1.5)


def test_the_idle_timeout() -> None:
    def script(client: socket.socket) -> None:
        client.sendall(PROMPT + codec.encode(m.Pong()))
        wait_for_end(client)

    with scripted_server(script) as address, Connection.open(address, idle_timeout=0.2) as connection:
        assert connection.receive() == codec.encode(m.Pong())
        with pytest.raises(ConnectionFailed, match="timed out"):
            connection.receive()


def test_close_wakes_a_blocked_receive() -> None:
    def script(client: socket.socket) -> None:
        client.sendall(PROMPT + codec.encode(m.Pong()))
        wait_for_end(client)

    with scripted_server(script) as address, ThreadPoolExecutor(1) as pool:
        connection = Connection.open(address)
        first = threading.Event()

        def read() -> None:
            try:
                for _ in connection.events():
                    first.set()
            except ConnectionFailed:
                pass  # the connection may end either way

        reading = pool.submit(read)
        assert first.wait(5)
        connection.close()
        connection.close()
        reading.result(5)
        with pytest.raises(ConnectionFailed):
            connection.send(m.Ping())


def test_a_reset_is_a_lost_connection() -> None:
    def script(client: socket.socket) -> None:
        client.sendall(PROMPT)
        client.recv(100)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    with scripted_server(script) as address, Connection.open(address) as connection:
        connection.send(m.Ping())
        with pytest.raises(ConnectionFailed, match="connection lost"):
            connection.receive()


def test_a_line_over_the_maximum() -> None:
    def script(client: socket.socket) -> None:
        client.sendall(PROMPT)
        try:
            client.sendall(b"x" * (MAX_REPLY_LINE + 1))
        except (ConnectionResetError, BrokenPipeError):
            return
        wait_for_end(client)

    with (
        scripted_server(script) as address,
        Connection.open(address) as connection,
        pytest.raises(LineTooLong),
    ):
        connection.receive()


def test_an_invalid_event() -> None:
    with (
        scripted_server(lambda client: client.sendall(PROMPT + b"oops\n")) as address,
        Connection.open(address) as connection,
        pytest.raises(BadMessage),
    ):
        list(connection.events())
