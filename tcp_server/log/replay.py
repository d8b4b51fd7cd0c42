"""What is shown of the log to those who were not there, in answers of bounded size."""

from chat_protocol.messages import HistoryPage, Mark
from tcp_server.log.history import History, Unavailable

_BYTES = 256 * 1024
"""Most that one answer carries, in UTF-8 bytes of text, roughly."""


class Replay:
    """Pages of a log. Owned by whoever holds the sequencer."""

    def __init__(self, history: History, most: int) -> None:
        """`most` is how many messages one answer has at most."""
        self._history = history
        self._most = most

    def page(self, before: int, limit: int) -> HistoryPage:
        """Return the newest messages with ids below `before`, as many as fit one answer."""
        try:
            messages = self._history.before(before, min(limit, self._most))
        except Unavailable:  # a disk that cannot be read keeps nobody out
            messages = []
        size = 0
        for count, message in enumerate(reversed(messages)):
            size += 2 * len(message.text) + 100
            if size > _BYTES and count:
                messages = messages[len(messages) - count :]
                break
        oldest = messages[0].id if messages else min(before, self._history.last + 1)
        return HistoryPage(messages, oldest > self._history.first)

    def unseen(self, since: Mark | None, wanted: int) -> tuple[HistoryPage, int]:
        """Return what came behind a mark, and how many more are left out before that.

        A mark of another log is none; without one it is the newest `wanted`.
        """
        if since is None or since.epoch != self._history.epoch or since.id > self._history.last:
            return self.page(self._history.last + 1, wanted), 0
        unseen = self._history.last - since.id
        page = self.page(self._history.last + 1, unseen)
        return page, unseen - len(page.messages)
