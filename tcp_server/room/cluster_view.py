"""What a server of a cluster sees of its own run and of the others, as of the last entry it has applied.

Reading one value is safe in any thread; `others` and `status_addresses` need the sequencer's room lock.
"""

from tcp_server.log.history import History
from tcp_server.room.fold import Fold
from tcp_server.room.shared_proposer import SharedProposer


class ClusterView:
    """Reads the state of the fold and of the proposer; changes nothing."""

    def __init__(self, fold: Fold, proposer: SharedProposer, history: History) -> None:
        self._fold = fold
        self._proposer = proposer
        self._history = history

    @property
    def position(self) -> int:
        """The position up to which the journal was applied."""
        return self._fold.moment.position

    @property
    def incarnation(self) -> bytes:
        """The run of this server."""
        return self._proposer.incarnation

    @property
    def is_up(self) -> bool:
        """Whether this server's run has begun, and is not over."""
        return self.incarnation in self._fold.runs

    @property
    def servers(self) -> int:
        """How many servers are up."""
        return len(self._fold.runs)

    @property
    def is_oldest(self) -> bool:
        """Whether this server is up for longest: it does what one does for all."""
        return self._fold.runs.oldest == self.incarnation

    @property
    def newest_own(self) -> int:
        """The position of the newest entry of this server's run; 0 if it is not up."""
        return self._fold.runs.last(self.incarnation)

    @property
    def newest_seq(self) -> int:
        """The number of the newest entry of this server's run; 0 if it is not up."""
        return self._fold.runs.seq(self.incarnation)

    @property
    def others(self) -> dict[bytes, int]:
        """The runs of other servers, with the position of the newest entry of each."""
        runs = self._fold.runs
        return {one: runs.last(one) for one in runs if one != self.incarnation}

    def newest_of(self, server: str) -> int:
        """Return the position of the newest entry of a server with that name; 0 if none is up."""
        return self._fold.runs.newest_of(server)

    @property
    def disagreeing(self) -> set[bytes]:
        """The runs of servers whose state was another at the position of their last beat."""
        return self._fold.digests.disagreeing & {*self._fold.runs}

    @property
    def disagreements(self) -> int:
        """How many these are."""
        runs = self._fold.runs
        return sum(one in runs for one in tuple(self._fold.digests.disagreeing))

    @property
    def status_addresses(self) -> list[str]:
        """Where the other servers say how they are."""
        return self._fold.runs.status_addresses(self.incarnation)

    @property
    def applied_by_all(self) -> int:
        """The position up to which all servers that are up had applied the journal when they last said so."""
        return self._fold.runs.applied()

    @property
    def settled(self) -> int:
        """Messages with smaller ids are settled."""
        return int(self._history.settled)

    @property
    def bytes_in_flight(self) -> int:
        """Estimated bytes of what was proposed here and not applied."""
        return self._proposer.bytes_in_flight
