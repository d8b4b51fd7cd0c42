"""A running server and a gateway to it, as the tests of the page need them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from chat_protocol.address import Address
from tests.support.processes import Program, running
from tests.support.raw import JsonClient


class Services(NamedTuple):
    """A running server, and the address of the page that a gateway to it serves."""

    server: Program
    url: str

    @property
    def room(self) -> Address:
        """Where the server listens."""
        return self.server.address


@contextmanager
def serve(*flags: str, env: Mapping[str, str] | None = None) -> Iterator[Services]:
    """Run both until the block ends; `flags` and `env` are the server's."""
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0", *flags, env=env) as server,
        running("web_gateway", "--port", "0", "--server", str(server.address)) as gateway,
    ):
        yield Services(server, f"http://{gateway.address}/")


@contextmanager
def guarded(*flags: str, password: str = "") -> Iterator[Services]:
    """Run both; the room has moderators, and a password if it is given."""
    env = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "ключ", "ONEROOM_SERVER_PASSWORD": password}
    with serve(*flags, env=env) as services:
        yield services


def say(client: JsonClient, *texts: str) -> None:
    """Say these texts, and return when the room has all of them."""
    for text in texts:
        client.say_json(type="say", ref=f"{id(client)}-{hash(text)}", text=text)
    client.fence()


def say_long_ago(services: Services) -> None:
    """Fill the room with 60 messages of somebody who leaves."""
    with JsonClient(services.room) as client:
        client.join("Летописец")
        say(client, *(f"давно {number}" for number in range(1, 61)))
