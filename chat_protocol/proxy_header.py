"""PROXY protocol version 1: a first line that carries the client's address through a proxy. Pure.

Section 2.1 of HAProxy's proxy-protocol.txt. The gateway and proxies write it, the server reads it.
"""

import re
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

from chat_protocol.ip import parse_ip

UNKNOWN_HEADER: Final = b"PROXY UNKNOWN\r\n"
"""The header of a connection that the proxy opens for itself."""

_SIGNATURE = b"PROXY "
_MAX_LENGTH = 107
"""Longest possible header, in bytes with its CRLF."""

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
    if not opening.startswith(_SIGNATURE):
        return None if _SIGNATURE.startswith(opening) else Header(None, 0)
    end = opening.find(b"\r\n", 0, _MAX_LENGTH)
    if end < 0:
        if len(opening) >= _MAX_LENGTH or b"\n" in opening:
            raise BadHeader
        return None
    return Header(_client(opening[:end].decode("latin-1")), end + len(b"\r\n"))


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
