"""What a person has asked the room for, and what its answers mean."""

import itertools
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chat_client.events import MessageChanged, OlderMessages, Request
from chat_client.transcript import Transcript
from chat_protocol import messages as m
from chat_protocol.command_arguments import Show

CONTEXT: Final = 3
"""Messages shown before and after a message that was requested by number."""

_AHEAD: Final = 20
"""Numbers above it that are requested as well, since not each is a message's."""


class Refresh(Struct, frozen=True):
    """One message as it is now, for the transcript."""

    id: int


def next_part(body: m.Body) -> m.BodyRequest:
    """Return the request for the final lines behind these."""
    return m.BodyRequest(id=body.id, start=body.start + len(body.text.encode()))


class Requests:
    """The requests on the present connection. Not thread-safe: the owner's lock guards it.

    `send` sends a command, and returns False if we are not online.
    """

    def __init__(self, send: Callable[[m.Command], bool]) -> None:
        self.max_page = 0
        """Most messages that the room gives at once."""
        self._send = send
        self._refs = map(str, itertools.count(1))
        self._pending: dict[str, Request | Refresh] = {}  # by ref, oldest first
        self._outdated: set[int] = set()  # messages whose `Refresh` has not been answered

    def next_ref(self) -> str:
        """Return a new `ref` for a command."""
        return next(self._refs)

    def send(self, command: m.Command, request: Request | Refresh | None = None) -> bool:
        """Send a command with a `ref`; return False if not online.

        `request` is what the person has asked for, if that is not the command itself.
        """
        ref = self.next_ref()
        if not self._send(replace(command, ref=ref)):
            return False
        awaited = request or command
        if isinstance(awaited, Request | Refresh):
            self._pending[ref] = awaited
        return True

    def answered(self, ref: str | None, *kinds: type) -> Request | Refresh | None:
        """Remove and return the request that has been answered.

        Older servers send no `ref` back. They answer requests of these kinds in order, so it is
        the oldest of them.
        """
        if ref is None:
            ref = next((ref for ref, request in self._pending.items() if isinstance(request, kinds)), "")
        return self._pending.pop(ref, None)

    def clear(self) -> None:
        """Forget all of them: none is answered any more."""
        self._pending.clear()

    # --- older messages ----------------------------------------------------------------

    def load_older(self, transcript: Transcript, limit: int) -> None:
        """Request older messages."""
        # One page at a time, or the same one would come twice.
        if not any(isinstance(request, m.HistoryRequest) for request in self._pending.values()):
            self.send(transcript.next_page(min(limit, self.max_page)))

    def load_around(self, number: int) -> None:
        """Request message `number` and its neighbours."""
        self._request_around(number, _AHEAD)

    def _request_around(self, number: int, ahead: int) -> None:
        limit = min(ahead + 1 + CONTEXT, self.max_page)
        self.send(m.HistoryRequest(before=number + 1 + ahead, limit=limit), Show(number))

    def refresh(self, number: int) -> None:
        """Request a message that we have, but perhaps not as it is now."""
        self._outdated.add(number)
        self._send_refresh(number)

    def refresh_again(self, *, has: Callable[[int], bool]) -> None:
        """Request over a new connection those that were not answered, if the transcript still `has` them."""
        self._outdated = set(filter(has, self._outdated))
        for number in self._outdated:
            self._send_refresh(number)

    def _send_refresh(self, number: int) -> None:
        self.send(m.HistoryRequest(before=number + 1, limit=1), Refresh(number))

    def on_page(
        self, page: m.HistoryPage, transcript: Transcript
    ) -> Sequence[OlderMessages | MessageChanged]:
        """Handle a page of older messages; return what to report."""
        match self.answered(page.ref, m.HistoryRequest, Show):
            case Refresh(number):
                self._outdated.discard(number)
                changes = [
                    transcript.change(message, is_marked=True)
                    for message in page.messages
                    if message.id == number
                ]
                return [MessageChanged(now, before) for now, before in changes if now != before]
            case Show(number):
                return self._on_shown(number, page)
            case m.HistoryRequest():
                new = transcript.add_page(page)
                if new or not page.messages:
                    return [OlderMessages(new)]
                self.send(transcript.next_page(len(page.messages)))
        return []

    def _on_shown(self, number: int, page: m.HistoryPage) -> Sequence[OlderMessages]:
        ids = [message.id for message in page.messages]
        if number in ids:
            index = ids.index(number)
            return [OlderMessages(page.messages[max(0, index - CONTEXT) : index + CONTEXT + 1], number)]
        if ids and number < (ids[0] if page.first is None else page.first):  # it does not go back so far
            self._request_around(number, 0)
            return []
        return [OlderMessages((), number)]
