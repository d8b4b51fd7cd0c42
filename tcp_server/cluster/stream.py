"""The one order of all entries, as a cluster's servers share it: what they need of Redis, and no more."""

from collections.abc import Callable, Sequence
from typing import Protocol


class Away(Exception):
    """Redis cannot be asked at present; the text says why.

    What was to be added may have been added or not.
    """


class Deleted(Away):
    """The stream was deleted. Nothing has been added."""


class Gap(Exception):
    """The position that was read up to is not, or no longer, in the stream: entries may be missing."""


class Unfit(Exception):
    """Redis may not keep the room: its settings, version or access list; the text names the remedy."""


class Stream(Protocol):
    """The stream, and what is kept beside it.

    Each kind of caller has a connection of its own, made at its first call and again after each
    failure: `append` is for one thread, `read` and `refill` are for one thread, all others for any
    thread. Unless said otherwise a method waits for Redis, at most some seconds (where checkpoints are
    carried, 30), and raises `Away`. A caller waits a moment before it tries again.
    """

    def start(self) -> None:
        """Find out whether Redis may keep the room; before all else, and again after an `Away`.

        Raises `Unfit`, which no later method does: by then an error in Redis' settings, such as a new
        password, makes it away until it is mended.
        """

    def append(self, entries: Sequence[bytes], run_id: str) -> None:
        """Add entries, in one round trip: for the appender thread.

        Raises `Away` and has added nothing if another Redis answers than `run_id` says, and `Deleted` if the
        stream was deleted: what is lacking must be added first (`refill`). After any other `Away`, and
        sometimes without one (a failover), the entries have been added or not: only `read` tells.
        """

    def read(self, after: int, wait: float) -> Sequence[tuple[int, int, bytes]]:
        """Return position, time and entry of the next ones behind `after`, at most 64: for the tail thread.

        Waits at most `wait` seconds for the first; without one, none are returned. The time is in
        milliseconds since 1970. Raises `Gap`, also when it has entries, if `after` is not in the stream
        and is not where the checkpoint was made either (0, where there is none).
        """

    def refill(self, entries: Sequence[tuple[int, bytes]]) -> bool:
        """Add entries that are missing, at their positions, all at once: for the tail thread.

        Those that are there, or not above the newest, are left out. Returns whether all are there now.
        """

    def run_id(self) -> str:
        """Return which Redis `read` has been answered by: another one after a restart or a failover.

        Never waits; empty before the first answer.
        """

    def newest(self) -> int:
        """Return the position of the newest entry that ever was in the stream, 0 if there was none."""

    def now(self) -> float | None:
        """Return Redis' clock, in seconds since 1970; None if it does not tell."""

    def found(self, data: bytes) -> bool:
        """Save the first checkpoint, at position 0, unless there is one: whoever does founds the room."""

    def save_checkpoint(self, position: int, data: bytes) -> None:
        """Save the state that the entries up to `position` lead to; the one before is kept, too."""

    def load_checkpoint(self) -> tuple[int, bytes] | None:
        """Return position and data of the newest checkpoint."""

    def trim(self, below: int) -> None:
        """Remove the entries before the position `below`, exactly."""

    def publish(self, topic: str, data: bytes) -> None:
        """Send something to all servers that listen, this one too; it is lost while Redis is away.

        Never waits, and never raises. Topics are `typing`, `ask`, `output` and `away`.
        """

    def listen(self, handler: Callable[[str, bytes], None]) -> None:
        """Start a thread that calls `handler` with topic and data of all that is published, until `close`.

        What is published while Redis is away is lost. Never waits; may be called once.
        """

    def put(self, key: str, data: bytes, seconds: float) -> None:
        """Leave data for who takes it, for some seconds; several under one key are taken in order.

        Keys begin with `fill:` or `answer:`. Data should be bounded: larger things are cut by the caller.
        """

    def take(self, key: str, wait: float) -> bytes | None:
        """Take the first data under a key, waiting for it at most `wait` seconds."""

    def close(self) -> None:
        """End: all methods that wait raise `Away` soon, and so do all later calls."""
