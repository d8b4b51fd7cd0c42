"""PROXY protocol: every valid form, and malformed ones."""

from ipaddress import ip_address

import pytest

from chat_protocol.proxy_header import BadHeader, Header, parse_header


@pytest.mark.parametrize(
    ("line", "client"),
    [
        (b"PROXY TCP4 203.0.113.7 192.0.2.1 40000 8080", "203.0.113.7"),
        (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535", "255.255.255.255"),
        (b"PROXY TCP4 1.2.3.4 1.2.3.4 0 0", "1.2.3.4"),
        (b"PROXY TCP6 2001:db8::7 2001:DB8::1 40000 8080", "2001:db8::7"),
        (b"PROXY TCP6 " + b" ".join([b"ffff:" * 7 + b"ffff"] * 2) + b" 65535 65535", "ffff:" * 7 + "ffff"),
        (b"PROXY UNKNOWN", None),
        (b"PROXY UNKNOWN " + b" ".join([b"ffff:" * 7 + b"ffff"] * 2) + b" 65535 65535", None),
        (b"PROXY UNKNOWN \xff\0", None),
    ],
)
def test_incomplete_and_complete_headers(line: bytes, client: str | None) -> None:
    whole = line + b"\r\n"
    assert len(whole) <= 107
    for end in range(len(whole)):
        assert parse_header(whole[:end]) is None
    assert parse_header(whole) == Header(client, len(whole))
    assert parse_header(whole + b"name\nhello\r\n") == Header(client, len(whole))


@pytest.mark.parametrize(
    "opening",
    [
        b"A",
        b"\xd0",
        b'{"type":"join"}\n',
        b"PROXI",
        b"proxy TCP4",
        b"\r\n\r\n\0\r\nQUIT\r",
        b"\r\nname\r\n",
        b"\n",
    ],
)
def test_without_a_header_all_bytes_are_data(opening: bytes) -> None:
    assert parse_header(opening) == Header(None, 0)


def test_too_few_bytes_need_more() -> None:
    assert parse_header(b"") is None
    assert parse_header(b"PRO") is None


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY ",
        b"PROXY  UNKNOWN",
        b"PROXY UNKNOWNS",
        b"PROXY TCP4",
        b"PROXY TCP5 1.2.3.4 1.2.3.4 1 1",
        b"PROXY tcp4 1.2.3.4 1.2.3.4 1 1",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 ",
        b"PROXY TCP4  1.2.3.4 1.2.3.4 1 1",
        b"PROXY TCP4\t1.2.3.4 1.2.3.4 1 1",
        b"PROXY TCP4 1.2.3 1.2.3.4 1 1",
        b"PROXY TCP4 1.2.3.256 1.2.3.4 1 1",
        b"PROXY TCP4 01.2.3.4 1.2.3.4 1 1",
        b"PROXY TCP4 1.2.3.4 host 1 1",
        b"PROXY TCP4 ::1 ::1 1 1",
        b"PROXY TCP6 1.2.3.4 1.2.3.4 1 1",
        b"PROXY TCP6 fe80::1%eth0 ::1 1 1",
        b"PROXY TCP6 :::1 ::1 1 1",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 65536 1",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 99999999",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 01 1",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 -1 1",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 +1 1",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 \xd9\xa1 1",
        b"PROXY TCP4 \xff 1.2.3.4 1 1",
        b"PROXY TCP4 1.2.3.4\n1.2.3.4 1 1",
        b"PROXY UNKNOWN" + b" " * 93,
    ],
)
def test_malformed_headers(line: bytes) -> None:
    with pytest.raises(BadHeader):
        parse_header(line + b"\r\n")


def test_a_line_feed_alone_does_not_end_a_header() -> None:
    with pytest.raises(BadHeader):
        parse_header(b"PROXY UNKNOWN\n")


def test_a_header_has_a_maximum_length() -> None:
    assert parse_header(b"PROXY UNKNOWN" + b"x" * 93) is None
    with pytest.raises(BadHeader):
        parse_header(b"PROXY UNKNOWN" + b"x" * 94)


# --- version 2 -----------------------------------------------------------------------

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def version_2(head: str, body: bytes = b"", size: int | None = None) -> bytes:
    """Return a header; `head` is hex: version and command, family and transport."""
    length = len(body) if size is None else size
    return SIGNATURE + bytes.fromhex(head) + length.to_bytes(2) + body


def packed(source: str) -> bytes:
    """Return two addresses and two ports."""
    return 2 * ip_address(source).packed + bytes(4)


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (version_2("2111", packed("203.0.113.7")), "203.0.113.7"),
        (version_2("2111", packed("203.0.113.7") + b"\x04\0\x01x"), "203.0.113.7"),
        (version_2("2112", packed("203.0.113.7")), "203.0.113.7"),
        (version_2("2121", packed("2001:db8::7")), "2001:db8::7"),
        (version_2("2121", packed("::ffff:203.0.113.7")), "203.0.113.7"),
        (version_2("2121", packed("::1") + bytes(65_000)), "::1"),
        (version_2("2131", bytes(216)), None),
        (version_2("2100"), None),
        (version_2("2100", b"any"), None),
        (version_2("2000"), None),
        (version_2("2011", packed("203.0.113.7")), None),
    ],
)
def test_incomplete_and_complete_binary_headers(header: bytes, client: str | None) -> None:
    for end in [*range(100), len(header) - 1]:
        if end < len(header):
            assert parse_header(header[:end]) is None
    assert parse_header(header) == Header(client, len(header))
    assert parse_header(header + b"name\nhello\n") == Header(client, len(header))


@pytest.mark.parametrize(
    "header",
    [
        version_2("1111", packed("203.0.113.7")),
        version_2("3111", packed("203.0.113.7")),
        version_2("2211", packed("203.0.113.7")),
        version_2("2141", packed("203.0.113.7")),
        version_2("2113", packed("203.0.113.7")),
        version_2("2111", packed("203.0.113.7")[:-1]),
        version_2("2121", packed("203.0.113.7")),
        version_2("2111"),
    ],
)
def test_malformed_binary_headers(header: bytes) -> None:
    with pytest.raises(BadHeader):
        parse_header(header)
