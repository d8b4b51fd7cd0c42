"""Splitting a byte stream into lines."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import LineTooLong
from chat_protocol.framing import LineBuffer

STREAM = "да\n\nно\nи".encode()


def feed_all(buffer: LineBuffer, chunks: list[bytes]) -> list[bytes]:
    return [block for chunk in chunks if (block := buffer.feed(chunk))]


def cut(data: bytes, places: tuple[int, ...]) -> list[bytes]:
    edges = (0, *places, len(data))
    return [data[start:end] for start, end in pairwise(edges)]


def test_the_lines_do_not_depend_on_the_chunks() -> None:
    complete, rest = STREAM[:-2], STREAM[-2:]
    for count in range(len(STREAM)):
        for places in combinations(range(1, len(STREAM)), count):
            buffer = LineBuffer(100)
            blocks = feed_all(buffer, cut(STREAM, places))
            assert b"".join(blocks) == complete
            assert all(block.endswith(b"\n") for block in blocks)
            assert len(buffer) == len(rest)


@given(st.lists(st.binary(max_size=30).map(lambda part: part.replace(b"x", b"\n")), max_size=20))
def test_lines_are_returned_as_soon_as_they_are_complete(chunks: list[bytes]) -> None:
    buffer = LineBuffer(1000)
    received = b""
    returned = b""
    for chunk in chunks:
        received += chunk
        returned += buffer.feed(chunk)
        assert returned == received[: received.rfind(b"\n") + 1]
        assert len(buffer) == len(received) - len(returned)


@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=8),
    size=st.integers(1, 40),
    ended=st.booleans(),
)
def test_the_maximum_holds_at_every_chunk_size(lengths: list[int], size: int, *, ended: bool) -> None:
    stream = b"\n".join(b"a" * length for length in lengths) + b"\n" * ended
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    buffer = LineBuffer(8)
    if max(lengths) > 8:
        with pytest.raises(LineTooLong):
            feed_all(buffer, chunks)
    else:
        assert b"".join(feed_all(buffer, chunks)) == stream[: stream.rfind(b"\n") + 1]


@pytest.mark.parametrize("chunks", [[b"12345678\n"], [b"1234", b"5678", b"\n"], [b"\n12345678\n12345678"]])
def test_a_line_of_the_maximum_length_is_accepted(chunks: list[bytes]) -> None:
    assert b"".join(feed_all(LineBuffer(8), chunks)).endswith(b"\n")


@pytest.mark.parametrize(
    "chunks",
    [[b"123456789\n"], [b"123456789"], [b"12345678", b"9"], [b"12345678", b"9\n"], [b"1\n123456789\n2"]],
)
def test_one_byte_more_is_refused_complete_or_not(chunks: list[bytes]) -> None:
    with pytest.raises(LineTooLong, match="longer than 8 bytes"):
        feed_all(LineBuffer(8), chunks)
