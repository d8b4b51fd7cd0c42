"""Finding what was said, off the path of what is being said: by one thread, one search after the other."""

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from chat_protocol.messages import Found, Message, Search
from tcp_server.log.query import Query, find
from tcp_server.log.word_index import WordIndex, remove

_log = logging.getLogger(__name__)

_MAX_QUEUED = 64
"""Searches that may wait for their turn."""

_MAX_SECONDS = 1.0
"""Seconds that a search may take; those who wait for their turn share them."""

_MIN_SECONDS = 0.1
"""Seconds that it may take however many wait."""

_CHUNK = 64
"""Messages in memory that are searched without a look at the clock."""

_INDEX_INTERVAL = 1.0
"""Seconds between two looks for messages to index."""

_IDLE_RATIO = 9
"""How many times as long as it works at the index the thread rests."""

_Used = TypeVar("_Used")

Answer = Callable[[Found | None], None]
"""Takes what was found, or None if the search failed."""


class _Job(NamedTuple):
    request: Search
    kept: Sequence[Message] | None
    answer: Answer


class Searcher:
    """One thread that answers searches, and indexes the log where that is on disk."""

    def __init__(self, path: Path | None = None) -> None:
        """`path` is the log's file, which must exist; without one, each search brings its messages."""
        self._path = path
        self._index: WordIndex | None = None  # the thread's; None at first and after a failure
        self._indexes = True  # whether it did so the last time; the thread's, tells when to log
        self._jobs: queue.Queue[_Job | None] = queue.Queue(_MAX_QUEUED)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="searcher", daemon=True)
        self._thread.start()

    def ask(self, request: Search, answer: Answer, kept: Sequence[Message] | None = None) -> bool:
        """Have `answer` called in the searcher's thread; False if too many are waiting already.

        `kept` is what to search instead of the log on disk, oldest first; nobody may change
        it any more. Any thread; never blocks.
        """
        try:
            self._jobs.put_nowait(_Job(request, kept, answer))
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Stop within moments; questions left stay unanswered. Once, from any thread but its own."""
        self._closing.set()
        with suppress(queue.Full):
            self._jobs.put_nowait(None)  # wakes the thread; a full queue has it awake
        self._thread.join()

    def _run(self) -> None:
        index_at = 0.0
        while not self._closing.is_set():
            job = None
            with suppress(queue.Empty):
                job = self._jobs.get(timeout=max(0.0, index_at - time.monotonic()))
            if time.monotonic() >= index_at:
                index_at = time.monotonic() + self._index_some()
            if job is not None:
                job.answer(self._find(job.request, job.kept))
        self._close_index()

    def _index_some(self) -> float:
        """Bring the index on by one step and return after how many seconds to do the next."""
        if self._path is None:
            return _INDEX_INTERVAL
        began = time.monotonic()
        more, why = False, ""
        try:
            more = self._with_index(WordIndex.update_some)
        except (sqlite3.Error, OSError) as error:
            why = str(error)
        if why and self._indexes:
            _log.error("cannot index what is said, nor take out what was deleted: %s", why)
        self._indexes = not why
        return _IDLE_RATIO * (time.monotonic() - began) if more else _INDEX_INTERVAL

    def _find(self, request: Search, kept: Sequence[Message] | None) -> Found | None:
        end = time.monotonic() + max(_MAX_SECONDS / (1 + self._jobs.qsize()), _MIN_SECONDS)
        query = Query(request.query)

        def is_over() -> bool:
            return self._closing.is_set() or time.monotonic() >= end

        if kept is not None:
            return find(request, query, _chunks(kept), is_over)
        try:
            return self._with_index(
                lambda index: find(request, query, index.chunks(query.prefixes, request.before), is_over)
            )
        except (sqlite3.Error, OSError) as error:
            _log.error("cannot search: %s", error)
            return None

    def _with_index(self, use: Callable[[WordIndex], _Used]) -> _Used:
        """Use the index, once more if it has to be made anew. Raises `sqlite3.Error`, `OSError`."""
        assert self._path is not None
        try:
            return use(self._opened(self._path))
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:  # the plain one means damage
                raise
            _log.warning("the search index is damaged and made anew: %s", error)
            self._close_index()
            remove(self._path)
            return use(self._opened(self._path))

    def _opened(self, path: Path) -> WordIndex:
        if self._index is None:
            self._index = WordIndex(path)
        return self._index

    def _close_index(self) -> None:
        if self._index is not None:
            self._index.close()
        self._index = None


def _chunks(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    for end in range(len(messages), 0, -_CHUNK):
        yield messages[max(0, end - _CHUNK) : end]
