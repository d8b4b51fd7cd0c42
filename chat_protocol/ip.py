"""IP addresses and networks: how they are read and written, and which addresses count as one."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

IpAddress = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAPPED: Final = IPv6Network("::ffff:0:0/96")
"""IPv4 in the clothes of IPv6 (RFC 4291, section 2.5.5.2)."""

_ONE_CUSTOMER = 64  # bits of an IPv6 address that name a household or a server; the rest is its own choice


def read_ip(text: str) -> IpAddress | None:
    """Read an address, without a zone, and IPv4 as such where it is dressed as IPv6; None for all else."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def counted_as(text: str, exempt: Iterable[Network]) -> str | None:
    """Name what the limits by address count a peer as; None for one that is not counted.

    An IPv4 address is one, and so is a whole /64 of IPv6. This machine is not counted, nor
    who is in `exempt`.
    """
    address = read_ip(text)
    if address is None or address.is_loopback or is_in(address, exempt):
        return None
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, _ONE_CUSTOMER), strict=False))


def read_network(text: str) -> Network | None:
    """Read an address or a network (CIDR), as `read_ip` does; None for all else."""
    try:
        return parse_network(text, strict=False)
    except ValueError:
        return None


def parse_network(text: str, *, strict: bool = True) -> Network:
    """As `read_network`, but raise `ValueError`; if `strict` also where bits are set behind the mask."""
    address, slash, bits = text.partition("/")
    network = ip_network(address.partition("%")[0] + slash + bits, strict)
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - MAPPED.prefixlen))
    return network


def widened(network: Network) -> Network:
    """Return the network, but the whole /64 for a part of one: whoever has an address has all of them."""
    if isinstance(network, IPv6Network) and network.prefixlen > _ONE_CUSTOMER:
        return network.supernet(new_prefix=_ONE_CUSTOMER)
    return network


def write_network(network: Network) -> str:
    """Return it as people write it: an address without the bits."""
    return str(network.network_address if is_single(network) else network)


def is_single(network: Network) -> bool:
    """Say whether it is one address."""
    return network.prefixlen == network.max_prefixlen


def is_in(address: IpAddress | None, networks: Iterable[Network]) -> bool:
    """Say whether one of the networks has the address."""
    return address is not None and any(address in network for network in networks)
