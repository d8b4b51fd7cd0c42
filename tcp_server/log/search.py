"""Message search in a thread of its own, so that it never delays the room."""

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from chat_protocol.log_event import INFO, log_event
from chat_protocol.messages import Found, Message, Search
from tcp_server.log.query import Query, find
from tcp_server.log.word_index import WordIndex, remove

_log = logging.getLogger(__name__)

_MAX_QUEUED = 64
"""Maximum number of searches in the queue."""

_MAX_SECONDS = 1.0
"""Seconds that a search may take, shared between it and those in the queue."""

_MIN_SECONDS = 0.1
"""Seconds that it may take in any case."""

_CHUNK = 64
"""Messages in memory that are searched between two checks of the deadline."""

_INDEX_INTERVAL = 1.0
"""Seconds between two indexing steps while there is nothing to index, and while many talk."""

_PAUSE_IN_TRAFFIC = 9
_PAUSE_IN_QUIET = 1
"""Idle time after an indexing step, as a multiple of its duration: with many new messages, and otherwise."""

_TRAFFIC = 200
"""New messages a second that are many: so many people talk that little time is left for the index. Where all
is indexed the next step comes in the next interval, for all that is said meanwhile."""

_LONG_INDEXING = 5.0
"""Seconds of indexing without a break from which its end is logged."""

_Result = TypeVar("_Result")

Answer = Callable[[Found | None], None]
"""Takes the result, or None if the search failed."""


class _Job(NamedTuple):
    request: Search
    kept: Sequence[Message] | None
    answer: Answer


class Searcher:
    """A thread that answers searches, and keeps the index of a log on disk up to date."""

    def __init__(self, path: Path | None = None) -> None:
        """`path` is the log's file, which must exist; without it each search comes with its messages."""
        self._path = path
        # Both are used by the thread only: the index, None until opened and after damage, and
        # whether the last indexing step succeeded (only a change is logged).
        self._index: WordIndex | None = None
        self._can_index = True
        self._indexed_at = 0.0  # when the last indexing step began; monotonic; used by the thread only
        self._behind_since = 0.0  # monotonic; 0 while everything is indexed; the searcher's thread
        self._jobs: queue.Queue[_Job | None] = queue.Queue(_MAX_QUEUED)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="searcher", daemon=True)
        self._thread.start()

    def ask(self, request: Search, answer: Answer, kept: Sequence[Message] | None = None) -> bool:
        """Queue a search and return True; False if the queue is full. Any thread; never blocks.

        `answer` is called in the searcher's thread. `kept` are the messages to search instead
        of the log on disk, oldest first; they must not change afterwards.
        """
        try:
            self._jobs.put_nowait(_Job(request, kept, answer))
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Stop; searches in the queue stay unanswered. Call once, from any thread but its own."""
        self._closing.set()
        with suppress(queue.Full):
            self._jobs.put_nowait(None)  # wakes the thread; with a full queue it is awake
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
        """Do one indexing step and return after how many seconds to do the next."""
        if self._path is None:
            return _INDEX_INTERVAL
        began, since = time.monotonic(), self._indexed_at
        self._indexed_at = began
        more, why = False, ""
        last = self._index.last if self._index else 0
        try:
            more = self._with_index(WordIndex.update_some)
        except (sqlite3.Error, OSError) as error:
            why = str(error)
        if why and self._can_index:
            _log.error("cannot index new messages, nor remove deleted ones: %s", why)
        self._can_index = not why
        self._note_backlog(began, has_more=more)
        if not more or self._index is None:
            return _INDEX_INTERVAL
        is_busy = self._index.last - last > _TRAFFIC * (began - since)
        if is_busy and not self._index.is_behind:
            return _INDEX_INTERVAL
        return (_PAUSE_IN_TRAFFIC if is_busy else _PAUSE_IN_QUIET) * (time.monotonic() - began)

    def _note_backlog(self, began: float, *, has_more: bool) -> None:
        """Log when everything is indexed, if that took long: searches were incomplete meanwhile."""
        if has_more:
            self._behind_since = self._behind_since or began
        elif self._behind_since:
            seconds = round(time.monotonic() - self._behind_since, 1)
            self._behind_since = 0.0
            if seconds > _LONG_INDEXING:
                log_event(INFO, "search index complete", seconds=seconds)

    def _find(self, request: Search, kept: Sequence[Message] | None) -> Found | None:
        end = time.monotonic() + max(_MAX_SECONDS / (1 + self._jobs.qsize()), _MIN_SECONDS)
        query = Query(request.query)

        def is_over() -> bool:
            is_cut = self._index is not None and self._index.is_cut
            return is_cut or self._closing.is_set() or time.monotonic() >= end

        if kept is not None:
            names = {message.id: message.name for message in kept} if request.to else {}
            return find(request, query, _chunks(kept), is_over, names.get)
        try:
            return self._with_index(
                lambda index: find(
                    request, query, index.chunks(query.prefixes, request.before), is_over, index.name_of
                )
            )
        except (sqlite3.Error, OSError) as error:
            _log.error("cannot search: %s", error)
            return None

    def _with_index(self, use: Callable[[WordIndex], _Result]) -> _Result:
        """Call `use` with the index, rebuilt if it is damaged. Raises `sqlite3.Error`, `OSError`."""
        assert self._path is not None
        try:
            return use(self._open_index(self._path))
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:  # the plain one means damage
                raise
            _log.warning("the search index is damaged and rebuilt: %s", error)
            self._close_index()
            remove(self._path)
            return use(self._open_index(self._path))

    def _open_index(self, path: Path) -> WordIndex:
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
