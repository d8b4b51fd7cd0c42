"""`oneroom get`: writes the output in a live message to stdout."""

from collections.abc import Callable, Generator, Iterator
from typing import Final

from chat_client.client import Client
from chat_client.events import Entered, MessageChanged
from chat_protocol.messages import Body, FollowedOutput, Message

_LEFT_OUT: Final = "[… {:,} bytes …]\n"


class BodyReader:
    """Reads the body of one live message, in order and nothing twice. `timeout` returns seconds."""

    def __init__(self, client: Client, number: int, timeout: Callable[[], float]) -> None:
        self._client = client
        self._number = number
        self._timeout = timeout
        self._position = 0  # bytes of final lines that were read or left out

    def find(self) -> Message | None:
        """Return the message as it is now, None if it is no live message."""
        page = self._client.history(1, self._number + 1, self._timeout())
        found = next((message for message in page if message.id == self._number), None)
        return found if found and found.live and not found.deleted else None

    def read(self) -> Iterator[str]:
        """Yield all that there is, the tail last."""
        body = yield from self._read()
        if body.tail:
            yield f"{body.tail}\n"

    def follow(self) -> Iterator[str]:
        """Yield what is written until the message has ended."""
        yield from self._read(follow=True)
        for event in self._client.events():
            match event:
                case FollowedOutput(number, offset, text) if number == self._number:
                    yield from self._behind(offset, text)
                case Entered(rejoined=True):
                    message = self.find()
                    yield from self._read(follow=True)
                    if message is None or message.live is None or message.live.state != "open":
                        return
                case MessageChanged(message, _, act) if message.id == self._number:
                    if message.deleted:
                        return
                    if act == "end":
                        yield from self._read()
                        return

    def _read(self, *, follow: bool | None = None) -> Generator[str, None, Body]:
        """Yield the final lines that were not read yet; return the last answer."""
        while True:
            body = self._client.body(self._number, self._position, self._timeout(), follow=follow)
            yield from self._behind(body.start, body.text)
            if not body.more:
                return body

    def _behind(self, offset: int, text: str) -> Iterator[str]:
        """Yield of final lines what was not read yet, and how much is left out before it."""
        data = text.encode()
        if offset > self._position:
            yield _LEFT_OUT.format(offset - self._position)
        else:
            data = data[self._position - offset :]
        if data:
            self._position = max(offset, self._position) + len(data)
            yield data.decode("utf-8", "replace")
