"""Pages of the log that clients are sent when they join or ask for history."""

from collections.abc import Sequence
from typing import NamedTuple

from chat_protocol.messages import HistoryPage, Message, Position
from tcp_server.log.as_sent import as_sent
from tcp_server.log.history import MAX_PAGE_BYTES, History, NotFetched, Unavailable, size_of

_MAX_CHANGED = 200
_MAX_CHANGED_BYTES = 64 * 1024
"""Most older messages that have changed in a welcome, and about how many bytes they have together."""


class Unseen(NamedTuple):
    """What a client has not seen: messages, how many older ones do not fit, and older ones that have changed.

    `is_stale`: too many have changed. Then the page is as for a new client.
    """

    page: HistoryPage
    missed: int = 0
    changed: Sequence[Message] = ()
    is_stale: bool = False


class Replay:
    """Reads pages from a log. Not thread-safe: the caller holds the sequencer's room lock."""

    def __init__(self, history: History, max_messages: int) -> None:
        """`max_messages` is the maximum number in a page."""
        self._history = history
        self._max_messages = max_messages

    def page(self, before: int, limit: int, person: bytes) -> HistoryPage:
        """Return, for one person, the newest messages below id `before`, as many as fit into one page.

        Raises `NotFetched`.
        """
        end = min(before, self._history.last + 1)
        limit = min(limit, self._max_messages)
        try:
            found = self._history.before(end, limit + 1)  # the oldest one says up to where there are none
            start, size = len(found), 0
            while start and len(found) - start < limit:
                size += size_of(found[start - 1])
                if size > MAX_PAGE_BYTES and start < len(found):
                    break
                start -= 1
            messages = as_sent(self._history, found[start:], person)
        except NotFetched:
            raise
        except Unavailable:  # people can join even if the disk cannot be read
            return HistoryPage([], end > self._history.first, first=end)
        if start:
            return HistoryPage(messages, True, first=found[start - 1].id + 1)
        missing = self._history.missing
        return HistoryPage(messages, bool(missing), first=missing.stop if missing else 1)

    def _newest(self, wanted: int, person: bytes) -> HistoryPage:
        """Return a page of the newest messages that are here."""
        after = self._history.last + 1
        try:
            return self.page(after, wanted, person)
        except NotFetched:
            return HistoryPage([], True, first=after)

    def unseen(self, since: Position | None, wanted: int, person: bytes) -> Unseen:
        """Return what has been said and changed after `since`, for one person.

        Without `since`, or if it is from another log, returns the newest `wanted` messages.
        """
        last = self._history.last
        if since is None or since.epoch != self._history.epoch or since.id > last:
            return Unseen(self._newest(wanted, person))
        try:
            unseen = self._history.count_after(since.id)
            changed = self._history.changed_after(since.id, _MAX_CHANGED + 1)
            if len(changed) > _MAX_CHANGED or sum(map(size_of, changed)) > _MAX_CHANGED_BYTES:
                return Unseen(self._newest(wanted, person), is_stale=True)
            changed = as_sent(self._history, changed, person)
        except NotFetched:
            return Unseen(self._newest(wanted, person), is_stale=True)
        except Unavailable:
            unseen, changed = last - since.id, []
        page = self._newest(unseen, person)
        return Unseen(page, unseen - len(page.messages), changed)
