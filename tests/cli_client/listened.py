"""A conversation whose news a test takes one by one."""

import queue
from typing import TypeVar

from chat_protocol.address import Address
from chat_protocol.tls import Tls
from cli_client.chat import Chat
from cli_client.news import Changed, News
from tests.cli_client.fake_room import PATIENCE

Kind = TypeVar("Kind")


class Listened(Chat):
    """Tells the test instead of a person."""

    def __init__(self, address: Address, *, password: str = "", tls: Tls | None = None) -> None:
        self.heard: queue.SimpleQueue[News] = queue.SimpleQueue()
        super().__init__(address, self.heard.put, password=password, tls=tls)

    def next(self, kind: type[Kind]) -> Kind:
        """Return the next piece of news that adds to the transcript; it must be of this kind."""
        while True:
            news = self.heard.get(timeout=PATIENCE)
            if isinstance(news, kind):
                return news
            assert isinstance(news, Changed), news
