import socket
from collections.abc import Iterator

import pytest

from tcp_server.connection.writer import Outlet
from tcp_server.dialects.dialect import Dialect, Json, Lines, Plain

BLOCK = b"".join(b"%06d\n" % number for number in range(10_000))  # more than the sockets below hold


@pytest.fixture
def ends() -> Iterator[tuple[Outlet, socket.socket]]:
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    far.settimeout(10)
    with near, far:
        yield Outlet(near), far


def read(far: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = far.recv(size - len(data))
        assert part, f"ended after {len(data)} bytes"
        data += part
    return data


def read_all(outlet: Outlet, far: socket.socket) -> bytes:
    """Read what has been sent and what waits, as both ends would do it in turn."""
    far.settimeout(0)
    data = b""
    try:
        while part := far.recv(65536):
            data += part
            outlet.drain(0.0)
    except BlockingIOError:
        assert not outlet.backlog
    return data


def test_what_the_kernel_takes_needs_no_backlog(ends: tuple[Outlet, socket.socket]) -> None:
    outlet, far = ends
    outlet.write(b"hello")
    assert not outlet.backlog
    assert read(far, 5) == b"hello"


@pytest.mark.parametrize("dialect", [Lines, Json])
def test_what_waits_comes_whole_and_in_order(
    ends: tuple[Outlet, socket.socket], dialect: type[Dialect]
) -> None:
    outlet, far = ends
    outlet.dialect = dialect
    blocks = [BLOCK, b"one\n", b"two\n", BLOCK]
    for block in blocks:
        outlet.write(block)
    assert outlet.waiting == sum(map(len, outlet.backlog)) > len(BLOCK)
    assert read_all(outlet, far) == b"".join(blocks)
    assert (outlet.waiting, len(outlet.backlog)) == (0, 0)
    outlet.write(b"three\n")
    assert read(far, 6) == b"three\n"


def test_plain_blocks_that_wait_are_kept_apart(ends: tuple[Outlet, socket.socket]) -> None:
    outlet, far = ends
    outlet.dialect = Plain
    for block in (BLOCK, b"one", b"two"):
        outlet.write(block)
    assert read_all(outlet, far) == BLOCK + b"\none\ntwo"


def test_more_blocks_than_one_system_call_takes(ends: tuple[Outlet, socket.socket]) -> None:
    outlet, far = ends
    outlet.dialect = Lines
    outlet.write(BLOCK)
    lines = [b"%d\n" % number for number in range(3000)]
    for line in lines:
        outlet.write(line)
    assert read_all(outlet, far) == BLOCK + b"".join(lines)


def test_progress_is_remembered_and_standstill_is_not(ends: tuple[Outlet, socket.socket]) -> None:
    outlet, far = ends
    outlet.dialect = Lines
    outlet.write(BLOCK)
    outlet.drain(1.0)
    assert outlet.moved_at == 0.0
    read(far, len(BLOCK) - outlet.waiting)
    outlet.drain(2.0)
    assert outlet.moved_at == 2.0


@pytest.mark.parametrize("eaten", range(1, 15))
def test_to_cut_short_leaves_whole_lines(ends: tuple[Outlet, socket.socket], eaten: int) -> None:
    outlet, far = ends
    outlet.dialect = Lines
    outlet.write(BLOCK)
    outlet.backlog[0] = outlet.backlog[0][eaten:]  # as if the kernel had taken that much more
    outlet.write(BLOCK)
    held_back = bytes(outlet.backlog[0])
    outlet.cut_short()
    rest = b"".join(outlet.backlog)
    assert outlet.waiting == len(rest)
    assert held_back.startswith(rest)
    assert rest.count(b"\n") == 1
    assert rest.endswith(b"\n")
    outlet.write(b"bye\n")
    sent = len(BLOCK) - eaten - len(held_back)
    assert read_all(outlet, far) == BLOCK[:sent] + rest + b"bye\n"


def test_to_cut_short_without_a_backlog_changes_nothing(ends: tuple[Outlet, socket.socket]) -> None:
    outlet, far = ends
    outlet.write(b"half a line")
    outlet.cut_short()
    assert read_all(outlet, far) == b"half a line"


def test_a_client_that_is_gone_is_no_error(ends: tuple[Outlet, socket.socket]) -> None:
    outlet, far = ends
    outlet.dialect = Lines
    outlet.write(BLOCK)
    far.close()
    outlet.drain(0.0)
    assert outlet.broken
    assert (outlet.waiting, len(outlet.backlog)) == (0, 0)
    outlet.write(b"hello")
    outlet.end_writing()
    outlet.break_off()
    assert not outlet.backlog


def test_a_client_that_was_gone_before_is_no_error(ends: tuple[Outlet, socket.socket]) -> None:
    outlet, far = ends
    far.close()
    outlet.write(b"hello")
    assert outlet.broken


def test_breaking_off_wakes_the_reading_thread(ends: tuple[Outlet, socket.socket]) -> None:
    outlet, _ = ends
    outlet.socket.settimeout(10)
    outlet.break_off()
    assert outlet.socket.recv(1) == b""


def test_the_end_of_writing_is_not_the_end_of_reading(ends: tuple[Outlet, socket.socket]) -> None:
    outlet, far = ends
    outlet.write(b"bye\n")
    outlet.end_writing()
    assert read(far, 4) == b"bye\n"
    assert far.recv(1) == b""
    far.send(b"and you")
    assert outlet.socket.recv(100) == b"and you"
