"""A value that is expensive to read, and may be some seconds old."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar, cast

T = TypeVar("T")


class Recent(Generic[T]):
    """Reads a value when it is asked for, at most once in `max_age` seconds. Any thread.

    One thread reads it; others that ask meanwhile get the last value, or wait for the first one.
    """

    def __init__(self, read: Callable[[], T], max_age: float) -> None:
        self._read = read
        self._max_age = max_age
        self._reading = threading.Lock()  # held by the one thread that reads; guards both below
        self._value: T | None = None
        self._read_at: float | None = None

    def get(self) -> T:
        """Return the value. Raises what reading it raises."""
        if self._reading.acquire(blocking=self._read_at is None):
            try:
                if self._read_at is None or monotonic() - self._read_at > self._max_age:
                    self._value = self._read()
                    self._read_at = monotonic()
            finally:
                self._reading.release()
        return cast("T", self._value)

    @property
    def last_known(self) -> T | None:
        """The value that was read last; None before the first. Waits for nothing."""
        return self._value
