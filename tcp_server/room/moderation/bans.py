"""Who is kept out, or must be silent: by name, by session, by address; until when."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from chat_protocol.ip import IPV4_MAPPED, Network, read_network

_LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_WIDEST = {4: 8, 6: 16}
"""Bits that must be given of a network, by version of IP: fewer would shut out too many."""

_FEW = 64
"""Handles of sentences that are not worth looking through for those that are over."""


class Sentence(NamedTuple):
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


class Sentences:
    """Sentences on people, found by a key of the name or by the session. For one thread at a time."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """`now` gives seconds since 1970."""
        self._now = now
        self._found: dict[str | bytes, Sentence] = {}  # by key and by session
        self._many = _FEW  # with more handles than these, what is over is dropped

    def __iter__(self) -> Iterator[Sentence]:
        now = self._now()
        return (sentence for sentence in dict.fromkeys(self._found.values()) if not sentence.is_over(now))

    def put(self, sentence: Sentence) -> None:
        """Pass a sentence in place of any there was; a session that was known stays known."""
        before = self.lift(sentence.keys)
        if before is not None and sentence.session is None:
            sentence = sentence._replace(session=before.session)
        self._found.update(dict.fromkeys(_handles(sentence.keys, sentence.session), sentence))
        if len(self._found) > self._many:
            now = self._now()
            self._found = {handle: one for handle, one in self._found.items() if not one.is_over(now)}
            self._many = max(_FEW, 2 * len(self._found))

    def lift(self, keys: Iterable[str]) -> Sentence | None:
        """Take back what is on a name and return it, if there was anything."""
        sentence = self.find(keys, None)
        if sentence is not None:
            for handle in _handles(sentence.keys, sentence.session):
                if self._found.get(handle) is sentence:
                    del self._found[handle]
        return sentence

    def find(self, keys: Iterable[str], session: bytes | None) -> Sentence | None:
        """Return what is on somebody who has that name, or that session."""
        if self._found:
            now = self._now()
            for handle in _handles(keys, session):
                sentence = self._found.get(handle)
                if sentence is not None and not sentence.is_over(now):
                    return sentence
        return None


def _handles(keys: Iterable[str], session: bytes | None) -> Sequence[str | bytes]:
    return [*keys] if session is None else [*keys, session]


class _Places(NamedTuple):
    """Sentences on networks (an address is one without neighbours), and how many bits are given of those."""

    sentences: Mapping[Network, Sentence]
    lengths: frozenset[int]


class Bans:
    """Who is kept out.

    Owned by whoever holds the sequencer; only `keeps_out` may be called from any thread.
    """

    def __init__(self, trusted: Sequence[Network] = (), now: Callable[[], float] = time.time) -> None:
        """`trusted` are the proxies that others come through; `now` gives seconds since 1970."""
        self._spared = (*_LOOPBACK, *trusted)
        self._now = now
        self.people = Sentences(now)
        self._places = _Places({}, frozenset())  # for other threads too: replaced, never changed

    def __iter__(self) -> Iterator[Sentence]:
        yield from self.people
        now = self._now()
        yield from (sentence for sentence in self._places.sentences.values() if not sentence.is_over(now))

    def keeps_out(self, host: str) -> bool:
        """Say whether nobody may come from that address. Any thread."""
        return self.find(host) is not None

    def find(self, host: str) -> Sentence | None:
        """Return what keeps an address out. Any thread."""
        places = self._places
        if not places.sentences or (address := read_network(host)) is None:
            return None
        now = self._now()
        for length in places.lengths:
            if length <= address.prefixlen:
                sentence = places.sentences.get(address.supernet(new_prefix=length))
                if sentence is not None and not sentence.is_over(now):
                    return sentence
        return None

    def on(self, network: Network) -> Sentence | None:
        """Return what is on exactly that address or network."""
        sentence = self._places.sentences.get(network)
        return None if sentence is None or sentence.is_over(self._now()) else sentence

    def put(self, network: Network, sentence: Sentence) -> None:
        """Keep an address or a network out."""
        self._replace({**self._places.sentences, network: sentence})

    def lift(self, network: Network) -> Sentence | None:
        """Let an address or a network in again, and return what was on it, if there was anything."""
        sentence = self.on(network)
        self._replace({other: kept for other, kept in self._places.sentences.items() if other != network})
        return sentence

    def shuts_out_too_many(self, network: Network) -> bool:
        """Say whether a network may not be banned: too wide, this machine, or a proxy others come through."""
        return (
            network.prefixlen < _WIDEST[network.version]
            or network.overlaps(IPV4_MAPPED)
            or any(network.overlaps(spared) for spared in self._spared)
        )

    def _replace(self, sentences: dict[Network, Sentence]) -> None:
        now = self._now()
        kept = {network: sentence for network, sentence in sentences.items() if not sentence.is_over(now)}
        self._places = _Places(kept, frozenset(network.prefixlen for network in kept))
