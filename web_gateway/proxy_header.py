"""The line that tells the room for whom a connection is: PROXY protocol, version 1."""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from web_gateway.addresses import read_ip

NOBODY: Final = b"PROXY UNKNOWN\r\n"
"""For a connection of the gateway's own."""


def proxy_header(client: tuple[str, int], came_in_on: tuple[str, int]) -> bytes:
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


def _as_ipv6(address: IPv4Address | IPv6Address) -> IPv6Address:
    if isinstance(address, IPv6Address):
        return address
    return IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
