"""Our server with a clock that signals set: `python -m tests.faults.moved_clock FLAGS…`.

SIGRTMIN sets it back by a day, SIGRTMIN + 1 forward by two. The machine's clock stays as it is: only what the
server reads is another time.
"""

import datetime as dt
import signal
import sys
import time
from collections.abc import Callable
from typing import Self

_DAY = dt.timedelta(days=1)


class MovedClock(dt.datetime):
    """The time of day, minus what it was set back by."""

    offset = dt.timedelta()

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Self:
        return super().now(tz) - cls.offset


def set_back(*_: object) -> None:
    """Set the clock back by one more day."""
    MovedClock.offset += _DAY


def set_forward(*_: object) -> None:
    """Set the clock forward by two more days."""
    MovedClock.offset -= 2 * _DAY


def moved_time(real: Callable[[], float] = time.time) -> float:
    """Return the time in seconds since 1970, minus what it was set back by."""
    return real() - MovedClock.offset.total_seconds()


if __name__ == "__main__":
    dt.datetime = MovedClock  # type: ignore[misc]
    time.time = moved_time
    signal.signal(signal.SIGRTMIN, set_back)
    signal.signal(signal.SIGRTMIN + 1, set_forward)
    # Imported only now: the server must import the changed class.
    from tcp_server.cli import main

    sys.exit(main())
