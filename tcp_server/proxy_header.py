"""The PROXY protocol, version 1: who is behind a proxy, said in its first line. Pure.

Section 2.1 of HAProxy's proxy-protocol.txt.
"""

import re
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

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
                    return str(address(source))
    raise BadHeader


def _is_port(word: str) -> bool:
    return _PORT.fullmatch(word) is not None and int(word) <= 65535
