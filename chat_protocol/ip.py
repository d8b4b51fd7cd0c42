"""Parses and formats IP addresses and networks, and groups addresses for rate limits."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from unicodedata import normalize

IpAddress = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_ODD_NUMBER: Final = re.compile(r"(?i)0x[0-9a-f]*|[0-9]+")

IPV4_MAPPED: Final = IPv6Network("::ffff:0:0/96")
"""IPv4-mapped IPv6 addresses (RFC 4291, section 2.5.5.2)."""

_SUBSCRIBER_PREFIX = 64  # bits of an IPv6 address that are assigned to one household or server


def parse_ip(text: str) -> IpAddress | None:
    """Parse an address, without its zone, an IPv4-mapped one as IPv4; None if it is not an address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def rate_limit_key(text: str, exempt: Iterable[Network]) -> str | None:
    """Return the key under which limits by address count a peer; None if it is not counted.

    The key is the IPv4 address, or the /64 network of an IPv6 address. Loopback addresses
    and those in `exempt` are not counted.
    """
    address = parse_ip(text)
    if address is None or address.is_loopback or is_in(address, exempt):
        return None
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, _SUBSCRIBER_PREFIX), strict=False))


def parse_network(text: str) -> Network | None:
    """Parse an address or a network (CIDR), as `parse_ip` does; None if it is neither."""
    try:
        return to_network(text, strict=False)
    except ValueError:
        return None


def to_network(text: str, *, strict: bool = True) -> Network:
    """Parse as `parse_network`, but raise `ValueError`; if `strict`, also for bits set after the prefix."""
    address, slash, prefix = text.partition("/")
    network = ip_network(address.partition("%")[0] + slash + prefix, strict)
    if isinstance(network, IPv6Network) and network.subnet_of(IPV4_MAPPED):
        bits = network.prefixlen - IPV4_MAPPED.prefixlen
        return IPv4Network((int(network.network_address) & 0xFFFF_FFFF, bits))
    return network


def resembles_address(text: str) -> bool:
    """Return whether some programs read a text as an IPv4 address, like `203.0.113.007` or `0x7f.1`.

    Two or three plain numbers are none: they may well be a name.
    """
    parts = normalize("NFKC", text).partition("/")[0].removesuffix(".").split(".")
    if not 2 <= len(parts) <= 4 or not all(map(_ODD_NUMBER.fullmatch, parts)):
        return False
    return len(parts) == 4 or any(part.startswith("0") and part != "0" for part in parts)


def subscriber_network(network: Network) -> Network:
    """Return the /64 of a smaller IPv6 network, since one subscriber has all of it; others unchanged."""
    if isinstance(network, IPv6Network) and network.prefixlen > _SUBSCRIBER_PREFIX:
        return network.supernet(new_prefix=_SUBSCRIBER_PREFIX)
    return network


def format_network(network: Network) -> str:
    """Return a network as text: a single address without its prefix length."""
    return str(network.network_address if is_single(network) else network)


def is_single(network: Network) -> bool:
    """Return whether the network is a single address."""
    return network.prefixlen == network.max_prefixlen


def is_in(address: IpAddress | None, networks: Iterable[Network]) -> bool:
    """Return whether the address is in one of the networks."""
    return address is not None and any(address in network for network in networks)
