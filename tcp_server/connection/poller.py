"""One-shot write readiness: which sockets can be written again.

`selectors` keeps a table that threads may not share; here any thread may arm a socket
while another one waits.
"""

import os
import select
import threading
from contextlib import suppress
from typing import Protocol


class WritePoller(Protocol):
    """Waits until sockets can be written. `wait` and `close`: one thread; the rest: any."""

    def arm(self, fd: int) -> None:
        """Have `wait` report `fd` once, when it can be written. Closing `fd` disarms it."""

    def wait(self, timeout: float) -> list[int]:
        """Wait at most `timeout` seconds for ready descriptors or for `wake`.

        May report a descriptor that was closed, or closed and reused, meanwhile.
        """

    def wake(self) -> None:
        """Have `wait` return at once."""

    def close(self) -> None:
        """Close our own descriptors."""


class EpollPoller:
    """For Linux: the kernel keeps the table."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._wakeup_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wakeup_fd, select.EPOLLIN)

    def arm(self, fd: int) -> None:
        try:
            self._epoll.modify(fd, select.EPOLLOUT | select.EPOLLONESHOT)
        except FileNotFoundError:
            self._epoll.register(fd, select.EPOLLOUT | select.EPOLLONESHOT)

    def wait(self, timeout: float) -> list[int]:
        ready = [fd for fd, _ in self._epoll.poll(timeout)]
        if self._wakeup_fd in ready:
            ready.remove(self._wakeup_fd)
            os.eventfd_read(self._wakeup_fd)
        return ready

    def wake(self) -> None:
        os.eventfd_write(self._wakeup_fd, 1)

    def close(self) -> None:
        self._epoll.close()
        os.close(self._wakeup_fd)


class PollPoller:
    """For other systems: we keep the table, and pass it to the kernel at each wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: set[int] = set()  # guarded by `_lock`
        self._wakeup_r, self._wakeup_w = os.pipe()
        os.set_blocking(self._wakeup_r, False)
        os.set_blocking(self._wakeup_w, False)

    def arm(self, fd: int) -> None:
        with self._lock:
            self._armed.add(fd)
        self.wake()

    def wait(self, timeout: float) -> list[int]:
        poll = select.poll()
        poll.register(self._wakeup_r, select.POLLIN)
        with self._lock:
            for fd in self._armed:
                poll.register(fd, select.POLLOUT)
        ready = [fd for fd, _ in poll.poll(timeout * 1000)]
        if self._wakeup_r in ready:
            ready.remove(self._wakeup_r)
            os.read(self._wakeup_r, 4096)
        with self._lock:
            self._armed.difference_update(ready)
        return ready

    def wake(self) -> None:
        with suppress(BlockingIOError):  # the pipe is full: `wait` returns anyway
            os.write(self._wakeup_w, b"!")

    def close(self) -> None:
        os.close(self._wakeup_r)
        os.close(self._wakeup_w)


def write_poller() -> WritePoller:
    """Return the best poller of this system."""
    return EpollPoller() if hasattr(select, "epoll") and hasattr(os, "eventfd") else PollPoller()
