"""Telnet's commands are taken out of text; letters that look like them are not."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_server.dialects.telnet import Telnet, unify_line_ends

COMMANDS = [
    b"\xff\xf1",  # NOP
    b"\xff\xf4",  # IP
    b"\xff\xf6",  # AYT
    b"\xff\xf9",  # GA
    b"\xff\xfb\x1f",  # WILL NAWS
    b"\xff\xfc\x01",  # WONT ECHO
    b"\xff\xfd\x06",  # DO TIMING-MARK
    b"\xff\xfe\x01",  # DONT ECHO
    b"\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0",  # SB NAWS 80 24 SE
    b"\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0",  # SB NAWS 255 24 SE
]


def take_out(*chunks: bytes) -> bytes:
    telnet = Telnet()
    return b"".join(map(telnet.take_out, chunks))


@pytest.mark.parametrize("command", COMMANDS, ids=bytes.hex)
def test_a_command_is_taken_out_at_every_split(command: bytes) -> None:
    stream = b"on" + command + "е\n".encode()
    for cut in range(len(stream)):
        assert take_out(stream[:cut], stream[cut:]) == "onе\n".encode()
    assert take_out(*[bytes([byte]) for byte in stream]) == "onе\n".encode()


@given(st.lists(st.sampled_from([*COMMANDS, b"a", "я".encode(), b"\n"])), st.lists(st.integers(0, 200)))
def test_any_commands_are_taken_out_of_any_text(parts: list[bytes], places: list[int]) -> None:
    stream = b"".join(parts)
    edges = (0, *sorted(place for place in places if place < len(stream)), len(stream))
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    assert take_out(*chunks) == b"".join(part for part in parts if part not in COMMANDS)


@pytest.mark.parametrize(
    ("sent", "negotiated"),
    [
        (b"\xff\xfb\x1f", True),
        (b"\xff\xfc\x01", True),
        (b"\xff\xfd\x06", True),
        (b"\xff\xfe\x01", True),
        (b"\xff\xf4\xff\xfd\x06", True),
        (b"\xff\xf4", False),
        (b"\xff\xfb\x80", False),
        (b"\xff\xfe\x80", False),
        *[
            (f"я {text}".encode("cp1251"), False)
            for text in ("гуляю по саду", "гуляю\n", "гуляю\r\n", "гуляю.")
        ],
    ],
    ids=ascii,
)
def test_options_show_a_telnet_client(sent: bytes, negotiated: bool) -> None:
    telnet = Telnet()
    telnet.take_out(sent)
    assert telnet.negotiated is negotiated


def test_what_is_no_command_stays() -> None:
    assert take_out(b"\xff\n", b"a\xff1", b"\xff\x80") == b"\xff\na\xff1\xff\x80"


def test_a_doubled_iac_is_one_byte_of_text() -> None:
    assert take_out(b"\xff\xfd\x01", b"a\xff\xffb", b"\xff", b"\xffc") == b"a\xffb\xffc"


def test_a_subnegotiation_without_end_is_held_up_to_a_limit() -> None:
    telnet = Telnet()
    for _ in range(1000):
        telnet.take_out(b"\xff\xfa" + b"x" * 100)
        assert len(telnet.held) <= 260


@pytest.mark.parametrize(
    "sent", [b"\xff", b"\xff\xfa", b"\xff\xfax", b"\xff\xfd\x06", b"\xff\xfa" + 250 * b"x"], ids=bytes.hex
)
@pytest.mark.parametrize("first", [b"", b"\xff\xfd\x01"], ids=["unknown", "telnet"])
def test_the_time_does_not_grow_with_the_square(sent: bytes, first: bytes) -> None:
    telnet = Telnet()
    telnet.take_out(first)
    telnet.take_out(sent * (2**20 // len(sent)))  # quadratic, it would run into the time limit


@pytest.mark.parametrize(
    ("chunk", "after_cr", "unified"),
    [
        (b"a\r\0b\r\nc\nd\r\0", False, b"a\r\nb\r\nc\nd\r\n"),
        (b"\0a", True, b"\na"),
        (b"\0a\0", False, b"\0a\0"),
        (b"a\r", False, b"a\r"),
    ],
)
def test_enter_ends_a_line_in_each_of_its_forms(chunk: bytes, after_cr: bool, unified: bytes) -> None:
    assert unify_line_ends(chunk, after_cr=after_cr) == unified
