"""Parsing HOST:PORT."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.address import Address, parse_address
from chat_protocol.errors import BadAddress


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("example.org", ("example.org", 8080)),
        ("example.org:99", ("example.org", 99)),
        (" example.org:99 ", ("example.org", 99)),
        ("example.org:", ("example.org", 8080)),
        (":99", ("127.0.0.1", 99)),
        ("", ("127.0.0.1", 8080)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[::1]", ("::1", 8080)),
        ("[::1]:99", ("::1", 99)),
        ("fe80::1", ("fe80::1", 8080)),
        ("h:65535", ("h", 65535)),
    ],
)
def test_parsing(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


def test_another_default_port() -> None:
    assert parse_address("h", 5000) == ("h", 5000)


@pytest.mark.parametrize(
    "text",
    ["h:65536", "h:x", "h:-1", "h:٣", "h: 80", "[::1", "[::1]99", "http://h:80", "h/path", "h:" + "9" * 5000],
)
def test_invalid_addresses(text: str) -> None:
    with pytest.raises(BadAddress, match="not a"):
        parse_address(text)


@given(st.sampled_from(["example.org", "10.0.0.1", "::1", "fe80::1"]), st.integers(1, 65535))
def test_a_printed_address_can_be_parsed(host: str, port: int) -> None:
    assert parse_address(str(Address(host, port))) == (host, port)


@given(st.text())
def test_no_other_error_is_raised(text: str) -> None:
    try:
        address = parse_address(text)
    except BadAddress:
        return
    assert 0 <= address.port <= 65535
