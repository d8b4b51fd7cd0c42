import socket
from collections.abc import Iterator

import pytest

from tcp_server.connection.writer import Writer
from tcp_server.dialects.output import JSON, LINES, PLAIN, Output

BLOCK = b"".join(b"%06d\n" % number for number in range(10_000))  # more than the sockets below hold


@pytest.fixture
def ends() -> Iterator[tuple[Writer, socket.socket]]:
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    far.settimeout(10)
    with near, far:
        yield Writer(near), far


def read(far: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = far.recv(size - len(data))
        assert part, f"ended after {len(data)} bytes"
        data += part
    return data


def read_all(writer: Writer, far: socket.socket) -> bytes:
    """Read everything, draining the backlog in turn."""
    far.settimeout(0)
    data = b""
    try:
        while part := far.recv(65536):
            data += part
            writer.drain(0.0)
    except BlockingIOError:
        assert not writer.backlog
    return data


def test_what_the_kernel_takes_needs_no_backlog(ends: tuple[Writer, socket.socket]) -> None:
    writer, far = ends
    writer.write(b"hello")
    assert not writer.backlog
    assert read(far, 5) == b"hello"


@pytest.mark.parametrize("output", [LINES, JSON])
def test_the_backlog_is_sent_whole_and_in_order(ends: tuple[Writer, socket.socket], output: Output) -> None:
    writer, far = ends
    writer.output = output
    blocks = [BLOCK, b"one\n", b"two\n", BLOCK]
    for block in blocks:
        writer.write(block)
    assert writer.backlog
    assert writer.waiting == sum(map(len, writer.backlog.next_blocks())) > len(BLOCK)
    assert read_all(writer, far) == b"".join(blocks)
    assert writer.waiting == 0
    writer.write(b"three\n")
    assert read(far, 6) == b"three\n"


def test_plain_blocks_in_the_backlog_are_separated_by_lf(ends: tuple[Writer, socket.socket]) -> None:
    writer, far = ends
    writer.output = PLAIN
    for block in (BLOCK, b"one", b"two"):
        writer.write(block)
    assert read_all(writer, far) == BLOCK + b"\none\ntwo"


def test_more_blocks_than_one_system_call_takes(ends: tuple[Writer, socket.socket]) -> None:
    writer, far = ends
    writer.output = LINES
    writer.write(BLOCK)
    lines = [b"%d\n" % number for number in range(3000)]
    for line in lines:
        writer.write(line)
    assert read_all(writer, far) == BLOCK + b"".join(lines)


def test_progress_at_changes_only_with_progress(ends: tuple[Writer, socket.socket]) -> None:
    writer, far = ends
    writer.output = LINES
    writer.write(BLOCK)
    writer.drain(1.0)
    assert writer.progress_at == 0.0
    read(far, len(BLOCK) - writer.waiting)
    writer.drain(2.0)
    assert writer.progress_at == 2.0


@pytest.mark.parametrize("eaten", range(1, 15))
def test_truncating_the_backlog_leaves_whole_lines(ends: tuple[Writer, socket.socket], eaten: int) -> None:
    writer, far = ends
    writer.output = LINES
    writer.write(BLOCK)
    assert writer.backlog
    writer.backlog.consume(eaten)  # as if the kernel had taken that much more
    writer.write(BLOCK)
    held_back = bytes(writer.backlog.first)
    writer.truncate_backlog()
    rest = b"".join(writer.backlog.next_blocks())
    assert writer.waiting == len(rest)
    assert held_back.startswith(rest)
    assert rest.count(b"\n") == 1
    assert rest.endswith(b"\n")
    writer.write(b"bye\n")
    sent = len(BLOCK) - eaten - len(held_back)
    assert read_all(writer, far) == BLOCK[:sent] + rest + b"bye\n"


def test_truncating_an_empty_backlog_changes_nothing(ends: tuple[Writer, socket.socket]) -> None:
    writer, far = ends
    writer.write(b"half a line")
    writer.truncate_backlog()
    assert read_all(writer, far) == b"half a line"


def test_a_client_that_disconnects_is_no_error(ends: tuple[Writer, socket.socket]) -> None:
    writer, far = ends
    writer.output = LINES
    writer.write(BLOCK)
    far.close()
    writer.drain(0.0)
    assert writer.broken
    assert writer.backlog is None
    writer.write(b"hello")
    writer.end_writing()
    writer.abort()
    assert not writer.backlog


def test_a_client_that_has_disconnected_before_is_no_error(ends: tuple[Writer, socket.socket]) -> None:
    writer, far = ends
    far.close()
    writer.write(b"hello")
    assert writer.broken


def test_abort_wakes_the_reading_thread(ends: tuple[Writer, socket.socket]) -> None:
    writer, _ = ends
    writer.socket.settimeout(10)
    writer.abort()
    assert writer.socket.recv(1) == b""


def test_after_the_end_of_writing_the_client_can_still_be_read(ends: tuple[Writer, socket.socket]) -> None:
    writer, far = ends
    writer.write(b"bye\n")
    writer.end_writing()
    assert read(far, 4) == b"bye\n"
    assert far.recv(1) == b""
    far.send(b"and you")
    assert writer.socket.recv(100) == b"and you"
