"""The acks of the newest says and acts, by which a repeat is recognised without a look at the disk.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from collections.abc import Sequence

from chat_protocol.messages import Ack

_Said = tuple[bytes, Sequence[str], int, str]
"""Refs that a person has used at one time, with ids that follow one another: person, refs, first id, time."""


class _Half:
    """Acks that are forgotten together."""

    def __init__(self) -> None:
        self.count = 0
        self.first = 0  # the smallest id
        self._said: list[_Said] = []  # not in `_acks` yet: hardly any is ever asked for
        self._acks: dict[tuple[bytes, str], Ack] = {}

    def add(self, said: _Said) -> None:
        self.first = self.first or said[2]
        self.count += len(said[1])
        self._said.append(said)

    def acks(self) -> dict[tuple[bytes, str], Ack]:
        """Return all by person and ref."""
        for person, refs, first, at in self._said:
            for id_, ref in enumerate(refs, first):
                self._acks[person, ref] = Ack(ref, id_, at)
        self._said.clear()
        return self._acks

    def drop_after(self, last: int) -> list[int]:
        """Drop those with ids above `last`; return these ids."""
        acks = self.acks()
        dropped = {key: ack.id for key, ack in acks.items() if ack.id > last}
        for key in dropped:
            del acks[key]
        self.count -= len(dropped)
        return list(dropped.values())


class RecentAcks:
    """At least the newest `keep` acks, at most twice as many."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._newer, self._older = _Half(), _Half()
        self._targets: dict[int, int] = {}  # of acts: the message, by the id of the ack

    def add_says(self, person: bytes, refs: Sequence[str], first: int, at: str) -> None:
        """Add the acks of says with ids from `first` on; `refs` must not change later."""
        self._newer.add((person, refs, first, at))
        self._drop_old()

    def add_act(self, person: bytes, ack: Ack, message_id: int) -> None:
        """Add the ack of an act on a message."""
        self._targets[ack.id] = message_id
        self._newer.add((person, (ack.ref,), ack.id, ack.at))
        self._drop_old()

    def find(self, person: bytes, refs: Sequence[str], *, first: int, settled: int) -> dict[str, Ack]:
        """Return by ref the acks from `settled` on, of messages from `first` on and of acts on these."""
        newer, older = self._newer.acks(), self._older.acks()
        found = {}
        for ref in refs:
            ack = newer.get((person, ref)) or older.get((person, ref))
            if ack and ack.id >= settled and self._targets.get(ack.id, ack.id) >= first:
                found[ref] = ack
        return found

    def drop_after(self, last: int) -> None:
        """Drop all with greater ids than `last`."""
        for half in (self._newer, self._older):
            for id_ in half.drop_after(last):
                self._targets.pop(id_, None)

    def _drop_old(self) -> None:
        if self._newer.count >= self._keep:
            self._older, self._newer = self._newer, _Half()
            oldest = self._older.first
            self._targets = {act: message_id for act, message_id in self._targets.items() if act >= oldest}
