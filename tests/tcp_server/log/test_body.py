"""The final lines of a live message: which of them are kept."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_server.log import body as module
from tcp_server.log.body import Body, last_lines

KEPT = 40
LINES = st.lists(st.text(st.sampled_from("aя👍"), max_size=6).map("{}\n".format), max_size=60)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEPT", KEPT)


def pieces(lines: Sequence[str], sizes: Sequence[int]) -> Iterator[bytes]:
    rest = [*lines]
    for size in [*sizes, 1000]:
        taken, rest = rest[:size], rest[size:]
        yield "".join(taken).encode()


def whole(body: Body) -> tuple[bytes, bytes]:
    """Return the first lines and the last ones, read one after the other."""
    left_out = body.left_out
    parts = [b"", b""]
    offset = 0
    while offset < body.end:
        offset, data = body.read(offset, 10)
        parts[left_out is not None and offset >= left_out[1]] += data
        offset += len(data)
    return parts[0], parts[1]


@given(LINES, st.lists(st.integers(0, 9), max_size=20))
def test_what_is_kept_does_not_depend_on_the_pieces(lines: list[str], sizes: list[int]) -> None:
    data = "".join(lines).encode()
    body = Body()
    for piece in pieces(lines, sizes):
        body.add(body.end, piece)
    assert body.end == len(data)
    assert body.lines == len(lines)
    first, last = whole(body)
    assert body.size == len(first) + len(last) <= 2 * KEPT
    if body.left_out is None:
        assert first + last == data
        return
    assert body.left_out == (len(first), len(data) - len(last))
    assert data.startswith(first)
    assert data.endswith(last)
    assert last.endswith(b"\n")
    for part, rest in ((first, data[len(first) :]), (last, data[: -len(last)][::-1][1:])):
        assert (
            len(part) <= KEPT < len(part) + rest.find(b"\n") + 1 or rest.find(b"\n") < 0
        )  # as many as fit in


@given(LINES, st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=20))
def test_lines_that_are_repeated_are_there_once(lines: list[str], repeats: list[tuple[int, int]]) -> None:
    body, again = Body(), Body()
    body.add(0, "".join(lines).encode())
    offsets = [len("".join(lines[:number]).encode()) for number in range(len(lines) + 1)]
    for first, count in repeats:
        if first < len(lines) and offsets[first] <= again.end:
            again.add(offsets[first], "".join(lines[first : first + count]).encode())
    again.add(again.end, "".join(lines).encode()[again.end :])
    assert (again.end, whole(again), again.lines) == (body.end, whole(body), body.lines)


def test_behind_the_end_is_a_jump() -> None:
    body = Body()
    body.add(0, b"one\n")
    body.add(100, b"two\n")
    assert body.left_out == (4, 100)
    assert whole(body) == (b"one\n", b"two\n")
    body.add(104, b"three\n")
    body.add(200, b"four\n")  # one range is left out
    assert body.left_out == (4, 200)
    assert whole(body) == (b"one\n", b"four\n")
    assert (body.end, body.lines) == (205, 4)
    assert body.read(50, 100) == (200, b"four\n")
    assert body.read(205, 100) == (205, b"")


def test_a_long_line_is_read_whole_and_nothing_of_a_character_is_left_alone() -> None:
    body = Body()
    body.add(0, "я".encode() * 15 + b"\n")
    assert body.read(0, 5) == (0, "я".encode() * 15 + b"\n")
    body.add(body.end - 2, "я\n".encode())  # not as it was before
    assert body.read(0, 100)[1].decode() == "я" * 15 + "\n\n"


def test_last_lines() -> None:
    assert last_lines(b"one\ntwo\n", 100) == b"one\ntwo\n"
    assert last_lines(b"one\ntwo\n", 4) == b"two\n"
    assert last_lines(b"one\ntwo\n", 5) == b"two\n"
    assert last_lines("яяя".encode(), 3) == "я".encode()
    assert last_lines(b"one\n" + b"x" * 9, 5) == b"xxxxx"
