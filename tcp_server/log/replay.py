"""Pages of the log that clients are sent when they join or ask for history."""

from chat_protocol.messages import HistoryPage, Position
from tcp_server.log.history import MAX_PAGE_BYTES, History, Unavailable, size_of


class Replay:
    """Reads pages from a log. Not thread-safe: the caller holds the sequencer's room lock."""

    def __init__(self, history: History, max_messages: int) -> None:
        """`max_messages` is the maximum number in a page."""
        self._history = history
        self._max_messages = max_messages

    def page(self, before: int, limit: int) -> HistoryPage:
        """Return the newest messages with ids below `before`, as many as fit into one page."""
        end = min(before, self._history.last + 1)
        limit = min(limit, self._max_messages)
        try:
            found = self._history.before(end, limit + 1)  # the oldest one says up to where there are none
        except Unavailable:  # people can join even if the disk cannot be read
            return HistoryPage([], end > self._history.first, first=end)
        start, size = len(found), 0
        while start and len(found) - start < limit:
            size += size_of(found[start - 1])
            if size > MAX_PAGE_BYTES and start < len(found):
                break
            start -= 1
        return HistoryPage(found[start:], start > 0, first=found[start - 1].id + 1 if start else 1)

    def unseen(self, since: Position | None, wanted: int) -> tuple[HistoryPage, int]:
        """Return the messages after `since`, and how many of the oldest of them do not fit.

        Without `since`, or if it is from another log, returns the newest `wanted` messages.
        """
        last = self._history.last
        if since is None or since.epoch != self._history.epoch or since.id > last:
            return self.page(last + 1, wanted), 0
        try:
            unseen = self._history.count_after(since.id)
        except Unavailable:
            unseen = last - since.id
        page = self.page(last + 1, unseen)
        return page, unseen - len(page.messages)
