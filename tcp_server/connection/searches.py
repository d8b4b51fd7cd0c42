"""Answers search requests through the searcher's thread, so that a search never delays the room."""

from collections.abc import Callable, Sequence

from chat_protocol.messages import Error, Found, Search
from tcp_server.connection.writer import Writer
from tcp_server.log.as_sent import as_sent
from tcp_server.log.history import History, NotFetched, Unavailable
from tcp_server.log.search import Searcher
from tcp_server.room.outcome import Outcome, with_ref

_FAILED = Error("unavailable", "the search failed or took too long")
_BUSY = Error("too_fast", "too many searches are waiting", retry_after=1.0)


class Searches:
    """At most one search of each client at a time.

    Not thread-safe: the caller holds the sequencer's room lock.
    """

    def __init__(
        self, history: History, searcher: Searcher, submit: Callable[..., None], max_in_memory: int = 0
    ) -> None:
        """`submit` hands work to the sequencer, from any thread.

        `max_in_memory` is how many messages to search if the history has no file, else 0.
        """
        self._history = history
        self._searcher = searcher
        self._submit = submit
        self._max_in_memory = max_in_memory
        self._searching: set[Writer] = set()  # clients that wait for an answer

    def search(self, writer: Writer, request: Search, person: bytes) -> list[Outcome[Writer]]:
        """Start a search for a person; its answer comes later.

        Refuse it if the client or too many others wait for one.
        """
        if writer in self._searching:
            return [Outcome(writer, [_BUSY])]

        def answer(found: Found | None) -> Sequence[Outcome[Writer]]:
            self._searching.discard(writer)
            failed = Error("unavailable", str(NotFetched())) if self._history.missing else _FAILED
            result = self._as_sent(found, person) if found else failed
            return with_ref([Outcome(writer, [result])], writer, request.ref)

        kept = None
        if self._max_in_memory:
            before = self._history.last + 1 if request.before is None else request.before
            kept = self._history.before(before, self._max_in_memory)
        if not self._searcher.ask(request, lambda found: self._submit(answer, found), kept):
            return [Outcome(writer, [_BUSY])]
        self._searching.add(writer)
        return []

    def _as_sent(self, found: Found, person: bytes) -> Found | Error:
        history = self._history
        try:  # messages may have been changed since the searcher read them
            return Found(as_sent(history, history.as_now(found.messages), person), found.more)
        except Unavailable:
            return _FAILED
