"""Proposes to a journal that several servers share: what is proposed is applied when it comes back.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tcp_server.room import proposals as p
from tcp_server.room.effects import Effect
from tcp_server.room.fold import Fold

_OVERHEAD: Final = 64
"""Estimated bytes of a proposal without its texts."""

Send = Callable[[bytes, Sequence[p.AnyProposal]], None]
"""Takes what one run has proposed in one batch: its incarnation, and the proposals. Must not wait."""


class SharedProposer:
    """One run of this server after the other: the next begins when all others have taken it for dead."""

    def __init__(self, fold: Fold, now: Callable[[], float], send: Send) -> None:
        """`now` returns seconds since 1970."""
        self._fold = fold
        self._now = now
        self._send = send
        self._at = 0  # milliseconds since 1970: of this batch, 0 before anything needs it
        self._proposals: list[p.AnyProposal] = []  # of this batch
        self._has_applied = False  # something to be stored
        self._flying: deque[tuple[int, int]] = (
            deque()
        )  # `proposed` behind each batch, and its estimated bytes
        self.bytes_in_flight = 0
        """Estimated bytes of what is proposed and not applied. Only to be read from elsewhere."""
        self.begin_anew()

    def begin_anew(self) -> None:
        """Begin another run. What the one before had proposed and is not applied yet will not be."""
        self.incarnation = secrets.token_bytes(8)
        self.proposed = 0
        """How many proposals this run has made. Only to be read from elsewhere."""
        self.applied = 0
        """How many of these were applied. Only to be read from elsewhere."""
        self._proposals.clear()
        self._flying.clear()
        self.bytes_in_flight = 0

    def set_time(self) -> None:
        """Have all of this batch be checked as of now."""
        if not self._at:
            self._at = int(self._now() * 1000)
            self._fold.set_time(self._at)

    def propose(self, proposal: p.AnyProposal) -> Sequence[Effect]:
        """Take a proposal; its effects come with its entry."""
        self._proposals.append(proposal)
        self.proposed += 1
        return ()

    def apply(self, position: int, at: int, entry: p.Entry) -> Iterator[Sequence[Effect]]:
        """Apply an entry of the journal; yield the effects of each of its proposals."""
        is_own = entry.incarnation == self.incarnation
        for effects in self._fold.steps(position, at, entry):
            self.applied += is_own
            yield effects
        self._has_applied = True
        self._at = 0
        while self._flying and self._flying[0][0] <= self.applied:
            self.bytes_in_flight -= self._flying.popleft()[1]

    def commit(self) -> None:
        """Store what was applied, and send what was proposed.

        Raises `Unavailable` if that could not be stored; all stays, and is tried again with the next call.
        """
        self._at = 0
        if self._has_applied:
            self._fold.commit()
            self._has_applied = False
        if self._proposals:  # not while the disk is full: the others shall take this server for dead
            proposals, self._proposals = self._proposals, []
            size = sum(map(_size, proposals))
            self._flying.append((self.proposed, size))
            self.bytes_in_flight += size
            self._send(self.incarnation, proposals)


def _size(proposal: p.AnyProposal) -> int:
    """Return about how many bytes a proposal has."""
    match proposal:
        case p.Say(texts=texts):
            return sum([_OVERHEAD + 2 * len(text) for _, text in texts])
        case p.Post(text=text) | p.Edit(text=text) | p.Act(text=text) | p.Body(text=text):
            return _OVERHEAD + 2 * len(text)
        case _:
            return _OVERHEAD
