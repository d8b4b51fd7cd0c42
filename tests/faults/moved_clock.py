"""Our server with a clock that SIGRTMIN sets back by a day: `python -m tests.faults.moved_clock FLAGS…`.

The machine's clock stays as it is: only what the server reads is set back.
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


def moved_time(real: Callable[[], float] = time.time) -> float:
    """Return the time in seconds since 1970, minus what it was set back by."""
    return real() - MovedClock.offset.total_seconds()


if __name__ == "__main__":
    dt.datetime = MovedClock  # type: ignore[misc]
    time.time = moved_time
    signal.signal(signal.SIGRTMIN, set_back)
    # Imported only now: the server must import the changed class.
    from tcp_server.cli import main

    sys.exit(main())
