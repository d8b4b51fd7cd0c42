import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic

import pytest

from chat_protocol import codec
from chat_protocol import messages as m
from chat_protocol.address import Address
from chat_protocol.connection import Connection
from chat_protocol.contract import FULL, MAX_REPLY_LINE, PROMPT
from chat_protocol.errors import BadMessage, ConnectionFailed, LineTooLong, NotARoom, RoomFull


@contextmanager
def room(behave: Callable[[socket.socket], None]) -> Iterator[Address]:
    """Listen on a free port and do `behave` with the first who comes; fail if it fails."""

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.settimeout(10)
            behave(peer)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(10)
        served = pool.submit(serve)
        yield Address(*listener.getsockname())
        served.result(10)


def wait_for_end(peer: socket.socket) -> None:
    try:
        while peer.recv(65536):
            pass
    except ConnectionResetError:
        pass


def test_a_prompt_byte_by_byte_and_the_first_line_right_behind_it() -> None:
    def behave(peer: socket.socket) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in PROMPT:
            peer.sendall(bytes([byte]))
        peer.sendall(codec.encode(m.Pong()))

    with room(behave) as address, Connection.open(address) as connection:
        assert connection.receive() == codec.encode(m.Pong())
        assert connection.receive() == b""


def test_a_room_that_takes_nobody_more_says_so() -> None:
    with (
        room(lambda peer: peer.sendall(FULL)) as address,
        pytest.raises(RoomFull, match=str(address.port)),
    ):
        Connection.open(address)


def test_nothing_of_the_first_line_is_swallowed_when_all_comes_at_once() -> None:
    with (
        room(lambda peer: peer.sendall(PROMPT + codec.encode_all([m.Pong(), m.Bye("full")]))) as address,
        Connection.open(address) as connection,
    ):
        assert list(connection.events()) == [m.Pong(), m.Bye("full")]


def test_commands_arrive_as_lines() -> None:
    received: list[bytes] = []

    def behave(peer: socket.socket) -> None:
        peer.sendall(PROMPT)
        with peer.makefile("rb") as lines:
            received.extend(lines)

    with room(behave) as address, Connection.open(address) as connection:
        connection.send(m.Join("Анна"))
        connection.send_bytes(b'{"type":"ping"}\n')
    assert codec.decode_commands(b"".join(received)) == [m.Join("Анна"), m.Ping()]


def test_lines_of_several_senders_stay_whole() -> None:
    received: list[bytes] = []

    def behave(peer: socket.socket) -> None:
        peer.sendall(PROMPT)
        with peer.makefile("rb") as lines:
            received.extend(lines)

    with room(behave) as address, Connection.open(address) as connection:
        says = [m.Say(text=letter * 50_000) for letter in "abcd"] * 10
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(connection.send, says))
    arrived = [
        command.text for command in codec.decode_commands(b"".join(received)) if isinstance(command, m.Say)
    ]
    assert sorted(arrived) == sorted(say.text for say in says)


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", PROMPT[:-3] + b"...", PROMPT[:10], b""])
def test_another_greeting_is_not_a_room(greeting: bytes) -> None:
    with (
        room(lambda peer: peer.sendall(greeting)) as address,
        pytest.raises(NotARoom, match=str(address.port)),
    ):
        Connection.open(address)


def test_nobody_listening_is_told_with_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address(*listener.getsockname())
    with pytest.raises(ConnectionFailed, match=f"cannot reach {address}"):
        Connection.open(address)


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_what_cannot_be_a_host_name_is_told(host: str) -> None:
    with pytest.raises(ConnectionFailed, match="not a host name"):
        Connection.open(Address(host, 1))


def test_a_listener_that_says_nothing_is_given_up() -> None:
    with room(wait_for_end) as address, pytest.raises(ConnectionFailed, match="does not answer"):
        Connection.open(address, timeout=0.2)


def test_a_prompt_that_trickles_does_not_stretch_the_deadline() -> None:
    gone = threading.Event()

    def behave(peer: socket.socket) -> None:
        for byte in PROMPT:
            if gone.wait(0.1):
                return
            peer.sendall(bytes([byte]))

    begun = monotonic()
    with room(behave) as address:
        with pytest.raises(ConnectionFailed, match="does not answer"):
            Connection.open(address, timeout=0.4)
        gone.set()
    assert monotonic() - begun < 1.5


def test_silence_beyond_the_limit_is_a_lost_connection() -> None:
    def behave(peer: socket.socket) -> None:
        peer.sendall(PROMPT + codec.encode(m.Pong()))
        wait_for_end(peer)

    with room(behave) as address, Connection.open(address, idle_timeout=0.2) as connection:
        assert connection.receive() == codec.encode(m.Pong())
        with pytest.raises(ConnectionFailed, match="timed out"):
            connection.receive()


def test_close_wakes_who_waits_in_receive() -> None:
    def behave(peer: socket.socket) -> None:
        peer.sendall(PROMPT + codec.encode(m.Pong()))
        wait_for_end(peer)

    with room(behave) as address, ThreadPoolExecutor(1) as pool:
        connection = Connection.open(address)
        first = threading.Event()

        def read() -> None:
            try:
                for _ in connection.events():
                    first.set()
            except ConnectionFailed:
                pass  # as good an end as an empty block

        reading = pool.submit(read)
        assert first.wait(5)
        connection.close()
        connection.close()
        reading.result(5)
        with pytest.raises(ConnectionFailed):
            connection.send(m.Ping())


def test_a_reset_is_a_lost_connection() -> None:
    def behave(peer: socket.socket) -> None:
        peer.sendall(PROMPT)
        peer.recv(100)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    with room(behave) as address, Connection.open(address) as connection:
        connection.send(m.Ping())
        with pytest.raises(ConnectionFailed, match="connection lost"):
            connection.receive()


def test_a_room_without_measure_is_left() -> None:
    def behave(peer: socket.socket) -> None:
        peer.sendall(PROMPT)
        try:
            peer.sendall(b"x" * (MAX_REPLY_LINE + 1))
        except (ConnectionResetError, BrokenPipeError):
            return
        wait_for_end(peer)

    with room(behave) as address, Connection.open(address) as connection, pytest.raises(LineTooLong):
        connection.receive()


def test_a_line_that_is_no_event_raises_where_it_is_read() -> None:
    with (
        room(lambda peer: peer.sendall(PROMPT + b"oops\n")) as address,
        Connection.open(address) as connection,
        pytest.raises(BadMessage),
    ):
        list(connection.events())
