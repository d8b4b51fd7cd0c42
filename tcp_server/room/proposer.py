"""Applies proposals in the round in which they are made: the journal of a room on one machine.

An entry is what one batch proposes. It is not kept: the log is the state, so that what is deleted is
gone. Only with a recording is each entry written there, before its effects are stored.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Protocol

from tcp_server.log.history import Unavailable
from tcp_server.log.journal import Journal
from tcp_server.room import proposals as p
from tcp_server.room.effects import Effect
from tcp_server.room.fold import Fold


class AnyProposer(Protocol):
    """One run of a server, which makes entries of what is proposed."""

    incarnation: bytes
    """Random bytes that name the run."""

    def set_time(self) -> None:
        """Have all of this batch happen now."""

    def propose(self, proposal: p.AnyProposal) -> Sequence[Effect]:
        """Propose something; return its effects, if it is applied at once. Raises `Unavailable`."""

    def commit(self) -> None:
        """Store what the batch has done. Raises `Unavailable`."""


class Proposer:
    """One run of this server."""

    def __init__(self, fold: Fold, now: Callable[[], float], journal: Journal | None = None) -> None:
        """`now` returns seconds since 1970; `journal` keeps the entries."""
        self.incarnation = secrets.token_bytes(8)
        self._fold = fold
        self._now = now
        self._journal = journal
        self._seq = 0  # of the last entry
        self._at = 0  # milliseconds since 1970: of this batch, 0 before anything needs it
        self._proposals: list[p.AnyProposal] = []  # of this batch
        self._only_says = True  # so are all of these

    def set_time(self) -> None:
        """Have all of this batch happen now."""
        if not self._at:
            self._at = int(self._now() * 1000)
            self._fold.set_time(self._at)

    def propose(self, proposal: p.AnyProposal) -> Sequence[Effect]:
        """Apply a proposal. Raises `Unavailable` if the log cannot be read; then nothing has changed."""
        if not self._proposals:
            self.set_time()
            self._fold.begin(self._fold.moment.position + 1, self.incarnation)
        effects = self._fold.apply(proposal)
        self._proposals.append(proposal)
        if type(proposal) is not p.Say and type(proposal) is not p.Post:
            self._only_says = False
        return effects

    def commit(self) -> None:
        """Store what the batch has done.

        Raises `Unavailable` if its messages and deletions could not be stored; they are taken back.
        """
        if not self._proposals:
            self._at = 0
            self._fold.history.commit()  # what could not be stored before
            return
        only_says = self._only_says
        self._end_entry()
        try:
            self._fold.commit(only_says=only_says)
        except Unavailable:
            self.propose(p.Retract())
            self._end_entry()
            raise
        finally:
            self._at = 0

    def _end_entry(self) -> None:
        self._seq += 1
        self._only_says = True
        proposals, self._proposals = self._proposals, []
        if self._journal is not None:
            entry = p.Entry(p.FORMAT, self.incarnation, self._seq, proposals)
            self._journal.append(self._fold.moment.position, self._at, p.encode(entry))
