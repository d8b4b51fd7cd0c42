"""Persons who have more than one secret, or whose name is kept for them while they are away.

A person is known by the digest of their first secret. Part of the state that `Fold` changes: nothing here
looks at a clock or a setting; `now` and `until` are in seconds since 1970.
"""

from collections.abc import Container, Iterable, Iterator
from typing import Final

import msgspec

from tcp_server.room.proposals import Link

_MAX_PERSONS: Final = 10_000
"""Most persons that are kept here."""

_MAX_SECRETS: Final = 16
"""Most further secrets of one person; one more replaces the oldest."""


class Person(msgspec.Struct, array_like=True):
    """What is kept of one person: further secrets, the name that is held, and an open one-time code."""

    secrets: list[bytes] = []
    """Digests, the oldest first."""
    name: str = ""
    keys: tuple[str, ...] = ()
    held_until: float = 0.0
    code: bytes = b""
    """Digest of the code; empty if none is open."""
    code_until: float = 0.0
    called: str = ""
    """The name under which the code was asked for."""
    read: int = 0
    """The newest id that was read there."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Person)


class Persons:
    """All persons that are kept, by the digests of their secrets, their names' keys, and open codes."""

    def __init__(self, stored: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Take over those that are `stored`, by the digest of the first secret."""
        self._all: dict[bytes, Person] = {}
        self._by_secret: dict[bytes, bytes] = {}
        self._by_key: dict[str, bytes] = {}
        self._by_code: dict[bytes, bytes] = {}
        self._changed: set[bytes] = set()  # since the last `take_changes`
        for id_, state in stored:
            self._index(id_, _decoder.decode(state))

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return ((id_, _encoder.encode(person)) for id_, person in sorted(self._all.items()))

    def of(self, secret: bytes) -> bytes:
        """Return the person who has a secret: itself, if it is a first or an unknown one."""
        return self._by_secret.get(secret, secret)

    def holder(self, keys: Iterable[str], now: float) -> bytes | None:
        """Return the person for whom a name is held, by its keys."""
        for key in keys:
            if (id_ := self._by_key.get(key)) is not None and self._all[id_].held_until > now:
                return id_
        return None

    @property
    def keys(self) -> Container[str]:
        """The keys of all names that are held, and of some whose time is over."""
        return self._by_key

    def held(self, id_: bytes, now: float) -> Person | None:
        """Return a person for whom a name is held."""
        person = self._all.get(id_)
        return person if person is not None and person.held_until > now else None

    def by_code(self, code: bytes, now: float) -> tuple[bytes, Person] | None:
        """Return the person whose open code has this digest."""
        if (id_ := self._by_code.get(code)) is None or self._all[id_].code_until <= now:
            return None
        return id_, self._all[id_]

    def hold(self, id_: bytes, name: str, keys: tuple[str, ...], until: float, now: float) -> bool:
        """Hold a name for a person, instead of the one before; return False if there are too many."""
        return self._put(id_, now, name=name, keys=keys, held_until=until)

    def open_code(self, id_: bytes, link: Link, name: str, now: float) -> bool:
        """Open a code for a person, instead of the one before; return False if there are too many."""
        return self._put(id_, now, code=link.code, code_until=link.until, read=link.read, called=name)

    def redeem(self, code: bytes, secret: bytes, now: float) -> bytes | None:
        """Close the code, and add a secret to its person, who is returned.

        If it was a further one already, of this person or of another, it is that no longer.
        """
        if (found := self.by_code(code, now)) is None:
            return None
        if (before := self._by_secret.get(secret)) is not None:
            self._put(before, now, secrets=[one for one in self._all[before].secrets if one != secret])
        id_ = found[0]
        secrets = [*self._all[id_].secrets, secret][-_MAX_SECRETS:]
        self._put(id_, now, secrets=secrets, code=b"", code_until=0.0, read=0, called="")
        return id_

    def forget(self, id_: bytes) -> None:
        """Forget all of a person: further secrets, the name, and the code."""
        if id_ in self._all:
            self._unindex(id_)
            self._changed.add(id_)

    def take_changes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield what has to be stored since the last call; None for those forgotten."""
        changed, self._changed = self._changed, set()
        for id_ in sorted(changed):
            person = self._all.get(id_)
            yield id_, None if person is None else _encoder.encode(person)

    @property
    def has_changes(self) -> bool:
        """Whether anything has to be stored."""
        return bool(self._changed)

    def _put(self, id_: bytes, now: float, **fields: object) -> bool:
        if id_ not in self._all and len(self._all) >= _MAX_PERSONS:
            for old in [one for one, person in self._all.items() if _is_over(person, now)]:
                self.forget(old)
            if len(self._all) >= _MAX_PERSONS:
                return False
        person = msgspec.structs.replace(self._all.get(id_) or Person(), **fields)
        if id_ in self._all:
            self._unindex(id_)
        self._index(id_, person)
        self._changed.add(id_)
        return True

    def _index(self, id_: bytes, person: Person) -> None:
        self._all[id_] = person
        self._by_secret.update(dict.fromkeys(person.secrets, id_))
        for key in person.keys:
            other = self._by_key.get(key)
            if other is None or self._all[other].held_until <= person.held_until:  # else its time is over
                self._by_key[key] = id_
        if person.code:
            self._by_code[person.code] = id_

    def _unindex(self, id_: bytes) -> None:
        person = self._all.pop(id_)
        for secret in person.secrets:
            del self._by_secret[secret]
        for key in person.keys:
            if self._by_key.get(key) == id_:
                del self._by_key[key]
        self._by_code.pop(person.code, None)


def _is_over(person: Person, now: float) -> bool:
    """Return whether nothing of a person is needed any more."""
    return not person.secrets and max(person.held_until, person.code_until) <= now
