"""Who is kept out, or must be silent: by name, by session, by address; until when."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from chat_protocol.ip import IPV4_MAPPED, Network, read_network

_LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_MIN_PREFIX_LENGTH = {4: 8, 6: 16}
"""Bits that must be given of a network, by version of IP: fewer would shut out too many."""

_MIN_PURGE = 64
"""Handles of sanctions that are not worth looking through for those that are over."""


class Sanction(NamedTuple):
    """A ban or a mute. `until` is by the wall clock, in seconds since 1970; None is for good.

    `target` is a name as shown, with the `keys` under which it is unique, or an address or a
    network; `session` is the digest of the person's session, where there was one.
    """

    target: str
    at: str
    until: float | None
    by: str
    text: str = ""
    keys: tuple[str, ...] = ()
    session: bytes | None = None

    def is_over(self, now: float) -> bool:
        """Say whether it no longer holds."""
        return self.until is not None and self.until <= now


class SanctionList:
    """SanctionList on people, found by a key of the name or by the session. For one thread at a time."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """`now` gives seconds since 1970."""
        self._now = now
        self._found: dict[str | bytes, Sanction] = {}  # by key and by session
        self._purge_at = _MIN_PURGE  # with more handles than these, what is over is dropped

    def __iter__(self) -> Iterator[Sanction]:
        now = self._now()
        return (sanction for sanction in dict.fromkeys(self._found.values()) if not sanction.is_over(now))

    def put(self, sanction: Sanction) -> None:
        """Pass a sanction in place of any there was; a session that was known stays known."""
        before = self.lift(sanction.keys)
        if before is not None and sanction.session is None:
            sanction = sanction._replace(session=before.session)
        self._found.update(dict.fromkeys(_handles(sanction.keys, sanction.session), sanction))
        if len(self._found) > self._purge_at:
            now = self._now()
            self._found = {handle: one for handle, one in self._found.items() if not one.is_over(now)}
            self._purge_at = max(_MIN_PURGE, 2 * len(self._found))

    def lift(self, keys: Iterable[str]) -> Sanction | None:
        """Take back what is on a name and return it, if there was anything."""
        sanction = self.find(keys, None)
        if sanction is not None:
            for handle in _handles(sanction.keys, sanction.session):
                if self._found.get(handle) is sanction:
                    del self._found[handle]
        return sanction

    def find(self, keys: Iterable[str], session: bytes | None) -> Sanction | None:
        """Return what is on somebody who has that name, or that session."""
        if self._found:
            now = self._now()
            for handle in _handles(keys, session):
                sanction = self._found.get(handle)
                if sanction is not None and not sanction.is_over(now):
                    return sanction
        return None


def _handles(keys: Iterable[str], session: bytes | None) -> Sequence[str | bytes]:
    return [*keys] if session is None else [*keys, session]


class _NetworkBans(NamedTuple):
    """Bans of networks (an address is a network with one host), and the prefix lengths they have."""

    sanctions: Mapping[Network, Sanction]
    lengths: frozenset[int]


class Bans:
    """Who is kept out.

    Owned by whoever holds the sequencer; only `is_banned` may be called from any thread.
    """

    def __init__(self, trusted: Sequence[Network] = (), now: Callable[[], float] = time.time) -> None:
        """`trusted` are the proxies that others come through; `now` gives seconds since 1970."""
        self._spared = (*_LOOPBACK, *trusted)
        self._now = now
        self.people = SanctionList(now)
        self._networks = _NetworkBans({}, frozenset())  # for other threads too: replaced, never changed

    def __iter__(self) -> Iterator[Sanction]:
        yield from self.people
        now = self._now()
        yield from (sanction for sanction in self._networks.sanctions.values() if not sanction.is_over(now))

    def is_banned(self, host: str) -> bool:
        """Say whether nobody may come from that address. Any thread."""
        return self.find(host) is not None

    def find(self, host: str) -> Sanction | None:
        """Return what keeps an address out. Any thread."""
        networks = self._networks
        if not networks.sanctions or (address := read_network(host)) is None:
            return None
        now = self._now()
        for length in networks.lengths:
            if length <= address.prefixlen:
                sanction = networks.sanctions.get(address.supernet(new_prefix=length))
                if sanction is not None and not sanction.is_over(now):
                    return sanction
        return None

    def on(self, network: Network) -> Sanction | None:
        """Return what is on exactly that address or network."""
        sanction = self._networks.sanctions.get(network)
        return None if sanction is None or sanction.is_over(self._now()) else sanction

    def put(self, network: Network, sanction: Sanction) -> None:
        """Keep an address or a network out."""
        self._replace({**self._networks.sanctions, network: sanction})

    def lift(self, network: Network) -> Sanction | None:
        """Let an address or a network in again, and return what was on it, if there was anything."""
        sanction = self.on(network)
        self._replace({other: kept for other, kept in self._networks.sanctions.items() if other != network})
        return sanction

    def is_too_wide(self, network: Network) -> bool:
        """Say whether a network may not be banned: too wide, this machine, or a proxy others come through."""
        return (
            network.prefixlen < _MIN_PREFIX_LENGTH[network.version]
            or network.overlaps(IPV4_MAPPED)
            or any(network.overlaps(spared) for spared in self._spared)
        )

    def _replace(self, sanctions: dict[Network, Sanction]) -> None:
        now = self._now()
        kept = {network: sanction for network, sanction in sanctions.items() if not sanction.is_over(now)}
        self._networks = _NetworkBans(kept, frozenset(network.prefixlen for network in kept))
