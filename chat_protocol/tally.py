"""How often rare things have happened in this process, for its metrics."""

import threading
from collections import Counter

_lock = threading.Lock()  # a leaf: no other lock is taken under it
_numbers: Counter[tuple[str, str]] = Counter()  # guarded by `_lock`


def tally(what: str, label: str, number: float = 1) -> None:
    """Count something, or add a number of seconds. Any thread; not for every message."""
    with _lock:
        _numbers[what, label] += number  # type: ignore[assignment] # a Counter adds any numbers


def tallied(what: str) -> dict[str, float]:
    """Return the numbers by label, since the process began. Any thread."""
    with _lock:
        return {label: number for (one, label), number in _numbers.items() if one == what}
