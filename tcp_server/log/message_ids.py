"""Which ids of a log on disk are of messages: all from the first message on that were not skipped.

An id that is neither skipped nor in the file is of a message that was lost: so damage is noticed.
Each function raises `sqlite3.Error`.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain

from tcp_server.log.log_file import is_temporary, last_id, version_of

_VERSION = 5
"""Of the first schema with the table `skipped`."""


def last_skipped(db: sqlite3.Connection) -> int:
    """Return the newest skipped id, 0 if there is none."""
    _, last, _ = next(_spans(db, "ORDER BY first DESC LIMIT 1"), (0, 0, 0))
    return last


def skip(db: sqlite3.Connection, ids: range) -> None:
    """Store that these ids, which are above all others, are skipped; in the caller's transaction."""
    first, last, total = next(_spans(db, "ORDER BY first DESC LIMIT 1"), (0, 0, 0))
    if last + 1 != ids.start:
        first = ids.start
    db.execute("INSERT OR REPLACE INTO skipped VALUES (?, ?, ?)", (first, ids.stop - 1, total + len(ids)))


def skip_missing(db: sqlite3.Connection) -> None:
    """Store that all ids between messages are skipped ones, in a log that has none yet."""
    db.execute("""
        INSERT INTO skipped SELECT before + 1, id - 1, sum(id - before - 1) OVER (ORDER BY id)
        FROM (SELECT id, lag(id) OVER (ORDER BY id) AS before FROM messages) WHERE id > before + 1
    """)


def count(db: sqlite3.Connection, ids: range) -> int:
    """Return how many of these ids, the first of which may be the oldest kept, are of messages."""
    return len(ids) - _skipped_below(db, ids.stop) + _skipped_below(db, ids.start) if ids else 0


def are_consistent(db: sqlite3.Connection) -> bool:
    """Return whether no message has a skipped id, and the skipped ids are counted right."""
    if version_of(db) < _VERSION:
        return True
    (is_wrong,) = db.execute(f"""
        SELECT EXISTS (
            SELECT 1 FROM skipped WHERE first <=
            (SELECT {last_id(db)} FROM messages WHERE id <= last ORDER BY id DESC LIMIT 1)
        )
        OR EXISTS (
            SELECT 1 FROM (SELECT *, lag(total) OVER (ORDER BY first) AS before FROM skipped)
            WHERE total - before <> last - first + 1
        )
    """).fetchone()  # noqa: S608 - ours
    return not is_wrong


def newest(db: sqlite3.Connection, ids: range, limit: int) -> range:
    """Return the end of `ids` that has as many messages as there are, at most `limit`."""
    start, missing = ids.stop, limit
    try:
        for first, last, _ in _spans(db, "WHERE first < ? ORDER BY first DESC", start):
            messages = max(0, start - last - 1)
            if messages >= missing or first < ids.start:
                break
            start, missing = first, missing - messages
    except sqlite3.Error as error:
        if is_temporary(error):
            raise
        return _newest_readable(db, ids, limit)
    return range(max(ids.start, start - missing), ids.stop)


def oldest(db: sqlite3.Connection, ids: range, limit: int) -> range:
    """Return the beginning of `ids`, the first of which begins a span or is no skipped one.

    It has as many messages as there are, at most `limit`.
    """
    stop = ids.start
    for first, last, _ in _spans(db, "WHERE first >= ? ORDER BY first", stop):
        messages = first - stop
        if messages >= limit:
            break
        stop, limit = last + 1, limit - messages
    return range(ids.start, min(stop + limit, ids.stop))


def skipped_in(db: sqlite3.Connection, ids: range) -> Iterator[range]:
    """Yield the skipped ones of these ids in increasing spans."""
    spans = chain(
        _spans(db, "WHERE first < ? ORDER BY first DESC LIMIT 1", ids.start),
        _spans(db, "WHERE first >= ? AND first < ? ORDER BY first", ids.start, ids.stop),
    )
    for first, last, _ in spans:
        if part := range(max(first, ids.start), min(last + 1, ids.stop)):
            yield part


def without(ids: range, skipped: Sequence[range]) -> list[range]:
    """Return what is left of `ids`, in increasing spans."""
    starts = [ids.start, *[span.stop for span in skipped]]
    stops = [*[span.start for span in skipped], ids.stop]
    return [range(start, stop) for start, stop in zip(starts, stops, strict=True) if start < stop]


def _newest_readable(db: sqlite3.Connection, ids: range, limit: int) -> range:
    """Return the same as `newest`, by the messages that are there: it cannot be read what was skipped."""
    start = ids.stop
    for id_, count in db.execute(
        "SELECT id, coalesce(count, 1) FROM messages WHERE id < ? ORDER BY id DESC LIMIT ?", (ids.stop, limit)
    ):
        messages = min(id_ + count, ids.stop) - id_
        start = id_ + max(0, messages - limit)
        limit -= messages
        if limit <= 0 or id_ <= ids.start:
            break
    return range(max(start, ids.start), ids.stop)


def _skipped_below(db: sqlite3.Connection, id_: int) -> int:
    """Return how many smaller ids were skipped since the log began, also if it has forgotten which."""
    if below := next(_spans(db, "WHERE first < ? ORDER BY first DESC LIMIT 1", id_), None):
        _, last, total = below
        return total - max(0, last + 1 - id_)
    first, last, total = next(_spans(db, "ORDER BY first LIMIT 1"), (1, 0, 0))
    return total - (last + 1 - first)


def _spans(db: sqlite3.Connection, which: str, *parameters: int) -> Iterator[tuple[int, int, int]]:
    """Yield spans of skipped ids: the first, the last, and how many have been skipped up to it."""
    if version_of(db) >= _VERSION:
        yield from db.execute(f"SELECT first, last, total FROM skipped {which}", parameters)  # noqa: S608 - ours
