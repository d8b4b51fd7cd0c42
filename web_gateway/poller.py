"""Waits for many descriptors: `select.epoll`, or `select.poll` where there is no epoll.

`selectors` creates an object for each ready descriptor, which would cost the relay a twentieth
of the time of a delivery.
"""

import select
from typing import Protocol


class Poller(Protocol):
    """The part of `select.epoll` that the relay uses. For one thread."""

    def register(self, fd: int, eventmask: int, /) -> None:
        """Watch a descriptor for `select.POLLIN` or `select.POLLOUT`."""

    def unregister(self, fd: int, /) -> None:
        """Stop watching a descriptor; call before it is closed."""

    def poll(self, timeout: float, /) -> list[tuple[int, int]]:
        """Wait at most `timeout` seconds (-1: no limit). Return ready descriptors with their events."""

    def close(self) -> None:
        """Release the poller's own descriptor."""


class _Poll:
    """`select.poll` with the interface of `select.epoll`."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister

    def poll(self, timeout: float, /) -> list[tuple[int, int]]:
        return self._poll.poll(1000 * timeout)

    def close(self) -> None:
        """Do nothing: it has no descriptor."""


def poller() -> Poller:
    """Return the best poller of this system. The bits of events are the same in both."""
    return select.epoll() if hasattr(select, "epoll") else _Poll()
