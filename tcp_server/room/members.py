"""The members: those with a seat, and those without one during their grace period.

Part of the state that `Fold` changes: nothing here looks at a clock or a setting.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from tcp_server.room.directory import Directory
from tcp_server.room.effects import Seat
from tcp_server.room.names import plain

_MAX_CHAR_BYTES = 4
_SEPARATOR_BYTES = 3
"""Most bytes of a code point in UTF-8, and bytes between two names."""

_SEAT_BYTES = 9
"""Bytes of the number of a seat at the end of a person in a text dialect."""


class Member(msgspec.Struct, array_like=True, eq=False, weakref=True):
    """One person: a name, and the seats that share it, oldest first.

    `quiet` are those that speak for it without making it a member. If it has no others, and had none
    in its grace period, it is not `announced`: the room does not know of it, but its name is taken.
    """

    name: str
    keys: tuple[str, ...]  # under which the name is unique
    session: bytes | None = None  # digest of the secret; None in text dialects
    seats: tuple[Seat, ...] = ()
    quiet: tuple[Seat, ...] = ()
    announced: bool = True
    moderator: bool = False
    admitted: bool = True  # whether the session can be resumed without the room's password
    absent_since: int | None = None  # the position at which the last seat was given up
    reason: str | None = None  # why, while absent
    number: int = 0  # increases in the order of `Members`
    since: float = 0.0  # when it joined, in seconds since 1970; 0 in a log of an older version

    @property
    def person(self) -> bytes:
        """Whose the messages and reactions are: in text dialects, those of one connection."""
        return person_in_text((*self.seats, *self.quiet)[0]) if self.session is None else self.session


def person_in_text(seat: Seat) -> bytes:
    """Return the person of a seat in a text dialect; it is longer than the digest of a secret."""
    incarnation, number = seat
    return incarnation + number.to_bytes(_SEAT_BYTES)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Member)


def encode(member: Member) -> bytes:
    """Return a member as it is stored."""
    return _encoder.encode(member)


def first_names(names: Sequence[str], max_bytes: int) -> Sequence[str]:
    """Return as many of the first names as a list in JSON of at most so many bytes has."""
    if sum(map(len, names)) * _MAX_CHAR_BYTES + len(names) * _SEPARATOR_BYTES <= max_bytes:
        return names
    for count, name in enumerate(names):
        max_bytes -= len(name.encode()) + _SEPARATOR_BYTES
        if max_bytes < 0:
            return names[:count]
    return names


class Members:
    """All members, found by seat, name, session or number."""

    def __init__(self, stored: Iterable[tuple[int, bytes]] = (), next_number: int = 1) -> None:
        """Take over those that are `stored`, by number; `next_number` is that of the next one."""
        self._all: dict[int, Member] = {}  # by number, in the order in which they joined
        self._by_key: dict[str, Member] = {}
        self._plain: dict[str, Member] = {}  # by name without regard to case
        self._by_session: dict[bytes, Member] = {}
        self._by_seat: dict[Seat, Member] = {}
        self._next = next_number
        self._changed: dict[int, Member | None] = {}  # since the last `take_changes`; None: removed
        for number, data in sorted(stored):
            member = _decoder.decode(data)
            member.number = number
            self._index(member)
            self._by_seat.update(dict.fromkeys([*member.seats, *member.quiet], member))
        self._directory = Directory(self.names())  # of those announced

    def __iter__(self) -> Iterator[Member]:
        return iter(self._all.values())

    def by_seat(self, seat: Seat) -> Member | None:
        """Return the member with that seat."""
        return self._by_seat.get(seat)

    def named(self, plain_name: str) -> str | None:
        """Return the name of a member as it is written; `plain_name` is from `names.plain`."""
        member = self._plain.get(plain_name)
        return member.name if member else None

    def called(self, name: str) -> Member | None:
        """Return the member with exactly this name."""
        member = self._plain.get(plain(name))
        return member if member is not None and member.name == name else None

    def by_number(self, number: int) -> Member | None:
        """Return the member with that number."""
        return self._all.get(number)

    def by_name(self, keys: Iterable[str]) -> Member | None:
        """Return the member whose name has one of these keys."""
        return next((self._by_key[key] for key in keys if key in self._by_key), None)

    def by_session(self, session: bytes | None) -> Member | None:
        """Return the member with that session digest."""
        return None if session is None else self._by_session.get(session)

    def by_person(self, person: bytes | None) -> Member | None:
        """Return the member who is that person."""
        if person is None or (member := self.by_session(person)) is not None:
            return self.by_session(person)
        member = self.by_seat((person[:-_SEAT_BYTES], int.from_bytes(person[-_SEAT_BYTES:])))
        return member if member and member.person == person else None

    def share(self, member: Member) -> None:
        """Give a member a session that other seats can share, if it has none."""
        if member.session is None:
            member.session = member.person
            self._by_session[member.session] = member

    def has_session(self, session: bytes) -> bool:
        """Return whether there is a member with that session digest."""
        return session in self._by_session

    @property
    def keys(self) -> Container[str]:
        """The keys of all names that are taken."""
        return self._by_key

    @property
    def next_number(self) -> int:
        """The number of the next member."""
        return self._next

    @property
    def count(self) -> int:
        """The number of those announced."""
        return len(self._directory)

    def names(self, limit: int | None = None) -> list[str]:
        """Return the names of those announced, in the order in which they joined; with `limit` the first."""
        return list(islice((member.name for member in self._all.values() if member.announced), limit))

    def page(self, limit: int, prefix: str = "", after: str = "") -> tuple[Sequence[str], int]:
        """Return names of those announced by the alphabet, and how many follow; as `Directory.page`."""
        return self._directory.page(limit, prefix, after)

    def add(
        self,
        name: str,
        keys: tuple[str, ...],
        session: bytes | None = None,
        *,
        announced: bool = True,
        since: float = 0.0,
    ) -> Member:
        """Add a member, whose name and session must not be in use."""
        member = Member(name, keys, session, announced=announced, number=self._take_number(), since=since)
        self._index(member)
        if announced:
            self._directory.add(name)
        self.note_change(member)
        return member

    def remove(self, member: Member) -> None:
        """Remove a member whose seats are all quiet; while there are any, its name stays taken."""
        member.absent_since = member.reason = None
        if member.announced:
            self._directory.remove(member.name)
        if member.quiet:
            member.announced = member.moderator = False
            self.note_change(member)
            return
        self._changed[member.number] = None
        del self._all[member.number]
        for key in member.keys:
            del self._by_key[key]
        self._plain.pop(plain(member.name), None)
        if member.session is not None:
            del self._by_session[member.session]

    def attach(self, seat: Seat, member: Member, *, quiet: bool = False) -> None:
        """Add a seat to a member."""
        if quiet:
            member.quiet += (seat,)
        else:
            member.seats += (seat,)
            member.absent_since = member.reason = None
        self._by_seat[seat] = member
        self.note_change(member)

    def announce(self, member: Member, since: float) -> None:
        """Make a member of one that has only quiet seats; it is the last that joined."""
        member.since = since
        self._changed[member.number] = None
        del self._all[member.number]
        member.announced, member.number = True, self._take_number()
        self._directory.add(member.name)
        self._all[member.number] = member
        self.note_change(member)

    def detach(self, seat: Seat) -> Member | None:
        """Remove a seat from its member, and return that."""
        member = self._by_seat.pop(seat, None)
        if member is not None:
            member.quiet = tuple([one for one in member.quiet if one != seat])
            member.seats = tuple([one for one in member.seats if one != seat])
            self.note_change(member)
        return member

    def note_change(self, member: Member) -> None:
        """Note that a member has to be stored anew."""
        self._changed[member.number] = member

    @property
    def has_changes(self) -> bool:
        """Whether anything has to be stored."""
        return bool(self._changed)

    def take_changes(self) -> Iterator[tuple[int, bytes | None]]:
        """Yield what has to be stored since the last call, by number; None for those removed."""
        changed, self._changed = self._changed, {}
        return ((number, encode(member) if member else None) for number, member in changed.items())

    def _take_number(self) -> int:
        self._next += 1
        return self._next - 1

    def _index(self, member: Member) -> None:
        self._all[member.number] = member
        self._by_key.update(dict.fromkeys(member.keys, member))
        self._plain[plain(member.name)] = member
        if member.session is not None:
            self._by_session[member.session] = member
