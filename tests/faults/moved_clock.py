"""Our server with a clock that SIGUSR2 sets back by a day: `python -m tests.faults.moved_clock FLAGS…`.

The clock of the machine is everybody's, so it is the server's view of it that moves.
"""

import datetime as dt
import signal
import sys
from typing import Self

_DAY = dt.timedelta(days=1)


class MovedClock(dt.datetime):
    """The time of day, less what it has been set back."""

    moved = dt.timedelta()

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Self:
        return super().now(tz) - cls.moved


def set_back(*_: object) -> None:
    """Put the clock back by one more day."""
    MovedClock.moved += _DAY


if __name__ == "__main__":
    dt.datetime = MovedClock  # type: ignore[misc]
    signal.signal(signal.SIGUSR2, set_back)
    # Only now, or the server would have the true one already.
    from tcp_server.cli import main

    sys.exit(main())
