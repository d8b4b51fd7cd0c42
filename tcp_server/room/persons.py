"""Persons who have more than one secret, or whose name is kept for them while they are away.

A person is known by the digest of their first secret. Part of the state that `Fold` changes: nothing here
looks at a clock or a setting; `now` and `until` are in seconds since 1970.
"""

import math
from collections.abc import Callable, Container, Iterable, Iterator
from heapq import nsmallest
from typing import Final

import msgspec

from tcp_server.room.passwords import DIGEST_BYTES
from tcp_server.room.proposals import Link

_MAX_PERSONS: Final = 10_000
"""Most persons that are kept here."""

_KEPT: Final = 90 * 86_400.0
"""Seconds without a seat after which a person's further secrets are void."""

_MAX_DROPPED: Final = 100
"""Most persons that are forgotten at once because all places are taken."""

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
    """Digest of the last code that was asked for."""
    code_until: float = 0.0
    """Until when it is open; 0 once it is used."""
    called: str = ""
    """The name under which the code was asked for."""
    read: int = 0
    """The newest id that was read there."""
    seen: float = 0.0
    """When the person has last come or gone; 0 in what a version without this field has stored."""
    held_at: float = 0.0
    """When it was last decided until when to hold the name; 0 as above."""
    used_with: bytes = b""
    """The secret with which the code was used; empty as above, and if it was used without one."""

    @property
    def held_or_open_until(self) -> float:
        """Until when a name is held, or a code is open."""
        return max(self.held_until, self.code_until)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Person)


class Persons:
    """All persons that are kept, by the digests of their secrets, their names' keys, and open codes."""

    def __init__(
        self,
        stored: Iterable[tuple[bytes, bytes]] = (),
        is_present: Callable[[bytes], bool] = lambda _: False,
    ) -> None:
        """Take over those that are `stored`, by the digest of the first secret.

        `is_present` says whether a person is a member: then nothing of them is forgotten.
        """
        self._is_present = is_present
        self._full_until = 0.0  # no place is free before, unless somebody changes
        self._all: dict[bytes, Person] = {}
        self._by_secret: dict[bytes, bytes] = {}
        self._by_key: dict[str, bytes] = {}
        self._by_code: dict[bytes, bytes] = {}
        self._changed: set[bytes] = set()  # since the last `take_changes`
        for id_, state in stored:
            self._index(id_, _decoder.decode(state))

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return ((id_, _encoder.encode(person)) for id_, person in sorted(self._all.items()))

    def of(self, secret: bytes, now: float) -> bytes:
        """Return the person who has a secret: itself, if it is a first, an unknown or a void one."""
        id_ = self._by_secret.get(secret)
        return secret if id_ is None or self._is_over(id_, now) else id_

    def can_return(self, id_: bytes | None) -> bool:
        """Return whether somebody has a secret of a person."""
        if id_ is None or len(id_) <= DIGEST_BYTES:
            return id_ is not None
        return id_ in self._all and bool(self._all[id_].secrets)  # of a text dialect: only further ones

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

    def by_used_code(self, code: bytes, secret: bytes | None, now: float) -> Person | None:
        """Return the person whose last code has been used with this secret, which is still theirs."""
        if secret is None or (id_ := self._by_code.get(code)) is None:
            return None
        person = self._all[id_]
        return person if person.used_with == secret and self.of(secret, now) == id_ else None

    def hold(self, id_: bytes, name: str, keys: tuple[str, ...], until: float, now: float) -> bool:
        """Hold a name for a person, instead of the one before; return False if there are too many."""
        return self._put(id_, now, name=name, keys=keys, held_until=until, held_at=now)

    def holds_longer_than(self, seconds: float) -> bool:
        """Return whether a name is held for longer than so many seconds after that was decided."""
        return any(_end_of_hold(person, seconds) < person.held_until for person in self._all.values())

    def hold_at_most(self, seconds: float, now: float) -> None:
        """Hold no name for longer than that; with 0 seconds, none."""
        for id_, person in [*self._all.items()]:
            if (end := _end_of_hold(person, seconds)) < person.held_until:
                self._put(id_, now, held_until=end)
        self.tidy(now)

    def open_code(self, id_: bytes, link: Link, name: str, now: float) -> bool:
        """Open a code for a person, instead of the one before; return False if there are too many."""
        return self._put(
            id_, now, code=link.code, code_until=link.until, read=link.read, called=name, used_with=b""
        )

    def redeem(self, code: bytes, secret: bytes | None, now: float) -> bytes | None:
        """Close the code, and add a secret, if one is given, to its person, who is returned.

        If it was a further one already, of this person or of another, it is that no longer.
        """
        if (found := self.by_code(code, now)) is None:
            return None
        if secret is not None and (before := self._by_secret.get(secret)) is not None:
            self._put(before, now, secrets=[one for one in self._all[before].secrets if one != secret])
        id_ = found[0]
        secrets = [*self._all[id_].secrets, *([] if secret is None else [secret])][-_MAX_SECRETS:]
        self._put(id_, now, secrets=secrets, code_until=0.0, used_with=secret or b"")
        return id_

    def see(self, id_: bytes | None, now: float) -> None:
        """Note that a person, or (None) one without a secret, is about to come or to go."""
        if id_ is not None and id_ in self._all:
            if self._is_over(id_, now):  # the secrets are void, and may be of other persons now
                self.forget(id_)
            else:
                self._put(id_, now, seen=now)

    def tidy(self, now: float) -> None:
        """Forget those of whom nothing is needed any more; those from an older version are seen `now`."""
        for id_, person in [*self._all.items()]:
            if not person.seen:
                self._put(id_, now, seen=now)
            if self._is_over(id_, now):
                self.forget(id_)

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
        if id_ not in self._all and len(self._all) >= _MAX_PERSONS and not self._make_room(now):
            return False
        person = msgspec.structs.replace(self._all.get(id_) or Person(seen=now), **fields)
        if id_ in self._all:
            self._unindex(id_)
        self._index(id_, person)
        self._changed.add(id_)
        return True

    def _make_room(self, now: float) -> bool:
        """Forget those who are over, or else who were seen longest ago; return whether there are any."""
        if now < self._full_until:
            return False
        self.tidy(now)
        if len(self._all) < _MAX_PERSONS:
            return True
        away = [(person.seen, id_) for id_, person in self._all.items() if not self._is_present(id_)]
        droppable = [one for one in away if self._all[one[1]].held_or_open_until <= now]
        for _, id_ in nsmallest(_MAX_DROPPED, droppable):
            self.forget(id_)
        if not droppable:
            ends = [person.held_or_open_until for person in self._all.values()]
            self._full_until = min([end for end in ends if end > now], default=math.inf)
        return bool(droppable)

    def _is_over(self, id_: bytes, now: float) -> bool:
        """Return whether nothing of a person is needed any more."""
        person = self._all[id_]
        if person.held_or_open_until > now:
            return False
        return not person.secrets or (person.seen + _KEPT <= now and not self._is_present(id_))

    def _index(self, id_: bytes, person: Person) -> None:
        self._full_until = 0.0
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


def _end_of_hold(person: Person, seconds: float) -> float:
    """Return until when a name may be held, if it is for at most so many seconds.

    Not compared with the clock, which may be wrong at a start; where it is not known since when a name is
    held, only 0 seconds have an effect.
    """
    if not seconds:
        return 0.0
    return person.held_at + seconds if person.held_at else person.held_until
