"""Bans and mutes in force, by name, session, or address.

Part of the state that `Fold` changes: nothing here looks at a clock. Each `now` is in seconds since 1970.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from chat_protocol.ip import IPV4_MAPPED, Network, parse_network

_LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_MIN_PREFIX_LENGTH = {4: 8, 6: 16}
"""Shortest prefix of a network that can be banned, in bits, by version of IP."""

_MIN_PURGE = 64
"""Expired entries are not purged while there are at most as many as this."""


class Sanction(NamedTuple):
    """A ban or a mute. `until` is in seconds since 1970; None means for ever.

    `target` is a name, with the `keys` under which it is unique, or an address or a network;
    `session` is the digest of the person's session, if there was one.
    """

    target: str
    at: str
    until: float | None
    by: str
    text: str = ""
    keys: tuple[str, ...] = ()
    session: bytes | None = None

    def is_over(self, now: float) -> bool:
        """Return whether it has expired."""
        return self.until is not None and self.until <= now

    def seconds_left(self, now: float) -> float | None:
        """Return for how long it will be in force; None means for ever."""
        return None if self.until is None else round(max(self.until - now, 0.1), 1)


class SanctionList:
    """Bans or mutes of people, found by a key of the name or by session. Not thread-safe."""

    def __init__(self) -> None:
        self._sanctions: dict[str | bytes, Sanction] = {}  # by key and by session
        self._purge_at = _MIN_PURGE  # with more entries than these, expired ones are purged

    def __iter__(self) -> Iterator[Sanction]:
        """Yield all, also those that have expired."""
        return iter(dict.fromkeys(self._sanctions.values()))

    def put(self, sanction: Sanction, now: float) -> None:
        """Add a sanction. It replaces one on the same name, and gets that one's session if it has none."""
        replaced = self.lift(sanction.keys, now)
        if replaced is not None and sanction.session is None:
            sanction = sanction._replace(session=replaced.session)
        for key in _lookup_keys(sanction.keys, sanction.session):
            self._sanctions.pop(key, None)  # one that has expired gives its place in the order to nobody
            self._sanctions[key] = sanction
        if len(self._sanctions) > self._purge_at:
            self._sanctions = {key: one for key, one in self._sanctions.items() if not one.is_over(now)}
            self._purge_at = max(_MIN_PURGE, 2 * len(self._sanctions))

    def lift(self, keys: Iterable[str], now: float) -> Sanction | None:
        """Remove the sanction on a name, and return it if there was one."""
        sanction = self.find(keys, None, now)
        if sanction is not None:
            for key in _lookup_keys(sanction.keys, sanction.session):
                if self._sanctions.get(key) is sanction:
                    del self._sanctions[key]
        return sanction

    def find(self, keys: Iterable[str], session: bytes | None, now: float) -> Sanction | None:
        """Return the sanction on a name with one of these keys, or on that session."""
        if self._sanctions:
            for key in _lookup_keys(keys, session):
                sanction = self._sanctions.get(key)
                if sanction is not None and not sanction.is_over(now):
                    return sanction
        return None


def _lookup_keys(keys: Iterable[str], session: bytes | None) -> Sequence[str | bytes]:
    return [*keys] if session is None else [*keys, session]


class _NetworkBans(NamedTuple):
    """Bans of networks (an address is a network with one host), and the prefix lengths they have."""

    sanctions: Mapping[Network, Sanction]
    lengths: frozenset[int]


class Bans:
    """All bans: of people, and of addresses and networks.

    `find` may be called from any thread; for the rest the caller holds the sequencer's room lock.
    """

    def __init__(self) -> None:
        self.people = SanctionList()
        self._networks = _NetworkBans({}, frozenset())  # read by any thread: replaced, never changed

    def __iter__(self) -> Iterator[Sanction]:
        """Yield all, also those that have expired."""
        yield from self.people
        yield from self._networks.sanctions.values()

    def find(self, host: str, now: float) -> Sanction | None:
        """Return the ban of an address or of a network it is in. Any thread."""
        networks = self._networks
        if not networks.sanctions or (address := parse_network(host)) is None:
            return None
        for length in networks.lengths:
            if length <= address.prefixlen:
                sanction = networks.sanctions.get(address.supernet(new_prefix=length))
                if sanction is not None and not sanction.is_over(now):
                    return sanction
        return None

    def get(self, network: Network, now: float) -> Sanction | None:
        """Return the ban of exactly that address or network."""
        sanction = self._networks.sanctions.get(network)
        return None if sanction is None or sanction.is_over(now) else sanction

    def put(self, network: Network, sanction: Sanction, now: float) -> None:
        """Ban an address or a network."""
        others = {other: kept for other, kept in self._networks.sanctions.items() if other != network}
        self._replace({**others, network: sanction}, now)

    def lift(self, network: Network, now: float) -> Sanction | None:
        """Remove the ban of exactly that address or network, and return it if there was one."""
        sanction = self.get(network, now)
        others = {other: kept for other, kept in self._networks.sanctions.items() if other != network}
        self._replace(others, now)
        return sanction

    def _replace(self, sanctions: dict[Network, Sanction], now: float) -> None:
        kept = {network: sanction for network, sanction in sanctions.items() if not sanction.is_over(now)}
        self._networks = _NetworkBans(kept, frozenset(network.prefixlen for network in kept))


def is_too_wide(network: Network, trusted: Iterable[Network]) -> bool:
    """Return whether a network must not be banned: too many hosts, this machine, or a trusted proxy."""
    return (
        network.prefixlen < _MIN_PREFIX_LENGTH[network.version]
        or network.overlaps(IPV4_MAPPED)
        or any(network.overlaps(other) for other in (*_LOOPBACK, *trusted))
    )
