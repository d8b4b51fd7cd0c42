"""PROXY protocol: a header that carries the client's address through a proxy. Pure.

Sections 2.1 (version 1, a line of text) and 2.2 (version 2, binary) of HAProxy's proxy-protocol.txt.
The gateway writes version 1, proxies either; the server reads both.
"""

import re
import struct
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, NamedTuple

from chat_protocol.ip import parse_ip

UNKNOWN_HEADER: Final = b"PROXY UNKNOWN\r\n"
"""The header of a connection that the proxy opens for itself."""

_SIGNATURE: Final = b"PROXY "
_MAX_LENGTH: Final = 107
"""Longest possible header of version 1, in bytes with its CRLF."""

_SIGNATURE_2: Final = b"\r\n\r\n\0\r\nQUIT\n"
_HEAD_2: Final = struct.Struct("!12sBBH")
"""Signature, version and command, family and transport, and how many bytes follow."""

_LOCAL, _PROXY = 0x20, 0x21
_WIDTHS_2: Final = {1: 4, 2: 16}
"""Bytes of an address, by family."""

_PORTS_2: Final = 2 * 2
"""Bytes of the ports that follow the addresses."""

_PORT = re.compile(r"0|[1-9][0-9]{0,4}")


class BadHeader(Exception):
    """A malformed PROXY header. The rest of the stream cannot be trusted."""


class Header(NamedTuple):
    """The client's address (None if the header has none, or there is no header), and the header's length."""

    client: str | None
    length: int


def format_header(client: tuple[str, int], server: tuple[str, int]) -> bytes:
    """Return the header for `client`, which connected to the proxy at `server`.

    Each is a host and a port, 0 if unknown. The header is `UNKNOWN` if a host is not
    an IP address.
    """
    source, destination = parse_ip(client[0]), parse_ip(server[0])
    if source is None or destination is None:
        return UNKNOWN_HEADER
    family = "TCP4"
    if source.version != destination.version:  # behind another proxy; the header has one family for both
        source, destination = _as_ipv6(source), _as_ipv6(destination)
    if source.version == 6:
        family = "TCP6"
    return f"PROXY {family} {source} {destination} {client[1]} {server[1]}\r\n".encode()


def parse_header(opening: bytes) -> Header | None:
    """Parse the first bytes of a connection, which may begin with a header; None if more are needed.

    Without a header the result is `Header(None, 0)`. Raises `BadHeader`.
    """
    if opening.startswith(_SIGNATURE_2):
        return _parse_version_2(opening)
    if not opening.startswith(_SIGNATURE):
        is_prefix = _SIGNATURE.startswith(opening) or _SIGNATURE_2.startswith(opening)
        return None if is_prefix else Header(None, 0)
    end = opening.find(b"\r\n", 0, _MAX_LENGTH)
    if end < 0:
        if len(opening) >= _MAX_LENGTH or b"\n" in opening:
            raise BadHeader
        return None
    return Header(_client(opening[:end].decode("latin-1")), end + len(b"\r\n"))


def _parse_version_2(opening: bytes) -> Header | None:
    """Parse a binary header; None if more bytes are needed. Raises `BadHeader`."""
    if len(opening) < _HEAD_2.size:
        return None
    _, command, family, size = _HEAD_2.unpack_from(opening)
    if command not in (_LOCAL, _PROXY) or family >> 4 > 3 or family & 15 > 2:
        raise BadHeader
    end = _HEAD_2.size + size
    if len(opening) < end:
        return None
    width = _WIDTHS_2.get(family >> 4)
    if command == _LOCAL or width is None:  # a check of the proxy's own, or a local socket
        return Header(None, end)
    if size < 2 * width + _PORTS_2:
        raise BadHeader
    source = ip_address(opening[_HEAD_2.size : _HEAD_2.size + width])
    return Header(str(parse_ip(str(source))), end)


def _client(line: str) -> str | None:
    """Return the client's address in a header without CRLF. Raises `BadHeader`."""
    match line.split(" "):
        case ["PROXY", "UNKNOWN", *_]:
            return None
        case ["PROXY", "TCP4" | "TCP6" as family, source, target, *ports] if len(ports) == 2:
            address = IPv4Address if family == "TCP4" else IPv6Address
            with suppress(ValueError):
                address(target)
                if all(_PORT.fullmatch(port) and int(port) <= 65535 for port in ports) and "%" not in line:
                    address(source)
                    return str(parse_ip(source))
    raise BadHeader


def _as_ipv6(address: IPv4Address | IPv6Address) -> IPv6Address:
    if isinstance(address, IPv6Address):
        return address
    return IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
