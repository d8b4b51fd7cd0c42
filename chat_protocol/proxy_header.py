"""The PROXY protocol, version 1: for whom a connection is, said in its first line. Pure.

Section 2.1 of HAProxy's proxy-protocol.txt. The gateway and proxies write it, the server reads it.
"""

import re
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

from chat_protocol.ip import read_ip

NOBODY: Final = b"PROXY UNKNOWN\r\n"
"""For a connection of the proxy's own."""

_SIGNATURE = b"PROXY "
_LONGEST = 107
"""Bytes of the longest header there can be, its CRLF counted."""

_PORT = re.compile(r"0|[1-9][0-9]{0,4}")


class BadHeader(Exception):
    """What begins like a header goes on like none: nothing behind it can be trusted."""


class Header(NamedTuple):
    """Who is behind the proxy (None: the proxy does not know, or did not say), and where the data begins."""

    client: str | None
    length: int


def write_header(client: tuple[str, int], came_in_on: tuple[str, int]) -> bytes:
    """Return the header of a connection for `client`, whose own one ends at `came_in_on`.

    Each is a host and a port, 0 where that is not known. What names no IP address makes
    it `UNKNOWN`.
    """
    source, destination = read_ip(client[0]), read_ip(came_in_on[0])
    if source is None or destination is None:
        return NOBODY
    family = "TCP4"
    if source.version != destination.version:  # as behind a proxy: there is one family for both
        source, destination = _as_ipv6(source), _as_ipv6(destination)
    if source.version == 6:
        family = "TCP6"
    return f"PROXY {family} {source} {destination} {client[1]} {came_in_on[1]}\r\n".encode()


def read_header(opening: bytes) -> Header | None:
    """Read the header, if there is one, off the first bytes of a connection; None while that needs more.

    Bytes that begin with no header are data from the first one on. Raises `BadHeader`.
    """
    if not opening.startswith(_SIGNATURE):
        return None if _SIGNATURE.startswith(opening) else Header(None, 0)
    end = opening.find(b"\r\n", 0, _LONGEST)
    if end < 0:
        if len(opening) >= _LONGEST or b"\n" in opening:
            raise BadHeader
        return None
    return Header(_client(opening[:end].decode("latin-1")), end + len(b"\r\n"))


def _client(line: str) -> str | None:
    """Return the address that a whole header names as the client's."""
    match line.split(" "):
        case ["PROXY", "UNKNOWN", *_]:
            return None
        case ["PROXY", "TCP4" | "TCP6" as family, source, target, *ports] if len(ports) == 2:
            address = IPv4Address if family == "TCP4" else IPv6Address
            with suppress(ValueError):
                address(target)
                if all(map(_is_port, ports)) and "%" not in line:
                    address(source)
                    return str(read_ip(source))
    raise BadHeader


def _is_port(word: str) -> bool:
    return _PORT.fullmatch(word) is not None and int(word) <= 65535


def _as_ipv6(address: IPv4Address | IPv6Address) -> IPv6Address:
    if isinstance(address, IPv6Address):
        return address
    return IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
