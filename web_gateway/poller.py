"""Which descriptors are ready: `select.epoll`, or what stands in for it elsewhere.

`selectors` would make an object for each of a hundred answers, a twentieth of what a
delivery costs the relay.
"""

import select
from typing import Protocol


class Poller(Protocol):
    """The part of `select.epoll` that the relay uses. For one thread."""

    def register(self, fd: int, eventmask: int, /) -> None:
        """Watch a descriptor for `select.POLLIN` or `select.POLLOUT`."""

    def unregister(self, fd: int, /) -> None:
        """Watch it no more; before it is closed."""

    def poll(self, timeout: float, /) -> list[tuple[int, int]]:
        """Wait at most `timeout` seconds (-1: for ever) and return what is ready, with the events."""

    def close(self) -> None:
        """Give the descriptor back."""


class _Poll:
    """Where there is no epoll."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister

    def poll(self, timeout: float, /) -> list[tuple[int, int]]:
        return self._poll.poll(1000 * timeout)

    def close(self) -> None:
        """Nothing to give back."""


def poller() -> Poller:
    """Return the best this system has. The event bits are those of `poll` in either case."""
    return select.epoll() if hasattr(select, "epoll") else _Poll()
