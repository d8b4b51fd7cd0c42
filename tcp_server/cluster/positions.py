"""Positions of the journal, and the ids of Redis' stream that they stand for.

An id is a time in milliseconds since 1970 and a number, `1700000000000-3`. A position is one integer of at
most 63 bits that increases as the ids do.
"""

from typing import Final

_BITS: Final = 20
MAX_NUMBER: Final = (1 << _BITS) - 1
"""The highest number of an entry within its millisecond that a position has room for."""


def to_position(stream_id: bytes) -> int:
    """Return the position of an id. Raises `ValueError` if there is none: its number is too high."""
    at, _, number = stream_id.partition(b"-")
    if int(number) > MAX_NUMBER:
        raise ValueError(f"the stream's id {stream_id.decode()} has no position")
    return int(at) << _BITS | int(number)


def to_id(position: int) -> str:
    """Return the id at a position."""
    return f"{position >> _BITS}-{position & MAX_NUMBER}"


def time_of(position: int) -> int:
    """Return when the entry at a position was added, by Redis' clock: milliseconds since 1970."""
    return position >> _BITS
