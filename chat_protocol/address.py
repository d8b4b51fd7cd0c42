"""Parses HOST:PORT as people write it on a command line."""

from typing import NamedTuple

from chat_protocol.contract import DEFAULT_PORT
from chat_protocol.errors import BadAddress


class Address(NamedTuple):
    """Host and port of a room."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, default_port: int = DEFAULT_PORT) -> Address:
    """Parse `HOST`, `HOST:PORT`, `:PORT`, `[V6]` or `[V6]:PORT`. Raises `BadAddress`.

    An empty host means 127.0.0.1. An IPv6 address needs brackets only before a port.
    """
    text = text.strip()
    if "/" in text:
        raise BadAddress(f"not an address: {text!r}")
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise BadAddress(f"not an address: {text!r}")
        port = rest[1:]
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if not port:
        return Address(host or "127.0.0.1", default_port)
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise BadAddress(f"not a port: {port!r}")
    return Address(host or "127.0.0.1", int(port))
