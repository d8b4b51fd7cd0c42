"""IP addresses: how they are read, and which of them count as one."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IpAddress = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_ONE_LINE = 64  # bits of an IPv6 address that name a household or a server; the rest is its own choice


def read_ip(text: str) -> IpAddress | None:
    """Read an address, without a zone, and IPv4 as such where it is dressed as IPv6; None for all else."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def is_in(address: IpAddress | None, networks: Iterable[Network]) -> bool:
    """Say whether one of the networks has the address."""
    return address is not None and any(address in network for network in networks)


def counted_as(text: str, exempt: Iterable[Network]) -> str | None:
    """Name what the limits per address count a peer as; None for one that is not counted.

    An IPv4 address is one, and so is a whole /64 of IPv6. This machine is not counted, nor
    who is in `exempt`.
    """
    address = read_ip(text)
    if address is None or address.is_loopback or is_in(address, exempt):
        return None
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, _ONE_LINE), strict=False))
