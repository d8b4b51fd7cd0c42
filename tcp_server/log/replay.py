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
        try:
            messages = self._history.before(before, min(limit, self._max_messages))
        except Unavailable:  # people can join even if the disk cannot be read
            messages = []
        size = 0
        for count, message in enumerate(reversed(messages)):
            size += size_of(message)
            if size > MAX_PAGE_BYTES and count:
                messages = messages[len(messages) - count :]
                break
        oldest = messages[0].id if messages else min(before, self._history.last + 1)
        return HistoryPage(messages, oldest > self._history.first)

    def unseen(self, since: Position | None, wanted: int) -> tuple[HistoryPage, int]:
        """Return the messages after `since`, and how many of the oldest of them do not fit.

        Without `since`, or if it is from another log, returns the newest `wanted` messages.
        """
        if since is None or since.epoch != self._history.epoch or since.id > self._history.last:
            return self.page(self._history.last + 1, wanted), 0
        unseen = self._history.last - since.id
        page = self.page(self._history.last + 1, unseen)
        return page, unseen - len(page.messages)
