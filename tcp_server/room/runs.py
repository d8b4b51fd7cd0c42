"""The runs of the servers: which are up, and which entries of a journal count.

Part of the state that `Fold` changes: nothing here looks at a clock.
"""

from collections.abc import Iterator

import msgspec

from tcp_server.room import proposals as p


class Run(msgspec.Struct, array_like=True):
    """From its start to its end, a server has one incarnation."""

    server: str
    since: int  # position of its `Up`
    seq: int  # of its last entry, where entries come from a journal
    last: int = 0  # position of that entry
    applied: int = 0  # the position up to which the server had applied the journal when it said so last
    status: str = ""  # the address at which it says how it is
    settings: dict[str, int | float] = {}  # with which the server was started, of those that decide


class Runs:
    """The present run of each server, by incarnation. Not thread-safe: as `Fold`."""

    def __init__(self, runs: dict[bytes, Run]) -> None:
        """Go on with what `encodable` had."""
        self.encodable = runs
        """What is stored. Only to be read from elsewhere."""
        self._first_seq = 1  # of the entry that begins a run

    def __contains__(self, incarnation: bytes) -> bool:
        return incarnation in self.encodable

    def __len__(self) -> int:
        return len(self.encodable)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.encodable)

    def seq(self, incarnation: bytes) -> int:
        """Return the number of the last entry of a run; 0 if it is over, or has not begun."""
        run = self.encodable.get(incarnation)
        return run.seq if run else 0

    def last(self, incarnation: bytes) -> int:
        """Return the position of the last entry of a run; 0 if it is over."""
        run = self.encodable.get(incarnation)
        return run.last if run else 0

    def note_applied(self, incarnation: bytes, position: int) -> None:
        """Note up to where a server has applied the journal."""
        if (run := self.encodable.get(incarnation)) is not None:
            run.applied = position

    def applied(self) -> int:
        """Return the position up to which all servers that are up have applied the journal."""
        return min((run.applied for run in self.encodable.values()), default=0)

    @property
    def oldest(self) -> bytes:
        """The run that is up for longest: it does what one server does for all. Empty if none is up."""
        return min(self.encodable, key=lambda one: self.encodable[one].since, default=b"")

    def take(self, position: int, entry: p.Entry) -> bool:
        """Return whether an entry counts: its run is up, and it is the next of it, or begins it."""
        run = self.encodable.get(entry.incarnation)
        if run is None:
            self._first_seq = entry.seq
            return any(isinstance(one, p.Up) for one in entry.proposals)
        if entry.seq != run.seq + 1:
            return False
        run.seq, run.last = entry.seq, position
        return True

    def replaced(self, up: p.Up) -> list[bytes] | None:
        """Return the runs that end as a server begins one; None if it has begun another one since."""
        old = [incarnation for incarnation, run in self.encodable.items() if run.server == up.server]
        return None if any(self.encodable[one].since > up.seen for one in old) else old

    def begin(self, incarnation: bytes, up: p.Up, position: int) -> None:
        """Begin a run."""
        self.encodable[incarnation] = Run(
            *(up.server, position, self._first_seq, position, position),
            status=up.status,
            settings=up.settings,
        )

    def is_named(self, server: str, but: bytes) -> bool:
        """Return whether a server of that name is up, but for the one with this run."""
        return any(run.server == server for one, run in self.encodable.items() if one != but)

    def newest_of(self, server: str) -> int:
        """Return the position of the newest entry of a server with that name; 0 if none is up."""
        return max((run.last for run in self.encodable.values() if run.server == server), default=0)

    def agreed(self) -> dict[str, int | float] | None:
        """Return the settings of the servers that are up, if they all have the same."""
        first, *others = [run.settings for run in self.encodable.values()]
        return first if all(one == first for one in others) else None

    def status_addresses(self, but: bytes) -> list[str]:
        """Return where the servers say how they are, but for the one with this run."""
        return [run.status for one, run in self.encodable.items() if one != but and run.status]

    def is_down(self, down: p.Down, by: bytes) -> bool:
        """Return whether a run ends that another one, or itself, declares to be over."""
        run = self.encodable.get(down.incarnation)
        return run is not None and (down.last == run.last or down.incarnation == by)

    def end(self, incarnation: bytes) -> None:
        """End a run."""
        del self.encodable[incarnation]
