"""Waits for many descriptors: `select.epoll`, or `select.poll` where there is no epoll.

`selectors` creates an object for each ready descriptor, which would cost the relay a twentieth
of the time of a delivery.
"""

import select


class _Poll:
    """`select.poll` with the interface of `select.epoll`, as far as the relay uses it. For one thread."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        """Wait at most `timeout` seconds (-1: no limit). Return ready descriptors with their events."""
        return self._poll.poll(1000 * timeout)

    def close(self) -> None:
        """Do nothing: it has no descriptor."""


def poller() -> "select.epoll | _Poll":
    """Return the best poller of this system. Events are `select.POLLIN` and `select.POLLOUT` in both."""
    return select.epoll() if hasattr(select, "epoll") else _Poll()
