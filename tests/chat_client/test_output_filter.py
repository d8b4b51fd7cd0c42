"""What a program writes becomes final lines and a tail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client.output_buffer import OutputBuffer
from chat_client.output_filter import MAX_LINE, OutputFilter
from chat_protocol.live import MAX_OUTPUT, MAX_TAIL_LINES
from chat_protocol.sgr import clean_output, without_colours

RED, OFF = "\x1b[31m", "\x1b[0m"


def all_lines(*parts: str | bytes, columns: int = 80) -> str:
    """Return what is left of output in the end."""
    output = OutputFilter(columns, 24)
    fed = [output.feed(part if isinstance(part, bytes) else part.encode()) for part in parts]
    return "".join(fed) + output.finish()


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("a\nb", "a\nb\n"),
        ("a\r\n\r\nb\r\n", "a\n\nb\n"),
        ("слон\tx\n", "слон\tx\n"),
        (f"{RED}a\nb{OFF}\nc\n", f"{RED}a\n{RED}b{OFF}\nc\n"),
        ("\x1b[1;32ma\nb\n", "\x1b[1;32ma\n\x1b[1;32mb\n"),
        ("10 %\r20 %\r100 %\n", "100 %\n"),
        ("long line\rab\n", "abng line\n"),
        ("long line\r\x1b[Kab\n", "ab\n"),
        ("long line\x1b[2K\rab\n", "ab\n"),
        (f"{RED}long\r\x1b[Kab\n", f"{RED}ab\n"),
        ("\x1b[01m\x1b[Kmain.c:\x1b[m\x1b[K warning\n", "\x1b[1mmain.c:\x1b[0m warning\n"),  # of gcc
        ("ab\b\bc\n", "cb\n"),
        (f"ab\r{RED}c\n", "\x1b[0;31mc\x1b[0mb\n"),
        ("✔️ done\r✔ DONE\n", "✔ DONE\n"),
        ("one\ntwo\nthree\n\x1b[3A\x1b[KONE\n\x1b[KTWO\n\x1b[1Bfour\n", "ONE\nTWO\nthree\nfour\n"),
        ("before\n\x1b[?1049h\x1b[H\x1b[2Jall of it\x1b[?1049lafter\n", "before\nafter\n"),
        ("\x1b]0;title\x07a\x1b[?25l\x1b[?2004hb\n", "ab\n"),
        (
            "a\x1b[A\x1b[?6nb\x1b[?4D\x1b[1;2;3Hc\x1b[5J\x1b[7Kd\x1b[?6h\x1b[6n\n",
            "abcd\n",
        ),  # as if they were not there
        (b"\xff\xd0\n", "��\n"),
        ("", ""),
        ("\n\n\n", ""),
    ],
)
def test_what_is_left_in_the_end(written: str | bytes, lines: str) -> None:
    assert all_lines(written) == lines


PIECES = st.sampled_from(
    [
        *("a", "слон", "\n", "\r\n", "\r", "\b", "\t", "100 %", RED, OFF, "\x1b[1;44m", "\x1b[38;5;200m"),
        *("\x1b[K", "\x1b[2K", "\x1b[A", "\x1b[2A", "\x1b[3B", "\x1b[5C", "\x1b[1G", "\x1b[H", "\x1b[2J"),
        *(
            "\x1b[?1049h",
            "\x1b[?1049l",
            "\x1b7",
            "\x1b8",
            "\x1bM",
            "\x1b[3;9r",
            "\x1b[r",
            "\x1b]0;t\x07",
            "\x1b[",
        ),
        *("\x1b[1;2;3H", "\x1b[?6n", "\x1b[?4C", "\x1b[5J", "\x1b[7K"),
        *("\x1b[L", "\x1b[2M", "\x1b[P", "\x1b[@", "👩‍💻", "界", "é", "\x9b", "\x1b(0"),
    ]
)
OUTPUT = st.lists(PIECES, max_size=40).map("".join)


@given(OUTPUT | st.text(max_size=40))
def test_it_is_clean(written: str) -> None:
    lines = all_lines(written)
    assert clean_output(lines) == lines
    assert not lines or lines.endswith("\n")


@given(OUTPUT, st.integers(1, 50))
def test_it_does_not_depend_on_the_pieces_it_comes_in(written: str, size: int) -> None:
    data = written.encode()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert all_lines(*pieces) == all_lines(data)


@given(OUTPUT)
def test_a_tail_is_within_its_bounds(written: str) -> None:
    output = OutputFilter(80, 24)
    output.feed((written * 30).encode())
    tail = output.tail()
    assert len(tail.encode()) <= MAX_OUTPUT
    assert tail.count("\n") < MAX_TAIL_LINES
    assert clean_output(tail) == tail


def test_lines_are_final_once_there_are_50_newer_ones() -> None:
    output = OutputFilter()
    numbers = [f"{number}\n" for number in range(100)]
    assert output.feed("".join(numbers).encode()) == "".join(numbers[:51])
    assert output.tail() + "\n" == "".join(numbers[51:])


def test_lines_that_are_left_alone_are_final() -> None:
    output = OutputFilter()
    output.feed(b"a\nb")
    assert output.tick() == ""
    output.feed(b"b\nc")
    assert output.tick() == "a\n"
    assert output.tail() == "bb\nc"
    assert output.tick() == "bb\n"
    assert output.tick() == ""


def test_several_progress_bars_are_lines_in_the_end() -> None:
    output = OutputFilter(80, 24)
    assert output.feed(b"start\nx:  0 %\ny:  0 %\n") == ""
    for percent in (10, 50, 100):
        assert output.tick() == ""
        output.feed(f"\x1b[2A\rx: {percent:2} %\x1b[K\ny: {percent:2} %\x1b[K\n".encode())
    assert output.tail() == "start\nx: 100 %\ny: 100 %\n"
    output.tick()
    output.tick()
    output.feed(b"made\n")
    assert output.finish().endswith("made\n")


def test_a_line_without_end_is_cut() -> None:
    output = OutputFilter()
    final = "".join(output.feed(b"x" * 10_000) for _ in range(20)) + output.finish()
    assert without_colours(final).replace("\n", "") == "x" * 200_000
    assert max(map(len, final.split("\n"))) <= MAX_LINE
    coloured = all_lines(RED + "x" * 5000 + "\n")
    assert [line[:5] for line in coloured.splitlines()] == [RED] * 3


def test_a_line_that_overwrites_itself_for_ever_is_no_harm() -> None:
    output = OutputFilter()
    for number in range(20_000):
        output.feed(f"\r{number} %".encode())
    assert output.finish() == "19999 %\n"


def test_output_that_is_left_out_does_not_mix_with_what_follows() -> None:
    output = OutputFilter()
    output.feed(f"a\n{RED}half".encode())
    assert output.skip() == "a\n"
    output.feed(b"line\n")
    assert output.finish() == "line\n"


def test_the_buffer_leaves_out_the_middle() -> None:
    buffer = OutputBuffer()
    parts = [bytes([number]) * 1024 for number in range(256)] * 20
    for part in parts:
        buffer.write(part)
    taken = []
    while buffer:
        taken.append(buffer.take(4000))
    gaps = [left_out for left_out, _ in taken if left_out]
    assert gaps == [2 * 1024 * 1024]
    data = b"".join(data for _, data in taken)
    assert data == b"".join(parts[:2048] + parts[-1024:])
    buffer.write(b"end")
    assert buffer.has(3)
    assert not buffer.has(4)
    assert buffer.take(10) == (0, b"end")
